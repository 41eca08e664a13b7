"""Keys of agents, spent tokens, and the chain of events with its signed heads.

Revision ID: 0007
Revises: 0006
"""
import sqlalchemy as sa
from alembic import op

from halftui.domain import history

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LEADER = sa.text("kind = 'leader' AND retired_at IS NULL")
_NAMED = sa.text("username <> '' AND retired_at IS NULL")
_CURRENT = sa.text("retired_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("retired_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_signing_key"),
    )
    _unique("uq_signing_key_current", "signing_key", ["subject"], _CURRENT)
    op.create_table(
        "spent_token",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_spent_token"),
    )
    op.create_table(
        "head",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_head"),
    )
    for table, column in (("agent", "username"), ("agent", "owner"), ("event", "hash")):
        op.add_column(table, sa.Column(column, sa.String(), nullable=False, server_default=""))
    _unique("uq_agent_leader", "agent", ["owner", "runtime"], _LEADER)
    _unique("uq_agent_username", "agent", ["username"], _NAMED)
    _chain(op.get_bind())


def _unique(name: str, table: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _chain(connection: sa.Connection) -> None:
    """Give the events that are there already their hashes."""
    digest, last = "", 0
    asked = sa.text(
        "SELECT seq, at, actor, verb, board_id, subject, before, after FROM event WHERE seq > :s ORDER BY seq LIMIT 5000"
    )
    while rows := connection.execute(asked, {"s": last}).all():
        found = []
        for row in rows:
            digest = history.link(digest, tuple(row))
            found.append({"s": row[0], "h": digest})
        connection.execute(sa.text("UPDATE event SET hash = :h WHERE seq = :s"), found)
        last = rows[-1][0]
