"""Keys typed ahead: they wait until what the keys before them opened can take them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from textual import events
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.worker import Worker

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp

AGAIN_SECONDS = 0.003  # until the next look whether a key can go on
MOST_LOOKS = 1_000  # 3 s; then it goes where the focus is. Looks: a machine that stood still is not late
# Workers that a key starts to open something or to do something. Those that only read hold nobody up.
DOING = {"verbs", "menu", "verdict", "editing", "answer", "run"}

Typed = events.Key | events.Paste


class Ahead:
    """Holds keys and pasted text back, in their order, while an earlier key is still at work.

    A key is at work while it or what it caused is in the queues between the focus and the app, while the
    screen on top is not mounted, and while a worker of DOING runs that has opened nothing above the screen
    it was started on. `take` hands a key to the app's own code.
    """

    def __init__(self, app: HalfApp, take: Callable[[Typed], Awaitable[None]]) -> None:
        self._app, self._take = app, take
        self._held: deque[Typed] = deque()
        self._looks = 0  # for the first one that waits
        self._slow: WeakSet[Worker[Any]] = WeakSet()  # waited for long enough
        self._acts = False  # an action runs in the app's own turn

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._held)

    def holds(self, event: Typed) -> bool:
        """Keep a key for later, and return True, if it can't be taken now."""
        if event.is_forwarded or (not self._held and self._is_quiet()):
            return False
        self._held.append(event)
        if len(self._held) == 1:
            self._wait()
        return True

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Know that an action runs, so that what it refuses is the last key's doing."""
        self._acts = True
        try:
            yield
        finally:
            self._acts = False

    def forget(self) -> None:
        """Drop what was typed after a key that came to nothing: it was meant for what it did not open."""
        if self._acts or self._at_work():
            self._held.clear()

    def give_up(self) -> None:
        """Drop all that waits: it was typed for another program that takes the terminal now."""
        self._held.clear()

    def _wait(self) -> None:
        self._looks = 0
        self._look_later()

    def _look_later(self) -> None:
        # In the app's own turn no key is on its way through it.
        asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._app.call_later, self._look)

    async def _look(self) -> None:
        if not self._held:
            return
        self._looks += 1
        is_late = self._looks > MOST_LOOKS
        if not is_late and not self._is_quiet():
            self._look_later()
            return
        if is_late:
            self._slow.update(self._at_work())
        await self._take(self._held.popleft())
        if self._held:
            self._wait()

    def _is_quiet(self) -> bool:
        app = self._app
        if _is_busy(app) or not app.screen_stack or not app.screen.is_mounted:
            return False
        chain = (app.focused or app.screen).ancestors_with_self
        return not any(_is_busy(node) for node in chain) and not self._at_work()

    def _at_work(self) -> list[Worker[Any]]:
        """Return the workers that a key started and that have opened nothing yet."""
        top = self._app.screen
        return [
            worker
            for worker in self._app.workers
            if worker.group in DOING
            and not worker.is_finished
            and worker not in self._slow
            and (not isinstance(top, ModalScreen) if worker.node is self._app else _is_of(worker, top))
        ]


def _is_busy(node: DOMNode) -> bool:
    # The message that a node has looked at already, to see whether it replaces another, is in no queue.
    return bool(node.message_queue_size) or node._pending_message is not None


def _is_of(worker: Worker[Any], screen: Screen[Any]) -> bool:
    return screen in worker.node.ancestors_with_self
