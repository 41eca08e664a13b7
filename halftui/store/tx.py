"""One transaction: a session, an actor, and the events it leaves."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, text
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
BATCH = 400  # ids in one statement, below every database's limit of parameters

_APPEND = (  # plain SQL: it costs a third of what the ORM takes for it
    "INSERT INTO event (seq, at, actor, verb, board_id, subject, before, after, hash)"
    " VALUES (:seq, :at, :actor, :verb, :board_id, :subject, :before, :after, :hash)"
)
_EVENT = ("seq", "at", "actor", "verb", "board_id", "subject", "before", "after", "hash")

Table = TypeVar("Table", bound=SQLModel)

_statement = lru_cache(512)(text)


class Tx:
    """A running transaction of one actor; rows never leave it."""

    def __init__(self, session: Session, actor: Actor, now: float) -> None:
        self.session = session
        self.actor = actor
        self.now = now
        self.has_recorded = False  # True once an event was appended
        self._file: Any = None  # the connection below the session's, once that has begun on SQLite
        self._tail: tuple[int, str] | None = None  # number and hash of the newest event

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`, whose parameters are written `:name`."""
        found: Sequence[tuple[Any, ...]] = self._ran(sql, values).fetchall()
        return found

    def rows_of(self, sql: str, ids: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement that ends in IN, over any number of ids."""
        wanted = list(ids)
        for start in range(0, len(wanted), BATCH):
            named = {f"i{n}": one for n, one in enumerate(wanted[start : start + BATCH])}
            yield from self.rows(f"{sql} ({', '.join(f':{name}' for name in named)})", **named)

    def change(self, sql: str, **values: Any) -> int:
        """Run an UPDATE or DELETE; return how many rows it touched."""
        count: int = self._ran(sql, values).rowcount
        self.session.expire_all()
        return count

    def run(self, sql: str, **values: Any) -> None:
        """Run a statement on rows that this transaction has not loaded: what is loaded stays as it is."""
        self._ran(sql, values)

    def _ran(self, sql: str, values: Mapping[str, Any]) -> Any:
        """Run a statement after all that waits to be written, and return its cursor.

        On SQLite without SQLAlchemy between: that would cost ten times what the statement does.
        """
        self.session.flush()
        if self._file is not None:
            return self._file.execute(sql, values)
        connection = self.session.connection()
        if connection.dialect.name == "sqlite":
            self._file = connection.connection.driver_connection
            return self._ran(sql, values)
        return connection.execute(_statement(sql), values)

    def change_each(self, sql: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT or UPDATE once for each of the values."""
        if values:
            self.session.flush()
            self.session.connection().execute(text(sql), values)
            self.session.expire_all()

    def add_each(self, table: type[SQLModel], values: Sequence[Mapping[str, Any]]) -> None:
        """Add many rows at once; each names all columns."""
        if values:
            self.session.flush()
            self.session.connection().execute(insert(table), values)

    def get(self, table: type[Table], key: str | int) -> Table:
        """Return a row. Raises NotFound."""
        row = self.session.get(table, key)
        if row is None:
            noun = table.__name__.lower()
            raise NotFound(
                f"there is no {noun} {clean_line(str(key), longest=80)}", f"halftui {noun} list shows them"
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
        self.run(_APPEND, **self._event(verb, subject, board, before or {}, after))

    def record_each(self, verb: str, board: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Append the events of one change to many subjects: what each is after it."""
        self.has_recorded = True
        self.add_each(Event, [self._event(verb, one, board, {}, after) for one, after in changes.items()])

    def _event(
        self, verb: str, subject: str, board: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the next event's row, chained to the one before it."""
        number, digest = self._tail or self._newest()
        seq, texts = number + 1, [json.dumps(value, ensure_ascii=False) for value in (before, after)]
        row = (seq, self.now, str(self.actor), verb, board, subject, texts[0], texts[1])
        self._tail = seq, history.link(digest, row)
        return dict(zip(_EVENT, (*row, self._tail[1]), strict=True))

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
