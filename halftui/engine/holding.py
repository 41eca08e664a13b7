"""Lets one engine alone do what two over the same database would do twice."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from halftui.domain.actor import ENGINE
from halftui.errors import Unavailable
from halftui.ops import holding
from halftui.settle import settle
from halftui.store.store import Store

log = logging.getLogger(__name__)

SECONDS = 30.0  # until another engine may do it, if this one is gone without a word
PAUSE = 1.0  # seconds between two looks whether the other one is done


def elapsed() -> float:
    """Return seconds that nobody sets, and that go by while this machine sleeps: others count them, too."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@asynccontextmanager
async def held(store: Store, name: str, holder: str) -> AsyncIterator[None]:
    """Wait until nobody else does what has this name, and keep it so.

    Who can't keep it (the database is away, or this process stood still for long) is cancelled.
    """
    try:
        while not await _take(store, name, holder):  # noqa: ASYNC110 - another process tells no event
            await asyncio.sleep(PAUSE)
    except asyncio.CancelledError:  # maybe just as it was taken
        await settle(_give(store, name, holder))
        raise
    # A task of its own and no group: it ends with the block, and cancels nothing but its owner.
    keeper = asyncio.create_task(_keep(store, name, holder, asyncio.current_task()))
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.wait((keeper,))
        await settle(_give(store, name, holder))


async def _take(store: Store, name: str, holder: str) -> bool:
    # Its thread goes on when it is cancelled, and must not take what was given back meanwhile.
    return await settle(asyncio.to_thread(store.write, ENGINE, holding.take, name, holder, SECONDS))


async def _keep(store: Store, name: str, holder: str, owner: "asyncio.Task[object] | None") -> None:
    since = elapsed()
    while True:
        await asyncio.sleep(SECONDS / 3)
        now = elapsed()
        try:
            is_ours = await _take(store, name, holder)
        except Unavailable as error:
            log.warning("a turn was not extended", extra={"turn": name, "why": str(error)})
            is_ours = now < since + SECONDS / 2
        else:
            since = now
        if not is_ours:
            log.warning("another engine has the turn", extra={"turn": name})
            if owner is not None:
                owner.cancel()
            return


async def _give(store: Store, name: str, holder: str) -> None:
    try:
        await asyncio.to_thread(store.write, ENGINE, holding.give, name, holder)
    except Unavailable as error:  # it runs out by itself
        log.warning("a turn was not given back", extra={"turn": name, "why": str(error)})
