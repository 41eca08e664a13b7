"""The outbox: what is to be done outside stands in the database first."""

from halftui.store.rows.judged import Outbox
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx


def put(tx: Tx, bead: Bead, act: str, later: float = 0.0, tip: str = "") -> None:
    """Write down that something is to be done for a bead, `later` seconds from now; once is enough.

    `tip` is the commit that it is about, by default that of the bead's work.
    """
    tip = tip or bead.tip
    tx.flush()
    sql = "UPDATE outbox SET tip = :t, due_at = :n, tries = 0 WHERE bead_id = :i AND act = :a"
    if not tx.change(f"{sql} AND state = 'waiting'", t=tip, n=tx.now + later, i=bead.id, a=act):
        tx.add(
            Outbox(
                board_id=bead.board_id, bead_id=bead.id, act=act, tip=tip, due_at=tx.now + later,
                made_at=tx.now,
            )
        )  # fmt: skip


def leave(tx: Tx, bead: Bead, *, is_dropped: bool) -> None:
    """Do nothing more outside for a bead that leaves review; of a dropped one the pull request is closed."""
    tx.run(
        "UPDATE outbox SET state = 'dropped' WHERE bead_id = :i AND state = 'waiting'"
        " AND act NOT IN ('close', 'collab')",
        i=bead.id,
    )
    bead.pulled = ""
    if is_dropped and bead.pull_request and tx.actor.kind != "engine":
        put(tx, bead, "close")
