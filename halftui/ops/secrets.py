"""What may be done to all sealed values at once: they are sealed anew."""

from collections.abc import Callable

from halftui.ops.access import verb
from halftui.store.tx import Tx

# (table, its id's column): the id is inside the sealed value.
SEALED = (("subscription", "id"), ("signing_key", "fingerprint"))


@verb("secret.rotate")
def rotate(tx: Tx, reseal: Callable[[str, str], str]) -> int:
    """Seal every value anew by `reseal(row id, sealed)`, all or none; return how many there are."""
    count = 0
    for table, key in SEALED:
        found = tx.rows(f"SELECT {key}, sealed FROM \"{table}\" WHERE sealed <> ''")
        fresh = [{"i": ident, "s": reseal(str(ident), str(sealed))} for ident, sealed in found]
        tx.change_each(f'UPDATE "{table}" SET sealed = :s WHERE {key} = :i', fresh)
        count += len(fresh)
    tx.record("secret.rotate", "secrets", count=count)
    return count
