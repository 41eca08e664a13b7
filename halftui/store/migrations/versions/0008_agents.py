"""What agents need: a vigil over those that use no tool, the board's tools, and messages."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stirred_at", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("vigil", sa.Integer(), nullable=False, server_default=sa.text("0")))
        batch_op.add_column(sa.Column("is_handoff", sa.Integer(), nullable=False, server_default=sa.text("0")))
        batch_op.add_column(sa.Column("handed_in", sa.Text(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("bead", schema=None) as batch_op:
        batch_op.add_column(sa.Column("handover", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "permit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["board_id"], ["board.id"]),
        sa.PrimaryKeyConstraint("id", name="pk_permit"),
    )
    op.create_index("ix_permit_board_id", "permit", ["board_id"])
    op.create_table(
        "toolcall",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "request", name="pk_toolcall"),
    )
    op.create_table(
        "message",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("is_from_agent", sa.Integer(), nullable=False),
        sa.Column("is_urgent", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.Column("delivered_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_message"),
    )
    op.create_index("ix_message_agent", "message", ["agent_id", "delivered_at"])
