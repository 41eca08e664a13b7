"""What only SQLAlchemy does: transactions of a database server, and the connection that migrations use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from halftui.domain.actor import Actor
from halftui.store.sqlite import PRAGMAS
from halftui.store.tx import Tx

# One writer at a time on PostgreSQL too, as BEGIN IMMEDIATE has it on SQLite: then caps and cycles that
# were checked still hold at the commit, and a tail of the events by seq misses none.
WRITE_LOCK = 0x48616C66

_statement = lru_cache(512)(text)


class Served:
    """A connection to a server, as a transaction uses it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Mapping[str, Any], /) -> Any:
        """Run a statement, whose parameters are written `:name`; return its cursor."""
        return self._connection.execute(_statement(sql), values)

    def executemany(self, sql: str, values: Sequence[Mapping[str, Any]], /) -> Any:
        """Run a statement once for each of the values."""
        return self._connection.execute(_statement(sql), values)


@contextmanager
def begin(engine: Engine, actor: Actor, clock: Callable[[], float]) -> Iterator[Tx]:
    """Open a transaction; commit at the end, roll back on any error."""
    with engine.begin() as connection:
        connection.execute(_statement("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})
        tx = Tx(Served(connection), actor, clock())
        yield tx
        tx.flush()
        if tx.has_recorded:
            connection.execute(_statement("NOTIFY halftui"))


def make_engine(place: str | Path, busy_seconds: float) -> Engine:
    """Return an engine for a server's URL or a SQLite file.

    SQLite's transactions begin IMMEDIATE and its commits are durable.
    """
    if isinstance(place, str):
        return create_engine(place, pool_pre_ping=True)
    engine = create_engine(
        URL.create("sqlite", database=str(place)),
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
