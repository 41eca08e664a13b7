"""What people say about a bead: kept as events, shown with its history, told to its next agent."""

from halftui.domain.text import clean
from halftui.errors import Misconfigured
from halftui.ops import scope
from halftui.ops.access import verb
from halftui.ops.fields import LONGEST_TEXT
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx


@verb("bead.comment")
def comment(tx: Tx, bead: str, text: str) -> None:
    """Say something about a bead. Raises Misconfigured for an empty text, NotFound, Denied out of reach."""
    scope.may_speak(tx, bead)
    row = tx.get(Bead, bead)
    if not (said := clean(text).strip()[:LONGEST_TEXT]):
        raise Misconfigured("a comment needs words", "say what the others should know")
    tx.record("bead.comment", bead, row.board_id, text=said)
