"""What only SQLAlchemy does: transactions of a database server, and the connection that migrations use."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from halftui.domain.actor import Actor
from halftui.store.sqlite import PRAGMAS
from halftui.store.tx import Tx

# One writer at a time on PostgreSQL too, as BEGIN IMMEDIATE has it on SQLite: then caps and cycles that
# were checked still hold at the commit, and a tail of the events by seq misses none.
WRITE_LOCK = 0x48616C66

STILL_SECONDS = (
    60.0  # a program that stops (or its machine, that sleeps) within a transaction holds it no longer
)
# Of libpq: seconds to connect, then until a server is given up that says nothing any more.
PATIENCE = {
    "connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip

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


def _engine_of_server(url: URL, busy_seconds: float) -> Engine:
    """Return an engine for which a server that fell silent, and a writer that stands still, are no end."""
    patience = {name: value for name, value in PATIENCE.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=patience)

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {int(busy_seconds * 1000)}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {int(STILL_SECONDS * 1000)}")
        cursor.close()
        connection.commit()

    return engine


def make_engine(place: str | Path, busy_seconds: float) -> Engine:
    """Return an engine for a server's URL or a SQLite file.

    Who waits for longer than `busy_seconds` for the turn to write gives up. SQLite's transactions begin
    IMMEDIATE and its commits are durable.
    """
    if isinstance(place, str):
        return _engine_of_server(make_url(place), busy_seconds)
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
