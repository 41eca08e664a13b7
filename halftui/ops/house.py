"""What may be done to a database as a whole: who may copy it, and what the history tells of that."""

from halftui.domain.text import clean_line
from halftui.ops.access import verb
from halftui.store.tx import Tx


@verb("house.backup")
def backup(tx: Tx, file: str) -> None:
    """Tell that a copy is taken; it stands in the copy as well."""
    tx.record("house.backup", "house", file=clean_line(file))


@verb("house.restore")
def restore(tx: Tx, file: str, kept: str) -> None:
    """Tell that this database came out of a copy."""
    tx.record("house.restore", "house", file=clean_line(file), kept=clean_line(kept))
