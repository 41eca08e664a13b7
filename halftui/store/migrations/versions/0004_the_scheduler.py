"""Counters, budgets, use a day, limits as told, and engines that are at work."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

READY = sa.text("state = 'open' AND blockers = 0 AND is_inert = 0")
DUE = sa.text("due IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    for name in ("start_failures", "losses", "handoffs"):
        op.add_column("bead", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index("ix_bead_waiting", "bead", ["board_id", "priority", "created_at", "id"],
                    sqlite_where=READY, postgresql_where=READY)
    op.create_index("ix_bead_due", "bead", ["board_id", "due"], sqlite_where=DUE, postgresql_where=DUE)
    op.add_column("board", sa.Column("notice", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("subscription", sa.Column("cap", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("subscription", sa.Column("limits", sa.String(), nullable=False, server_default=sa.text("'{}'")))
    op.add_column("subscription", sa.Column("seen_at", sa.Double(), nullable=True))
    op.add_column("attempt", sa.Column("tallied_at", sa.Double(), nullable=True))
    op.create_index("ix_attempt_ends", "attempt", ["runtime", "subscription_id", "ended_at"])
    op.create_table(
        "usage",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.String(), nullable=False),
        sa.Column("bead_id", sa.String(), nullable=False),
        sa.Column("board_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", "day", "subscription_id", name=op.f("pk_usage")),
    )
    op.create_index("ix_usage_bead_id", "usage", ["bead_id"])
    op.create_index("ix_usage_day", "usage", ["day"])
    op.create_index("ix_usage_subscription", "usage", ["subscription_id", "day"])
    op.create_table(
        "budget",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("most", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", "measure", name=op.f("pk_budget")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
    )
