"""What was said about a bead; plain SQL."""

import json

from halftui.store.store import Rows


def comments(rows: Rows, bead_id: str) -> tuple[tuple[str, str], ...]:
    """Return who said what about a bead, the oldest first."""
    found = rows.rows(
        "SELECT actor, after FROM event WHERE subject = :b AND verb = 'bead.comment' ORDER BY seq", b=bead_id
    )
    return tuple((str(a).partition(":")[2], str(json.loads(text)["text"])) for a, text in found)
