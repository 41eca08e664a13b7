"""Which agent a bead waits for, where somebody said so."""

from halftui.domain.states import BeadState
from halftui.errors import NotFound, Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx

_AGENT = """
SELECT a.name, a.runtime, a.retired_at FROM agent a WHERE a.id = :a AND a.board_id = :b
"""


@verb("bead.pin")
def pin(tx: Tx, bead: str, agent_id: str) -> None:
    """Let a bead wait until this agent is free; "" lets any take it.

    Raises Refused if the bead is at work or done, or the agent runs another program; NotFound.
    """
    row = tx.get(Bead, bead)
    if row.state != BeadState.OPEN:
        raise Refused(f"{bead} is {row.state}", "only what waits can be given to one agent")
    if agent_id:
        _check(tx, row, agent_id)
    before, row.pin = {"pin": row.pin}, agent_id
    tx.touch(row, None)
    tx.record("bead.pin", bead, row.board_id, before, pin=agent_id)


def _check(tx: Tx, row: Bead, agent_id: str) -> None:
    found = tx.rows(_AGENT, a=agent_id, b=row.board_id)
    if not found or found[0][2] is not None:
        raise NotFound(f"there is no agent {agent_id}", "halftui agent list shows them")
    runtime = row.runtime or str(tx.rows("SELECT runtime FROM board WHERE id = :b", b=row.board_id)[0][0])
    if found[0][1] != runtime:
        raise Refused(f"{found[0][0]} runs {found[0][1]}, the bead wants {runtime}", "choose another agent")
