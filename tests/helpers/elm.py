"""The agent elm, as which leaders and workers come where commands are tried."""

from halftui.domain.actor import Role
from halftui.store.rows.tables import Agent
from halftui.store.tx import Tx


def cast_elm(tx: Tx, role: Role) -> None:
    """Let the agent be there, as a leader or a worker of the board shop."""
    found = tx.find(Agent, "elm") or Agent(
        id="elm", board_id="shop", name="Elm", runtime="codex", username="elm", owner="owner",
        created_at=tx.now,
    )  # fmt: skip
    found.kind = role.value
    tx.add(found)


def let_elm_lead(tx: Tx) -> None:
    """Let all that stands on the board be of elm's making."""
    for table in ("convoy", "bead"):
        tx.change(f"UPDATE {table} SET created_by = 'agent:elm'")
