"""What may be done to the history: its head is signed, by another key once one is lost; nothing else."""

from halftui.domain import identity
from halftui.errors import Conflict
from halftui.ops.access import verb
from halftui.store.rows.trust import Head, SigningKey
from halftui.store.tx import Tx


@verb("audit.sign")
def sign(tx: Tx, seq: int, digest: str, at: float, previous: int, fingerprint: str, signature: str) -> None:
    """Store a signed head. Raises Conflict if the history or its heads are others by now."""
    found = tx.rows("SELECT hash FROM event WHERE seq = :s", s=seq)
    last = tx.rows("SELECT coalesce(max(seq), 0) FROM head")[0][0]
    if not found or found[0][0] != digest or last != previous:
        raise Conflict("somebody else signed the history meanwhile", "look again")
    tx.add(Head(seq=seq, hash=digest, at=at, previous=previous, fingerprint=fingerprint, signature=signature))


@verb("audit.accept")
def accept(tx: Tx, seq: int, digest: str) -> None:
    """Tell that a home goes on with this history, though it remembers another one up to an event."""
    tx.record("audit.accept", "house", "", {"seq": seq, "hash": digest})


@verb("audit.renew")
def renew(tx: Tx, replaced: str, public: str, sealed: str) -> None:
    """Let another key sign the history from now on; the private half of the one before is forgotten.

    The event says which key it was, so that its signatures are known for a lost key's. Raises Conflict if
    the key is another one than `replaced`, its fingerprint, by now.
    """
    if not tx.change(
        "UPDATE signing_key SET retired_at = :n, sealed = '' WHERE subject = 'house' AND fingerprint = :f"
        " AND retired_at IS NULL",
        n=tx.now,
        f=replaced,
    ):
        raise Conflict("somebody else made a new key meanwhile", "halftui audit verify")
    mark = identity.fingerprint(public)
    tx.add(SigningKey(fingerprint=mark, subject="house", public=public, sealed=sealed, created_at=tx.now))
    count, until = tx.rows(
        "SELECT count(*), coalesce(max(seq), 0) FROM head WHERE fingerprint = :f", f=replaced
    )[0]
    tx.record(
        "audit.renew", "house", "", {"fingerprint": replaced}, fingerprint=mark, heads=count, until=until
    )
