"""Alembic's entrance: runs the migrations on the connection that it is handed."""

from alembic import context
from sqlmodel import SQLModel

import halftui.store.indexes  # noqa: F401 - it fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
