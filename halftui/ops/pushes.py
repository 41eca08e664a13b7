"""What a person hands over by git: commits on a bead's branch, made by hand somewhere else."""

from halftui.domain.actor import Role
from halftui.domain.states import BeadState
from halftui.errors import Denied, NotFound, Refused
from halftui.ops import queued
from halftui.ops.access import verb
from halftui.ops.attempts import Work
from halftui.ops.beads import live_attempt
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx

_OPEN = (BeadState.OPEN, BeadState.ACTIVE, BeadState.REVIEW)
_OVERSEERS = (Role.MAINTAINER, Role.ADMIN)


@verb("bead.push")
def may_push(tx: Tx, bead: str, board: str) -> None:
    """Raise Denied, Refused or NotFound unless the actor may put commits on a bead's branch.

    Whoever has claimed a bead by hand may; maintainers may wherever no agent is at work.
    """
    _pushable(tx, bead, board)


@verb("bead.push")
def push(tx: Tx, bead: str, board: str, branch: str, work: Work, home: str = "") -> None:
    """Note what now stands on a bead's branch, in that home."""
    row = _pushable(tx, bead, board)
    queued.leave(tx, bead)  # what was accepted is not this any more
    row.branch, row.base, row.tip, row.progress = branch, work.base, work.tip, ""
    row.home = home or row.home
    row.files, row.plus, row.minus = work.files, work.plus, work.minus
    tx.touch(row, None)
    tx.record("bead.push", bead, row.board_id, tip=work.tip)


def _pushable(tx: Tx, bead: str, board: str) -> Bead:
    row = tx.get(Bead, bead)
    if row.board_id != board:
        raise NotFound(f"there is no bead {bead} on this board", "halftui bead list shows them")
    if row.state not in _OPEN:
        raise Refused(f"{bead} is {row.state}", f"halftui bead reopen {bead}")
    if live_attempt(tx, row) is not None:
        raise Refused(f"an agent is at work on {bead}", f"halftui bead release {bead}")
    if row.assignee != str(tx.actor) and tx.actor.role not in _OVERSEERS:
        raise Denied(f"{bead} is not yours", f"halftui bead claim {bead}")
    return row
