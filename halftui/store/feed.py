"""Tells when the database changed: at once for this process, by a poll for others."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from halftui.errors import Unavailable
from halftui.store.store import Store

POLL_SECONDS = 0.5  # how late a change of another process may be seen, at the worst
GLANCE_SECONDS = 0.05  # between looks at the log file of SQLite, which cost next to nothing

_pulses: dict[tuple[asyncio.AbstractEventLoop, Store], Pulse] = {}


class Pulse:
    """Looks whether other processes wrote, for all feeds of a store on one loop: none polls by itself."""

    def __init__(self, store: Store) -> None:
        self.feeds: set[Feed] = set()
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._glance = store.glance()
        self._looked = self._loop.time()
        self._looking: asyncio.Future[int] | None = None
        self._next = self._loop.call_later(self._pause, self._beat)

    def stop(self) -> None:
        """Look no more."""
        self._next.cancel()

    async def look(self) -> int:
        """Return the store's stamp; whoever asks while somebody looks waits for the same answer.

        All feeds wake from one change, so one look is enough, and the next beat need not make another.
        """
        self._glance = self._store.glance()
        return await asyncio.shield(self._look())  # one who gives up takes it from nobody

    def _look(self) -> asyncio.Future[int]:
        if self._looking is None:
            self._looking = self._loop.run_in_executor(None, self._store.stamp)
            self._looking.add_done_callback(self._seen)
        return self._looking

    def _seen(self, looked: asyncio.Future[int]) -> None:
        self._looking = None
        if not looked.cancelled():
            looked.exception()  # told to those who wait, if there still are any

    @property
    def _pause(self) -> float:
        return GLANCE_SECONDS if self._store.path else POLL_SECONDS

    def _beat(self) -> None:
        """Look whole if the log file grew, or if the last time is long enough ago; without one, always."""
        self._next = self._loop.call_later(self._pause, self._beat)
        before, self._glance = self._glance, self._store.glance()
        now = self._loop.time()
        if not self._store.path or before != self._glance or now - self._looked >= POLL_SECONDS:
            self._looked = now
            self._look().add_done_callback(self._tell)

    def _tell(self, looked: asyncio.Future[int]) -> None:
        if looked.cancelled():
            return
        failed = looked.exception() is not None  # each feed looks itself, and tells its waiter why
        for feed in self.feeds:
            if failed or (not feed.is_looking and feed.stamp != looked.result()):
                feed.wake()


class Feed:
    """A waiting place for changes; used as an async context, by one waiter."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = asyncio.Event()
        self.stamp = -1  # of what was told last
        self.is_looking = False  # what it is told now it may see by itself; the next look tells it else

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.wake)

        self.stamp = await asyncio.to_thread(self._store.stamp)
        self._unregister = self._store.on_wake(wake)
        self._place = (loop, self._store)
        if self._place not in _pulses:
            _pulses[self._place] = Pulse(self._store)
        _pulses[self._place].feeds.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unregister()
        pulse = _pulses[self._place]
        pulse.feeds.discard(self)
        if not pulse.feeds:
            _pulses.pop(self._place).stop()

    def wake(self) -> None:
        """Let the waiter know that something changed."""
        self._changed.set()

    async def wait(self, longest: float) -> bool:
        """Return True when something changed, False after `longest` seconds without a change.

        True as well while the database does not answer: who then reads it is told so, and asks again.
        """
        try:
            async with asyncio.timeout(longest):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        self.is_looking = True
        try:
            self.stamp = await _pulses[self._place].look()  # what is told is not told again
        except Unavailable:
            self.stamp = -1
        finally:
            self.is_looking = False
        return True
