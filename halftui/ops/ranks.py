"""The order of a board's beads, which is the order of their dispatch."""

from collections.abc import Sequence
from typing import NamedTuple

from halftui.domain import rank
from halftui.errors import Conflict
from halftui.ops.access import verb
from halftui.ops.fields import cleaned
from halftui.store.tables import Bead
from halftui.store.tx import Tx

# Plain SQL: a bead of the ORM's, loaded and written, would be most of what a move costs.
_PUT = (
    "UPDATE bead SET rank = :rank, priority = :priority, version = version + 1, updated_at = :now"
    " WHERE id = :bead"
)


class _Standing(NamedTuple):
    board: str
    rank: str
    priority: int
    version: int


@verb("bead.rank")
def between(
    tx: Tx,
    bead: str,
    before: str | None,
    behind: str | None,
    priority: int | None = None,
    version: int | None = None,
    beside: str = "",
) -> None:
    """Place a bead after the bead `before` and ahead of `behind` (None is an end of the lane).

    `beside` names a bead that was placed in the same step.
    """
    here, low, high = _stands(tx, bead), _key(tx, before), _key(tx, behind)
    if version not in (None, here.version):
        raise Conflict(f"{bead} was changed meanwhile", "look at it again")
    if low is not None and high is not None and low >= high:
        _spread(tx, here.board)
        low, high = _key(tx, before), _key(tx, behind)
        high = high if low and high and low < high else None
    key = rank.between(low, high)
    weight = here.priority if priority is None else cleaned({"priority": priority})["priority"]
    tx.change(_PUT, rank=key, priority=weight, now=tx.now, bead=bead)
    step = {"beside": beside} if beside else {}
    old = {"rank": here.rank, "priority": here.priority}
    tx.record("bead.rank", bead, here.board, old, rank=key, priority=weight, **step)
    if len(key) > rank.LONGEST:
        _spread(tx, here.board)


@verb("bead.rank")
def together(
    tx: Tx, beads: Sequence[str], before: str | None, behind: str | None, priority: int | None = None
) -> None:
    """Place beads one after the other, as `between` places one."""
    for number, bead in enumerate(beads):
        between(tx, bead, before, behind, priority, beside=beads[0] if number else "")
        before = bead


def last(tx: Tx, board_id: str) -> str | None:
    """Return the key of the last bead in a board's order."""
    rows = tx.rows("SELECT max(rank) FROM bead WHERE board_id = :b", b=board_id)
    return str(rows[0][0]) if rows and rows[0][0] is not None else None


def _stands(tx: Tx, bead: str) -> _Standing:
    """Return where a bead stands. Raises NotFound."""
    found = tx.rows("SELECT board_id, rank, priority, version FROM bead WHERE id = :i", i=bead)
    if not found:
        tx.get(Bead, bead)
    return _Standing(*found[0])


def _key(tx: Tx, bead: str | None) -> str | None:
    return _stands(tx, bead).rank if bead else None


def _spread(tx: Tx, board_id: str) -> None:
    ids = [r[0] for r in tx.rows("SELECT id FROM bead WHERE board_id = :b ORDER BY rank, id", b=board_id)]
    for bead, key in zip(ids, rank.spread(len(ids)), strict=True):
        tx.change("UPDATE bead SET rank = :r WHERE id = :i", r=key, i=bead)
    tx.record("bead.rank", board_id, board_id, reason="keys had grown long")
