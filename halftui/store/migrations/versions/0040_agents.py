"""What agents need: a vigil over those that use no tool."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stirred_at", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("vigil", sa.Integer(), nullable=False, server_default=sa.text("0")))
