"""A board lays out its lanes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lanes", sa.String(), nullable=False, server_default=sa.text("''")))
