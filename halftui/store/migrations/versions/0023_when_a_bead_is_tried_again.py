"""An index of the beads that wait until they are tried again, so that the next one is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_WAITING = sa.text("state = 'open' AND blockers = 0 AND is_inert = 0 AND retry_at IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_index(
        "ix_bead_retry", "bead", ["retry_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_bead_retry", table_name="bead")
