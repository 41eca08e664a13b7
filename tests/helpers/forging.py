"""What somebody does to a history who can write the database, and has no key."""

from halftui.domain import history
from halftui.store.tx import Tx

_EVENTS = "SELECT seq, at, actor, verb, board_id, subject, before, after FROM event ORDER BY seq"


def forge(tx: Tx, *, drops_heads: bool = True) -> None:
    """Let somebody else have done it all, make the hashes anew, and take the signatures away."""
    tx.change("UPDATE event SET actor = 'person:eve'")
    last = ""
    for row in tx.rows(_EVENTS):
        last = history.link(last, tuple(row))
        tx.change("UPDATE event SET hash = :h WHERE seq = :s", h=last, s=row[0])
    if drops_heads:
        tx.change("DELETE FROM head")


def cut(tx: Tx) -> None:
    """Take the newest event away, and the signatures."""
    tx.change("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)")
    tx.change("DELETE FROM head")
