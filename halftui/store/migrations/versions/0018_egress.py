"""Hosts that agents may reach."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    for table in ("board", "bead"):
        op.add_column(table, sa.Column("egress", sa.String(), nullable=False, server_default=sa.text("''")))
