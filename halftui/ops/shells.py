"""A person's way into the container of a bead's agent: who may go in, where to, and that they were there."""

from dataclasses import dataclass

from halftui.domain.names import BEAD_BRANCHES
from halftui.domain.states import BeadState
from halftui.domain.text import clean_line
from halftui.errors import Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx

LONGEST_COMMAND = 500  # characters of it that the history keeps


@dataclass(frozen=True, slots=True)
class Room:
    """Where a shell opens."""

    bead: str
    board: str
    attempt: str
    agent: str  # its name
    sandbox: str  # its name


@verb("bead.shell")
def enter(tx: Tx, bead: str, command: str = "") -> Room:
    """Note that somebody goes into the container of a bead's agent, and return which that is.

    `command` is run there instead of a shell. Raises Refused where no container runs.
    """
    row = tx.get(Bead, bead)
    found = tx.rows(
        "SELECT a.id, a.sandbox, a.sandbox_name, g.name FROM attempt a JOIN agent g ON g.id = a.agent_id"
        " WHERE a.bead_id = :b AND a.state <> 'ended' ORDER BY a.epoch DESC",
        b=bead,
    )
    if not found:
        raise Refused(f"no agent is at work on {bead}", _instead(bead, row.state))
    attempt, kind, name, agent = (str(value) for value in found[0])
    if not name:
        raise Refused(f"{agent}'s container is not there yet", "try again in a moment")
    if kind != "docker":
        hint = f"its work comes to the branch {BEAD_BRANCHES}{bead}; with Docker agents get containers"
        raise Refused(f"{agent} works without a container, and here nothing runs in an agent's folder", hint)
    what = clean_line(command, longest=LONGEST_COMMAND)
    tx.record("bead.shell", bead, row.board_id, attempt=attempt, reason=f"began: {what or 'a shell'}")
    return Room(bead, row.board_id, attempt, agent, name)


@verb("bead.shell")
def leave(tx: Tx, room: Room, how: str) -> None:
    """Note that somebody is out again, and how that came."""
    tx.record("bead.shell", room.bead, room.board, attempt=room.attempt, reason=how)


def _instead(bead: str, state: str) -> str:
    if state == BeadState.OPEN:
        return "s starts one"
    return f"its container is gone; git fetch and the branch {BEAD_BRANCHES}{bead} have its work"
