"""What an imported file needs: why a bead is set aside, and its lines as they were."""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# A finished bead is never blocked: its count becomes 0, and that reaches its children, level by level.
_UNFINISHED = "{0}.state IN ('open', 'active', 'review')"
_CHILD = (
    "SELECT 1 FROM edge c JOIN bead t ON t.id = c.source"
    " WHERE c.kind = 'parent-child' AND c.target = e.target"
)
_COUNT = f"""
CASE WHEN {_UNFINISHED.format('bead')} THEN
  (SELECT count(*) FROM edge e JOIN bead t ON t.id = e.target WHERE e.source = bead.id AND CASE e.kind
    WHEN 'blocks' THEN {_UNFINISHED.format('t')}
      OR (t.state IN ('failed', 'cancelled') AND e.on_failure = 'hold')
    WHEN 'conditional-blocks' THEN t.state <> 'failed'
    WHEN 'parent-child' THEN t.blockers > 0
    WHEN 'waits-for' THEN EXISTS ({_CHILD} AND {_UNFINISHED.format('t')})
      AND NOT (e.gate = 'any-children' AND EXISTS ({_CHILD} AND NOT {_UNFINISHED.format('t')}))
    ELSE 1 = 0 END)
ELSE 0 END
"""


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table('original',
    sa.Column('board_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('line', sa.Text(), nullable=False),
    sa.Column('at', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['board_id'], ['board.id'], ),
    sa.PrimaryKeyConstraint('board_id', 'kind', 'key', name=op.f('pk_original'))
    )
    with op.batch_alter_table('bead', schema=None) as batch_op:
        batch_op.add_column(sa.Column('aside', sa.String(), nullable=False, server_default=sa.text("''")))
        batch_op.create_index('ix_bead_not_before', ['not_before'], unique=False, sqlite_where=sa.text("not_before IS NOT NULL"), postgresql_where=sa.text("not_before IS NOT NULL"))
    while op.get_bind().execute(sa.text(f"UPDATE bead SET blockers = {_COUNT} WHERE blockers <> {_COUNT}")).rowcount:
        pass
