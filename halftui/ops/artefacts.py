"""Files that agents attached to beads: their names here, their content in the home folder."""

from __future__ import annotations

import re

from halftui.domain.board_tools import MOST_ARTEFACTS, ROOM_FOR_ARTEFACTS
from halftui.domain.shown import ArtefactRow
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, NotFound, Refused
from halftui.ops import scope
from halftui.ops.access import verb
from halftui.store.rows.talk import Artefact
from halftui.store.store import Rows
from halftui.store.tx import Tx

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}")


@verb("bead.attach")
def attach(tx: Tx, name: str, digest: str, size: int) -> None:
    """Attach a file that is kept already to the own bead; one of the same name is replaced.

    Raises Misconfigured for a bad name, Refused above the bead's quota.
    """
    row = scope.own(tx)
    if not _NAME.fullmatch(name):
        hint = "letters, digits, spaces and ._- with no dot in front, at most 100"
        raise Misconfigured(f"{clean_line(name, longest=80)!r} is no name for a file", hint)
    others = [one for one in of_bead(tx, row.bead_id) if one.name != name]
    if len(others) >= MOST_ARTEFACTS:
        raise Refused(
            f"{row.bead_id} has {len(others)} files", "attach under a name that is there: it is replaced"
        )
    if sum(one.size for one in others) + size > ROOM_FOR_ARTEFACTS:
        raise Refused(
            f"the files of {row.bead_id} would be too large", f"{ROOM_FOR_ARTEFACTS >> 20} MB is the most"
        )
    tx.run("DELETE FROM artefact WHERE bead_id = :b AND name = :n", b=row.bead_id, n=name)
    tx.add(Artefact(bead_id=row.bead_id, name=name, digest=digest, size=size, attempt_id=row.id, at=tx.now))
    tx.record("bead.attach", row.bead_id, row.board_id, name=name, size=size, digest=digest)


def of_bead(rows: Rows, bead: str) -> tuple[ArtefactRow, ...]:
    """Return the files of a bead by name."""
    found = rows.rows(
        "SELECT name, size, digest, attempt_id, at FROM artefact WHERE bead_id = :b ORDER BY name", b=bead
    )
    return tuple(ArtefactRow(*row) for row in found)


def one(rows: Rows, bead: str, name: str) -> ArtefactRow:
    """Return a file of a bead. Raises NotFound."""
    for row in of_bead(rows, bead):
        if row.name == name:
            return row
    raise NotFound(f"{bead} has no file {clean_line(name, longest=80)}", f"halftui bead artefacts {bead}")
