"""People's keys and invites."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('theme', sa.String(), nullable=False, server_default=''))

    op.create_table('key',
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('person', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('blob', sa.Text(), nullable=False),
    sa.Column('comment', sa.String(), nullable=False),
    sa.Column('added_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.name'], ),
    sa.PrimaryKeyConstraint('fingerprint', name=op.f('pk_key'))
    )
    with op.batch_alter_table('key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_key_person'), ['person'], unique=False)

    op.create_table('invite',
    sa.Column('person', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.Double(), nullable=False),
    sa.Column('expires_at', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['person'], ['person.name'], ),
    sa.PrimaryKeyConstraint('person', name=op.f('pk_invite'))
    )
