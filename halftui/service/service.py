"""The handle that every front door holds: write, read, watch, lines, review, as one actor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import Actor
from halftui.store.store import Rows, Store

if TYPE_CHECKING:
    from halftui.service.lines import Lines
    from halftui.service.presence import Presence
    from halftui.service.review import Review
    from halftui.service.watch import Watch
    from halftui.store.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")


class Service:
    """What an actor may do on one database. `write`, `read` and `review` block: use a thread in a loop."""

    def __init__(self, store: Store, actor: Actor, review_of: Callable[[str], Review]) -> None:
        self._store = store
        self.actor = actor
        self._review_of = review_of
        self._watches: dict[str, Watch] = {}
        self._lines: Lines | None = None
        self._presence: Presence | None = None

    def write(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an op in one transaction and return its result. Raises HalfTUI's errors."""
        return self._store.write(self.actor, op, *args, **kwargs)

    def read(self, query: Callable[Concatenate[Rows, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a query of `ops.views` returns."""
        return self._store.read(query, *args, **kwargs)

    def stamp(self) -> int:
        """Return a number that is another one after any process wrote to the database."""
        return self._store.stamp()

    def acting_as(self, actor: Actor, review_of: Callable[[str], Review]) -> Service:
        """Return the same handle for another actor; watches, lines and presence are shared."""
        other = Service(self._store, actor, review_of)
        other._watches, other._lines, other._presence = self._watches, self.lines, self.presence
        return other

    def review(self, board: str) -> Review:
        """Return the review desk of a board: diffs, accept."""
        return self._review_of(board)

    async def in_git(self, call: Callable[[], R]) -> R:
        """Return what a blocking call of a review desk returns; no read or write waits for its thread."""
        from halftui.workspace.threads import in_git

        return await in_git(call)

    def watch(self, board: str) -> Watch:
        """Return the one watch of a board in this process; somebody has to run it."""
        from halftui.service.watch import Watch

        if board not in self._watches:
            self._watches[board] = Watch(self._store, board)
        return self._watches[board]

    @property
    def lines(self) -> Lines:
        """The live lines of this process."""
        from halftui.service.lines import Lines

        if self._lines is None:
            self._lines = Lines(self._store)
        return self._lines

    @property
    def presence(self) -> Presence:
        """Who looks at the boards in this process."""
        from halftui.service.presence import Presence

        if self._presence is None:
            self._presence = Presence()
        return self._presence
