"""Waiting for what nobody tells: until it is so, however slow the machine is."""

import asyncio
from collections.abc import Callable

PATIENCE = 60.0  # seconds
MANY_TIMERS = 1_000


async def until(true: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a function, called on this loop, returns something true."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def forget_timers() -> None:
    """Let the loop drop cancelled timers now; else it holds them, and all their context, until their time.

    It does so whenever most of its timers are cancelled ones.
    """
    loop = asyncio.get_running_loop()
    for _ in range(MANY_TIMERS):
        loop.call_later(3_600.0, _nothing).cancel()
    await asyncio.sleep(0)


def _nothing() -> None:
    pass
