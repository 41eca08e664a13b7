"""What lets git in at private repositories, and which home has the commits of a bead."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "secret",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("refused", sa.String(), nullable=False),
        sa.Column("refused_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_secret"),
        sa.UniqueConstraint("scope", name="uq_secret_scope"),
    )
    op.add_column("bead", sa.Column("home", sa.String(), nullable=False, server_default=sa.text("''")))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("bead", "home")
    op.drop_table("secret")
