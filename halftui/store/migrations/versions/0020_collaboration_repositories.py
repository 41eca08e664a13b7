"""A second repository of a board, for plans and results."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    empty = sa.text("''")
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("collab", sa.String(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("collab_branch", sa.String(), nullable=False, server_default=empty))
    with op.batch_alter_table("bead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("collab", sa.String(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("collab_merged", sa.String(), nullable=False, server_default=empty))


def downgrade() -> None:
    """Take it back."""
    for table, names in (("bead", ("collab_merged", "collab")), ("board", ("collab_branch", "collab"))):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.drop_column(name)
