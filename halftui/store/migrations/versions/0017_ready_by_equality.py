"""The index of ready beads has all that is equal in front, so that the planner prefers it to that of lanes."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_READY = sa.text("state = 'open' AND blockers = 0 AND is_inert = 0")
_ORDER = ["priority", "rank", "created_at", "id"]


def upgrade() -> None:
    """Bring the schema forward."""
    _make(["board_id", "state", "blockers", "is_inert", *_ORDER])


def downgrade() -> None:
    """Take it back."""
    _make(["board_id", "state", *_ORDER])


def _make(columns: list[str]) -> None:
    op.drop_index("ix_bead_ready", table_name="bead")
    op.create_index("ix_bead_ready", "bead", columns, sqlite_where=_READY, postgresql_where=_READY)
