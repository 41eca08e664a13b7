"""Pull requests, and the outbox of what is done outside."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    empty = sa.text("''")
    with op.batch_alter_table("board", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merge", sa.String(), nullable=False, server_default=sa.text("'direct'")))
    with op.batch_alter_table("bead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pull_request", sa.String(), nullable=False, server_default=empty))
        batch_op.add_column(sa.Column("pulled", sa.String(), nullable=False, server_default=empty))
    op.create_table(
        "outbox",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("bead_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("tip", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"]),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "uq_outbox_waiting", "outbox", ["bead_id", "act"], unique=True, sqlite_where=waiting,
        postgresql_where=waiting,
    )  # fmt: skip
    op.create_index("ix_outbox_due", "outbox", ["state", "due_at"])
