"""Brings a database to this program's schema by Alembic."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from halftui.store.ground import make_file
from halftui.store.server import WRITE_LOCK

MIGRATIONS = Path(__file__).with_name("migrations")


def config() -> Config:
    """Return Alembic's configuration for the packaged migrations."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def upgrade(engine: Engine, old: Path | None) -> None:
    """Run the missing migrations in one transaction; an `old` file is copied beside itself first."""
    if old is not None:
        _copy(old, old.with_suffix(old.suffix + ".before-upgrade"))
    with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let SQLite rebuild a table that others refer to; inside a transaction this switch does nothing."""
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()


def _copy(old: Path, copy: Path) -> None:
    """Copy by SQLite itself, since the file alone lacks what still stands in its log."""
    make_file(copy)
    with closing(sqlite3.connect(old)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
