"""What a board must look like, worked out from the pure rules alone."""

from dataclasses import dataclass, field

from halftui.domain.graph import BLOCKING, Edge, blockers
from halftui.domain.states import FINISHED, BeadState, ConvoyState
from halftui.ops.attempts import Claim
from halftui.store.store import Rows

OPEN = BeadState.OPEN


@dataclass
class Piece:
    """What the model knows of a bead."""

    state: BeadState = OPEN
    priority: int = 2
    hold: str = ""
    convoy: str = ""
    by_hand: bool = False
    retry_at: float = 0.0
    epoch: int = 0


@dataclass
class Held:
    """A claim in the hands of an engine, or of its ghost."""

    claim: Claim
    lease_until: float
    stop: bool = False
    is_started: bool = False


@dataclass
class Model:
    """A board in memory."""

    beads: dict[str, Piece] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    convoys: dict[str, ConvoyState] = field(default_factory=dict)
    live: dict[str, Held] = field(default_factory=dict)  # by bead
    cap: int = 3
    board_cap: int = 3
    is_paused: bool = False

    def blocked(self) -> frozenset[str]:
        return frozenset(blockers({b: p.state for b, p in self.beads.items()}, self.edges))

    def dispatchable(self, now: float) -> set[str]:
        if self.is_paused or len(self.live) >= min(self.cap, self.board_cap):
            return set()
        stuck = self.blocked()
        return {
            bead for bead, piece in self.beads.items()
            if piece.state is OPEN and bead not in stuck and bead not in self.live and not piece.hold
            and self.convoys.get(piece.convoy) is not ConvoyState.STAGED and piece.retry_at <= now
        }  # fmt: skip

    def land(self, convoy: str) -> None:
        members = [p for p in self.beads.values() if p.convoy == convoy]
        if self.convoys.get(convoy) is ConvoyState.MOVING and all(p.state in FINISHED for p in members):
            self.convoys[convoy] = ConvoyState.LANDED


def states(
    rows: Rows,
) -> tuple[dict[str, BeadState], dict[str, int], dict[str, str], list[tuple[str, str]]]:
    found = rows.rows("SELECT id, state, blockers, assignee FROM bead")
    live = rows.rows("SELECT bead_id, id FROM attempt WHERE state <> 'ended' ORDER BY 1")
    return (
        {str(r[0]): BeadState(r[1]) for r in found},
        {str(r[0]): int(r[2]) for r in found},
        {str(r[0]): str(r[3]) for r in found},
        [(str(b), str(a)) for b, a in live],
    )


def waiting(rows: Rows, bead: str) -> tuple[str, float]:
    hold, retry_at = rows.rows("SELECT hold, coalesce(retry_at, 0) FROM bead WHERE id = :i", i=bead)[0]
    return str(hold), float(retry_at)


def has_cycle(links: set[Edge]) -> bool:
    """Return True if some bead waits for itself; who waits for children waits for each of them."""
    steps = {(e.source, e.target) for e in links if e.kind in BLOCKING}
    for wait in (e for e in links if e.kind == "waits-for"):
        steps |= {
            (wait.source, c.source) for c in links if c.kind == "parent-child" and c.target == wait.target
        }
    while steps:
        waiting = {source for source, _ in steps}
        left = {(s, t) for s, t in steps if t in waiting}
        if left == steps:
            return True
        steps = left
    return False
