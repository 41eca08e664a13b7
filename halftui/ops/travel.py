"""What becomes of a convoy when its beads change: it goes on, or lands."""

from halftui.domain.states import CONVOY_MOVES, ConvoyState, ConvoyVerb, after
from halftui.errors import Refused
from halftui.store.rows.tables import Bead, Convoy
from halftui.store.tx import Tx

UNDER_WAY = (ConvoyState.STAGED, ConvoyState.MOVING)


def join(tx: Tx, row: Bead, convoy: Convoy) -> None:
    """Let a bead travel with a convoy; a landed one moves again. Raises Refused."""
    if row.board_id != convoy.board_id:
        raise Refused(f"{row.id} is on another board than {convoy.id}", "choose beads of one board")
    if row.convoy_id not in (None, convoy.id) and tx.get(Convoy, row.convoy_id).state in UNDER_WAY:
        raise Refused(f"{row.id} travels with {row.convoy_id} already", "cancel that convoy first")
    convoy.state = after(CONVOY_MOVES, ConvoyState(convoy.state), ConvoyVerb.ADD, convoy.id).value
    convoy.ended_at, convoy.remark = None, ""
    row.convoy_id = convoy.id
    tx.touch(convoy, None)


def land(tx: Tx, convoy: Convoy) -> None:
    """Land a moving convoy if all its beads are finished; one with a branch waits for its merge."""
    if not convoy.branch and is_due(tx, convoy):
        finish(tx, convoy, "")


def is_due(tx: Tx, convoy: Convoy) -> bool:
    """Return True if a moving convoy has no unfinished bead left."""
    tx.flush()
    left = tx.rows(
        "SELECT 1 FROM bead WHERE convoy_id = :c AND state IN ('open', 'active', 'review') LIMIT 1",
        c=convoy.id,
    )
    return not left and convoy.state == ConvoyState.MOVING


def finish(tx: Tx, convoy: Convoy, merged: str) -> None:
    """Let a convoy be landed, as the commit `merged` if it had a branch."""
    ends = "SELECT count(*) FROM bead WHERE convoy_id = :c AND state IN ('failed', 'cancelled')"
    failed = int(tx.rows(ends, c=convoy.id)[0][0])
    convoy.state, convoy.ended_at, convoy.merged = ConvoyState.LANDED.value, tx.now, merged
    convoy.remark, convoy.stranded_at = "", None
    tx.touch(convoy, None)
    tx.record("convoy.land", convoy.id, convoy.board_id, failed=failed, merged=merged)
