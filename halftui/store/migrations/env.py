"""Alembic's entrance: runs the migrations on the connection that it is handed."""

from alembic import context

from halftui.store.indexes import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
