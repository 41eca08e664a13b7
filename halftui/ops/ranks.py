"""The order of a board's beads, which is the order of their dispatch."""

from collections.abc import Sequence

from halftui.domain import rank
from halftui.ops.access import verb
from halftui.ops.fields import apply
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx

NEAR = 1_000  # beads on each side of a place, whose keys are made anew at once: more than make one long
_AT = "SELECT id, rank FROM bead WHERE board_id = :b"


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
    row = tx.get(Bead, bead)
    old = {"rank": row.rank, "priority": row.priority}
    low = tx.get(Bead, before).rank if before else None
    high = tx.get(Bead, behind).rank if behind else None
    if low is not None and high is not None and low >= high:
        _spread(tx, row.board_id, low)
        low, high = tx.get(Bead, str(before)).rank, tx.get(Bead, str(behind)).rank
        high = high if low < high else None
    row.rank = rank.between(low, high)
    if priority is not None:
        apply(row, {"priority": priority})
    tx.touch(row, version)
    step = {"beside": beside} if beside else {}
    tx.record("bead.rank", bead, row.board_id, old, rank=row.rank, priority=row.priority, **step)
    if len(row.rank) > rank.LONGEST:
        _spread(tx, row.board_id, row.rank)


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


def _spread(tx: Tx, board_id: str, place: str) -> None:
    """Give short keys to the beads around a key, or to all of the board where that makes none."""
    low = tx.rows(f"{_AT} AND rank <= :r ORDER BY rank DESC, id DESC LIMIT {NEAR}", b=board_id, r=place)[::-1]
    high = tx.rows(f"{_AT} AND rank > :r ORDER BY rank, id LIMIT {NEAR}", b=board_id, r=place)
    below, low = (low[0][1], low[1:]) if len(low) == NEAR else (None, low)
    above, high = (high[-1][1], high[:-1]) if len(high) == NEAR else (None, high)
    found = [*low, *high]
    keys = rank.among(below, above, len(found))
    if keys is None:
        found = [*tx.rows(f"{_AT} ORDER BY rank, id", b=board_id)]
        keys = rank.spread(len(found))
    placed = [{"i": row[0], "r": key} for row, key in zip(found, keys, strict=True)]
    tx.change_each("UPDATE bead SET rank = :r WHERE id = :i", placed)
    tx.record("bead.rank", board_id, board_id, reason="keys had grown long")
