"""What only SQLAlchemy does: transactions of a database server, and the connection that migrations use."""

import time
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

STILL_SECONDS = 60.0  # that a program, which was stopped or whose machine sleeps, may hold a transaction
HOUR = 3_600  # after which a connection is made anew, and the server's clock read again
_FLOWS = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # nobody sets it, and it counts sleep
# Of libpq: seconds to connect, then until a server is given up that says nothing any more.
PATIENCE = {
    "connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # fmt: skip

_statement = lru_cache(512)(text)


class ServerClock:
    """A server's time: one for all who share its database, whatever the clocks of their machines say."""

    def __init__(self, engine: Engine) -> None:
        self._ahead: float | None = None  # of this machine's own flow of time

        @event.listens_for(engine, "connect")
        def _read(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            found = cursor.fetchone()
            cursor.close()
            connection.commit()
            self._ahead = float(found[0]) - time.clock_gettime(_FLOWS) if found else None

    def __call__(self) -> float:
        """Return the time, UTC seconds; before the first connection it is this machine's."""
        return time.time() if self._ahead is None else time.clock_gettime(_FLOWS) + self._ahead


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
    engine = create_engine(url, pool_pre_ping=True, pool_recycle=HOUR, connect_args=patience)

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
