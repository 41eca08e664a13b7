"""What may be done to the history: its head is signed, nothing else ever."""

from halftui.errors import Conflict
from halftui.ops.access import verb
from halftui.store.rows.trust import Head
from halftui.store.tx import Tx


@verb("audit.sign")
def sign(tx: Tx, seq: int, digest: str, at: float, previous: int, fingerprint: str, signature: str) -> None:
    """Store a signed head. Raises Conflict if the history or its heads are others by now."""
    found = tx.rows("SELECT hash FROM event WHERE seq = :s", s=seq)
    last = tx.rows("SELECT coalesce(max(seq), 0) FROM head")[0][0]
    if not found or found[0][0] != digest or last != previous:
        raise Conflict("somebody else signed the history meanwhile", "look again")
    tx.add(Head(seq=seq, hash=digest, at=at, previous=previous, fingerprint=fingerprint, signature=signature))
