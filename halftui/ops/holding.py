"""What only one of several engines over a database may do at a time, by its name."""

from halftui.ops.access import verb
from halftui.store.tx import Tx


@verb("turn.take")
def take(tx: Tx, name: str, holder: str, seconds: float) -> bool:
    """Return True if `holder` may do this for so many seconds from now; to take it again extends them."""
    given = {"n": name, "h": holder, "u": tx.now + seconds}
    free = "UPDATE turn SET holder = :h, until = :u WHERE name = :n AND (holder = :h OR until < :now)"
    if tx.change(free, **given, now=tx.now):
        return True
    return bool(tx.change("INSERT INTO turn VALUES (:n, :h, :u) ON CONFLICT (name) DO NOTHING", **given))


@verb("turn.give")
def give(tx: Tx, name: str, holder: str) -> None:
    """Let the next one do it; nothing happens if it is another's."""
    tx.change("DELETE FROM turn WHERE name = :n AND holder = :h", n=name, h=holder)
