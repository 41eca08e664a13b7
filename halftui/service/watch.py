"""One shared snapshot a process and board: read once when something changed, handed to everybody."""

import asyncio
import time
from collections.abc import Callable

from halftui.domain.shown import Snapshot
from halftui.ops import views
from halftui.store.feed import Feed
from halftui.store.store import Store

COALESCE_SECONDS = 0.04
CLOCK_SECONDS = 1.0  # while agents work, what they do now is read this often
IDLE_SECONDS = 20.0  # times pass even when nothing else happens
WHOLE_SECONDS = 5.0  # time alone moves beads, too

Listener = Callable[[Snapshot], None]


class Watch:
    """The newest snapshot of a board, and those who want the next."""

    def __init__(self, store: Store, board: str) -> None:
        self._store = store
        self._board = board
        self._listeners: list[Listener] = []
        self.snapshot: Snapshot | None = None
        self._whole_at = 0.0  # when all of it was read

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the event loop with each new snapshot; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def refresh(self) -> Snapshot:
        """Read the board now and tell the listeners if it is another one."""
        now = time.monotonic()
        before = self.snapshot if now - self._whole_at < WHOLE_SECONDS else None
        if before is None:
            self._whole_at = now
        fresh = await asyncio.to_thread(self._store.read, views.snapshot, self._board, before=before)
        if self.snapshot is None or _differs(fresh, self.snapshot):
            self.snapshot = fresh
            for listener in tuple(self._listeners):
                listener(fresh)
        return self.snapshot

    async def run(self) -> None:
        """Follow the database until cancelled."""
        async with Feed(self._store) as feed:
            while True:
                shown = await self.refresh()
                is_busy = any(a.status != "idle" for a in shown.agents)
                if await feed.wait(CLOCK_SECONDS if is_busy else IDLE_SECONDS):
                    await asyncio.sleep(COALESCE_SECONDS)


def _differs(fresh: Snapshot, old: Snapshot) -> bool:
    # The time passes anyway, and what moves a convoy is an event.
    return fresh._replace(at=0.0, convoys=()) != old._replace(at=0.0, convoys=())
