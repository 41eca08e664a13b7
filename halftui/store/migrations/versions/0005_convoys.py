"""What convoys need: a branch of their own, and how far their landing and stranding got.

Attempts and questions outlive a deleted bead, since what they cost was spent.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# SQLite gave these keys no names, PostgreSQL did: so they are named by its pattern.
_NAMING = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table("convoy", schema=None) as batch_op:
        batch_op.add_column(sa.Column("branch", sa.String(), nullable=False, server_default=sa.text("''")))
        batch_op.add_column(sa.Column("merged", sa.String(), nullable=False, server_default=sa.text("''")))
        batch_op.add_column(sa.Column("remark", sa.Text(), nullable=False, server_default=sa.text("''")))
        batch_op.add_column(sa.Column("stranded_at", sa.Double(), nullable=True))
    for table in ("attempt", "question"):
        with op.batch_alter_table(table, schema=None, naming_convention=_NAMING) as batch_op:
            batch_op.drop_constraint(f"{table}_bead_id_fkey", type_="foreignkey")
