"""The order of a board's beads, which is the order of their dispatch."""

from collections.abc import Sequence

from halftui.domain import rank
from halftui.ops.access import verb
from halftui.ops.fields import apply
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx


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
        _spread(tx, row.board_id)
        low, high = tx.get(Bead, str(before)).rank, tx.get(Bead, str(behind)).rank
        high = high if low < high else None
    row.rank = rank.between(low, high)
    if priority is not None:
        apply(row, {"priority": priority})
    tx.touch(row, version)
    step = {"beside": beside} if beside else {}
    tx.record("bead.rank", bead, row.board_id, old, rank=row.rank, priority=row.priority, **step)
    if len(row.rank) > rank.LONGEST:
        _spread(tx, row.board_id)


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


def _spread(tx: Tx, board_id: str) -> None:
    ids = [r[0] for r in tx.rows("SELECT id FROM bead WHERE board_id = :b ORDER BY rank, id", b=board_id)]
    for bead, key in zip(ids, rank.spread(len(ids)), strict=True):
        tx.change("UPDATE bead SET rank = :r WHERE id = :i", r=key, i=bead)
    tx.record("bead.rank", board_id, board_id, reason="keys had grown long")
