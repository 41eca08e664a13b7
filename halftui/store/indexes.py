"""The indexes with a condition, beside the tables: what the migrations made, and are held against.

Naming a database's option imports all that SQLAlchemy has for it. With this module every table is known.
"""

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from halftui.store import crew, judged, tables, talk, trust

TABLES = (tables, crew, judged, talk, trust)  # the modules that fill the metadata
METADATA = SQLModel.metadata
_DISPATCHABLE = "state = 'open' AND blockers = 0 AND is_inert = 0"


def _add(name: str, table: str, *columns: str, where: str, is_unique: bool = False) -> None:
    found = SQLModel.metadata.tables[table].c
    Index(
        name, *(found[column] for column in columns), unique=is_unique,
        sqlite_where=text(where), postgresql_where=text(where),
    )  # fmt: skip


# With all that is fixed in front: the more columns are equal, the surer SQLite's planner takes it.
_add(
    "ix_bead_ready", "bead", "board_id", "state", "blockers", "is_inert", "priority", "rank", "created_at",
    "id", where=_DISPATCHABLE,
)  # fmt: skip
_add("ix_bead_waiting", "bead", "board_id", "priority", "created_at", "id", where=_DISPATCHABLE)
_add("ix_bead_retry", "bead", "retry_at", where=f"{_DISPATCHABLE} AND retry_at IS NOT NULL")
_add("ix_bead_due", "bead", "board_id", "due", where="due IS NOT NULL")
_add("ix_bead_later", "bead", "not_before", where="not_before IS NOT NULL")
_add(
    "uq_agent_leader", "agent", "owner", "runtime",
    where="kind = 'leader' AND retired_at IS NULL", is_unique=True,
)  # fmt: skip
_add("uq_agent_username", "agent", "username", where="username <> '' AND retired_at IS NULL", is_unique=True)
_add("uq_attempt_live", "attempt", "bead_id", where="state <> 'ended'", is_unique=True)
_add("uq_signing_key_current", "signing_key", "subject", where="retired_at IS NULL", is_unique=True)
_add("uq_merge_waiting", "merge", "bead_id", where="state = 'waiting'", is_unique=True)
_add("uq_outbox_waiting", "outbox", "bead_id", "act", where="state = 'waiting'", is_unique=True)
