"""A bead can wait for one agent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("bead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pin", sa.String(), nullable=False, server_default=sa.text("''")))
