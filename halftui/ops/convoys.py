"""What may be done to a convoy."""

import secrets
from collections.abc import Sequence

from halftui.domain.names import BASE36, slug
from halftui.domain.states import CONVOY_MOVES, FINISHED, BeadState, ConvoyState, ConvoyVerb, after
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, Refused
from halftui.ops.access import verb
from halftui.ops.beads import cancel_row, weigh
from halftui.ops.travel import join, land
from halftui.store.tables import Bead, Convoy
from halftui.store.tx import Tx


@verb("convoy.create")
def create(tx: Tx, board_id: str, name: str, beads: Sequence[str] = ()) -> str:
    """Make a staged convoy of these beads, inert until it is started, and return its id."""
    name = clean_line(name, longest=80)
    if not name:
        raise Misconfigured("a convoy needs a name", "say where it goes")
    convoy = Convoy(
        id=_free_id(tx, name),
        board_id=board_id,
        name=name,
        created_by=str(tx.actor),
        created_at=tx.now,
    )
    tx.add(convoy)
    tx.session.flush()
    for bead in beads:
        _take(tx, convoy, bead)
    tx.record("convoy.create", convoy.id, board_id, name=name, beads=list(beads))
    return convoy.id


@verb("convoy.add")
def add(tx: Tx, convoy_id: str, bead: str) -> None:
    """Let a bead travel with a convoy; a landed one moves again."""
    convoy = tx.get(Convoy, convoy_id)
    _take(tx, convoy, bead)
    tx.record("convoy.add", convoy_id, convoy.board_id, bead=bead)
    land(tx, convoy)


@verb("convoy.start")
def start(tx: Tx, convoy_id: str) -> None:
    """Let the scheduler take its beads, each when it is ready. Raises Refused if it has none."""
    convoy = tx.get(Convoy, convoy_id)
    _move(tx, convoy, ConvoyVerb.START)
    if not (members := _members(tx, convoy_id)):
        raise Refused(f"convoy {convoy.name} has no beads", f"halftui convoy add {convoy_id} BEAD")
    convoy.started_at = tx.now
    for row in members:
        weigh(tx, row)
    tx.record("convoy.start", convoy_id, convoy.board_id)
    land(tx, convoy)


@verb("convoy.cancel")
def cancel(tx: Tx, convoy_id: str, reason: str = "") -> None:
    """Cancel a convoy and its unfinished beads; agents at work on them are stopped."""
    convoy = tx.get(Convoy, convoy_id)
    _move(tx, convoy, ConvoyVerb.CANCEL)
    convoy.ended_at = tx.now
    tx.record("convoy.cancel", convoy_id, convoy.board_id, reason=clean_line(reason))
    for row in _members(tx, convoy_id):
        if BeadState(row.state) not in FINISHED:
            cancel_row(tx, row, reason or f"convoy {convoy.name} was cancelled")


def _move(tx: Tx, convoy: Convoy, done: ConvoyVerb) -> None:
    convoy.state = after(CONVOY_MOVES, ConvoyState(convoy.state), done, f"convoy {convoy.name}").value
    tx.touch(convoy, None)
    tx.session.flush()


def _take(tx: Tx, convoy: Convoy, bead: str) -> None:
    row = tx.get(Bead, bead)
    join(tx, row, convoy)
    weigh(tx, row)
    tx.touch(row, None)


def _members(tx: Tx, convoy_id: str) -> list[Bead]:
    ids = tx.rows("SELECT id FROM bead WHERE convoy_id = :c ORDER BY id", c=convoy_id)
    return [tx.get(Bead, str(row[0])) for row in ids]


def _free_id(tx: Tx, name: str) -> str:
    stem = slug(name, "convoy")
    candidate = stem
    while tx.rows("SELECT 1 FROM convoy WHERE id = :i", i=candidate):
        candidate = f"{stem}-{''.join(secrets.choice(BASE36) for _ in range(3))}"
    return candidate
