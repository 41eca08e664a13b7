"""Awaits what can't be undone half-way."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def settle(work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; a cancellation takes effect only when `work` has ended.

    Whoever cancels has to wait for it, so `work` must bound its own waiting.
    """
    # A task of its own, since a TaskGroup would cancel it together with its parent.
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # the cancellation goes first; asyncio must not call this one lost
        raise
