"""One index of later beads stood there twice."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_bead_not_before", table_name="bead")


def downgrade() -> None:
    later = sa.text("not_before IS NOT NULL")
    op.create_index("ix_bead_not_before", "bead", ["not_before"], sqlite_where=later, postgresql_where=later)
