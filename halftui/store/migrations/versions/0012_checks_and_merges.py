"""Checks of the combined tree, and the queue of merges."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    empty = sa.text("''")
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("checks", sa.Text(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("batch", sa.Integer(), nullable=False, server_default=sa.text("1")))
    with op.batch_alter_table("bead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("progress", sa.Text(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("tried", sa.String(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("reds", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "trial",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("tree", sa.String(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.Column("beads", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"]),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
    )
    op.create_index("ix_trial_tree", "trial", ["board_id", "tree"])
    op.create_table(
        "merge",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("bead_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("tip", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"]),
        sa.PrimaryKeyConstraint("seq", name="pk_merge"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "uq_merge_waiting", "merge", ["bead_id"], unique=True, sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_index("ix_merge_target", "merge", ["board_id", "target", "state", "seq"])
