"""One transaction: a session, an actor, and the events it leaves."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from halftui.domain import history
from halftui.domain.actor import Actor
from halftui.domain.text import clean_line
from halftui.errors import Conflict, NotFound
from halftui.store.tables import Event

# One writer at a time on PostgreSQL too, as BEGIN IMMEDIATE has it on SQLite: then caps and cycles that
# were checked still hold at the commit, and a tail of the events by seq misses none.
WRITE_LOCK = 0x48616C66

Table = TypeVar("Table", bound=SQLModel)


class Tx:
    """A running transaction of one actor; rows never leave it."""

    def __init__(self, session: Session, actor: Actor, now: float) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.has_recorded = False  # True once an event was appended
        self._tail: tuple[int, str] | None = None  # number and hash of the newest event

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`, whose parameters are written `:name`."""
        self.session.flush()
        result: Sequence[tuple[Any, ...]] = self.session.connection().execute(text(sql), values).all()
        return result

    def change(self, sql: str, **values: Any) -> int:
        """Run an UPDATE or DELETE; return how many rows it touched."""
        self.session.flush()
        count = self.session.connection().execute(text(sql), values).rowcount
        self.session.expire_all()
        return count

    def change_each(self, sql: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT or UPDATE once for each of the values."""
        if values:
            self.session.flush()
            self.session.connection().execute(text(sql), values)
            self.session.expire_all()

    def get(self, table: type[Table], key: str) -> Table:
        """Return a row. Raises NotFound."""
        row = self.session.get(table, key)
        if row is None:
            noun = table.__name__.lower()
            raise NotFound(
                f"there is no {noun} {clean_line(key, longest=80)}", f"halftui {noun} list shows them"
            )
        return row

    def add(self, row: Table) -> Table:
        """Add a new row and return it."""
        self.session.add(row)
        return row

    def touch(self, row: Any, version: int | None) -> None:
        """Raise a row's version. Raises Conflict if it is not the `version` that was seen."""
        if version is not None and row.version != version:
            raise Conflict(f"{row.id} was changed meanwhile", "look at it again")
        row.version += 1
        if hasattr(row, "updated_at"):
            row.updated_at = self.now
        self.session.add(row)

    def record(
        self,
        verb: str,
        subject: str,
        board: str = "",
        before: Mapping[str, Any] | None = None,
        **after: Any,
    ) -> None:
        """Append the event of this change."""
        self.has_recorded = True
        seq, before_it = self._tail or self._newest()
        row = Event(
            seq=seq + 1,
            at=self.now,
            actor=str(self.actor),
            verb=verb,
            board_id=board,
            subject=subject,
            before=json.dumps(before or {}, ensure_ascii=False),
            after=json.dumps(after, ensure_ascii=False),
        )
        row.hash = history.link(
            before_it, (seq + 1, row.at, row.actor, row.verb, board, subject, row.before, row.after)
        )
        self._tail = seq + 1, row.hash
        self.session.add(row)

    def _newest(self) -> tuple[int, str]:
        """Return the newest event's number and hash; one writer at a time, so none comes between."""
        found = self.rows("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1")
        return (int(found[0][0]), str(found[0][1])) if found else (0, "")


@contextmanager
def begin(engine: Engine, actor: Actor, now: float) -> Iterator[Tx]:
    """Open a transaction; commit at the end, roll back on any error."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        tx = Tx(session, actor, now)
        if engine.dialect.name == "postgresql":
            tx.rows("SELECT pg_advisory_xact_lock(:key)", key=WRITE_LOCK)
        yield tx
        session.flush()
        if tx.has_recorded and engine.dialect.name == "postgresql":
            session.connection().execute(text("NOTIFY halftui"))


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
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
