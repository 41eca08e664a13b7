"""A board in use: short words for what happens on it, each through the real ops."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import ENGINE, Actor, Role
from halftui.domain.happenings import Outcome, Question
from halftui.domain.names import POOL
from halftui.domain.shown import Detail, Happened
from halftui.ops import attempts, beads, questions, views
from halftui.ops.attempts import Claim
from halftui.store.store import Rows, Store
from halftui.store.tx import Tx
from tests.helpers.stores import ANN, BO

P = ParamSpec("P")
R = TypeVar("R")
LEASE = 30.0


@dataclass
class World:
    """One board of one database."""

    store: Store
    board: str
    boss: Actor = field(default_factory=lambda: ANN)

    def do(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an op as the boss."""
        return self.store.write(self.boss, op, *args, **kwargs)

    def engine(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an op as the engine."""
        return self.store.write(ENGINE, op, *args, **kwargs)

    def ask(self, query: Callable[Concatenate[Rows, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a query returns."""
        return self.store.read(query, *args, **kwargs)

    def bead(self, title: str = "work", **fields: Any) -> str:
        """Make a bead."""
        return self.do(beads.create, self.board, title, **fields)

    def give(self, to: Actor) -> None:
        """Let all convoys and beads be of somebody's making."""

        def write(tx: Tx) -> None:
            for table in ("convoy", "bead"):
                tx.change(f"UPDATE {table} SET created_by = :w", w=str(to))

        self.store.write(BO, write)

    def shown(self, bead: str) -> Detail:
        """Return all about a bead."""
        return self.ask(views.bead, bead)

    def state(self, bead: str) -> str:
        """Return a bead's state."""
        return self.shown(bead).card.state

    def lane(self, bead: str) -> str:
        """Return a bead's lane."""
        return self.shown(bead).card.lane

    def claim(self, cap: int = 100) -> Claim | None:
        """Let the scheduler take the next bead."""
        return self.engine(attempts.claim, self.board, LEASE, cap, POOL)

    def taken(self, bead: str) -> Claim:
        """Let the scheduler take this bead, which has to be the next one."""
        claim = self.claim()
        assert claim is not None
        assert claim.bead == bead
        return claim

    def end(self, claim: Claim, outcome: Outcome = Outcome.PASSED, reason: str = "", **more: Any) -> None:
        """End an attempt."""
        self.engine(attempts.end, claim.attempt, claim.epoch, outcome, reason, "what was done", **more)

    def put(self, bead: str, state: str) -> str:
        """Bring an open bead to a state by hand, and return its id."""
        if state in ("active", "review", "done", "failed"):
            self.do(beads.claim, bead)
        if state in ("review", "done"):
            self.do(beads.submit, bead, "made")
        if state == "done":
            self.store.write(BO, beads.approve, bead)
        if state == "failed":
            self.do(beads.fail, bead, "no way")
        if state == "cancelled":
            self.do(beads.cancel, bead)
        return bead

    def asked(self, claim: Claim, kind: str = "question", request: str = "") -> str:
        """Let a running attempt ask something, and return the question's id."""
        return self.engine(questions.ask, claim.attempt, Question(kind, "which one?", request=request))

    def started(self, claim: Claim) -> Claim:
        """Let an attempt's program run."""
        self.engine(attempts.start, claim.attempt, claim.epoch, "local", "x")
        return claim

    def events(self, after: int = 0) -> list[Happened]:
        """Return the events with a number above `after`."""
        return list(self.ask(views.events, after, most=100_000))

    def verbs(self, after: int = 0) -> list[str]:
        """Return the verbs of the events with a number above `after`."""
        return [e.verb for e in self.events(after)]

    def seq(self) -> int:
        """Return the newest event's number."""
        return self.ask(views.last_seq)

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        from sqlmodel import SQLModel

        import halftui.store.indexes  # noqa: F401 - it fills the metadata

        def rows(reader: Rows, table: str) -> list[tuple[Any, ...]]:
            return sorted(map(tuple, reader.rows(f'SELECT * FROM "{table}"')), key=repr)

        return {name: self.ask(rows, name) for name in SQLModel.metadata.tables}


def actor(role: Role) -> Actor:
    """Return somebody in a role."""
    return Actor("person", role.value, role)
