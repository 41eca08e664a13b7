"""Tells when the database changed: at once for this process, by a poll for others."""

import asyncio
from types import TracebackType
from typing import Self

from halftui.store.store import Store

POLL_SECONDS = 0.5  # how late a change of another process may be seen, at the worst
GLANCE_SECONDS = 0.05  # between looks at the log file of SQLite, which cost next to nothing


class Feed:
    """A waiting place for changes; used as an async context, by one waiter."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = asyncio.Event()
        self._stamp = -1
        self._glance = 0
        self._looked = 0.0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._changed.set)

        self._stamp = await asyncio.to_thread(self._store.stamp)
        self._unregister = self._store.on_wake(wake)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unregister()

    async def wait(self, longest: float) -> bool:
        """Return True when something changed, False after `longest` seconds without a change."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + longest
        while (left := deadline - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, self._patience())):
                    await self._changed.wait()
            except TimeoutError:
                if self._is_due(loop.time()) and await self._is_stale():
                    return True
            else:
                self._changed.clear()
                await self._is_stale()  # this change is told, the next poll has not to tell it again
                return True
        return False

    def _patience(self) -> float:
        return GLANCE_SECONDS if self._store.path else POLL_SECONDS

    def _is_due(self, now: float) -> bool:
        """Return True if the log file grew, or the last whole look is long enough ago."""
        before, self._glance = self._glance, self._store.glance()
        return before != self._glance or now - self._looked >= POLL_SECONDS

    async def _is_stale(self) -> bool:
        self._looked = asyncio.get_running_loop().time()
        before, self._stamp = self._stamp, await asyncio.to_thread(self._store.stamp)
        return before != self._stamp
