"""Whether a bead's accepted work is in the queue of merges, and how it leaves it."""

from halftui.errors import Refused
from halftui.store.store import Rows
from halftui.store.tx import Tx

WAITING, LANDING = "waiting", "landing"
UNDER_WAY = f"m.state IN ('{WAITING}', '{LANDING}')"


def place(rows: Rows, bead: str) -> tuple[int, str] | None:
    """Return the number and state of a bead's place in the queue, None if it has none."""
    found = rows.rows(f"SELECT m.seq, m.state FROM merge m WHERE m.bead_id = :i AND {UNDER_WAY}", i=bead)
    return (int(found[0][0]), str(found[0][1])) if found else None


def leave(tx: Tx, bead: str, *, is_approved: bool = False) -> None:
    """Take a bead that leaves review out of the queue. Raises Refused while it is put on its target."""
    found = place(tx, bead)
    if found is None:
        return
    if found[1] == LANDING and not is_approved:
        raise Refused(f"{bead} is being merged", "try again in a moment")
    tx.run("UPDATE merge SET state = 'dropped', ended_at = :n WHERE seq = :s", n=tx.now, s=found[0])
