"""A board can say what its agents' image has besides the usual."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recipe", sa.String(), nullable=False, server_default=sa.text("''")))
