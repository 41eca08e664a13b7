"""The database's door: read by plain SQL rows, write by one transaction, wake when it changed.

A SQLite file needs only the standard library, so commands and the first frame do not pay for
importing the ORM; the same SQL runs on PostgreSQL through SQLAlchemy.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import Empty, Full, LifoQueue
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from halftui.errors import Conflict, HalfTUIError, Misconfigured, NewerDatabase, Unavailable
from halftui.store.ground import make_file, require_ours
from halftui.store.sqlite import HELD, NO_DATABASE, MissingTable, Writer, connect, is_there

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from halftui.domain.actor import Actor
    from halftui.store.tx import Tx

HEAD = "0023"  # the newest migration; a test holds it against Alembic's
KNOWN = (
    "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009",
    "0010", "0011", "0012", "0013", "0014", "0015", "0016", "0017", "0018", "0019",
    "0020", "0021", "0022", "0023",
)  # fmt: skip
BUSY_SECONDS = 5.0
UPGRADE_SECONDS = 60.0  # that a process waits while another one brings the schema up to date
KEPT_READERS = 4
SQLITE = "sqlite:///"
RESTORE = "put a copy back: halftui restore FILE"

P = ParamSpec("P")
R = TypeVar("R")


class Rows(Protocol):
    """Whatever answers SQL with plain rows: a reading connection or a transaction."""

    @property
    def now(self) -> float:
        """UTC seconds; one value for the whole reading or transaction."""

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`, whose parameters are written `:name`."""


class SqliteReader:
    """A reading of a SQLite file."""

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self._connection = connection
        self.now = now

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`."""
        return self._connection.execute(sql, values).fetchall()


class ServerReader:
    """A reading of a database server."""

    def __init__(self, connection: Any, now: float) -> None:
        self._connection = connection
        self.now = now

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`."""
        from sqlalchemy import text

        rows: Sequence[tuple[Any, ...]] = self._connection.execute(text(sql), values).all()
        return rows


class Store:
    """One database. Its methods block; call them from a thread where a loop runs.

    Without a `clock` it is this machine's for a file, and the server's for all who share a server: leases
    and turns are compared over machines.
    Raises Misconfigured for a URL of a kind that is not known.
    """

    def __init__(self, url: str, clock: Callable[[], float] | None = None) -> None:
        self.url = _checked(url)
        self.clock = clock or time.time
        self._has_clock = clock is not None
        self.path = Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None
        self._log = f"{self.path}-wal"
        self.generation = 0  # grows with every write of this process
        self._listeners: list[Callable[[], None]] = []
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue(KEPT_READERS)
        self._writer = Writer(self.path, BUSY_SECONDS) if self.path else None
        self._engine: Engine | None = None
        self._opening = threading.Lock()
        self._stamper: sqlite3.Connection | None = None  # data_version speaks of one connection
        self._stamping = threading.Lock()

    def read(self, query: Callable[Concatenate[Rows, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `query(rows, …)` returns, all of it from one point in time."""
        with translated(self.url), self._reader() as reader:
            return query(reader, *args, **kwargs)

    def write(
        self,
        actor: Actor,
        op: Callable[Concatenate[Tx, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Run `op(tx, …)` as `actor` in one transaction; commit if it returns, else change nothing."""
        with translated(self.url), self._begin(actor) as tx:
            result = op(tx, *args, **kwargs)
        if tx.has_recorded:
            self.wake()
        return result

    def wake(self) -> None:
        """Tell this process's listeners that something changed."""
        self.generation += 1
        for listener in tuple(self._listeners):
            listener()

    def on_wake(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) after each change; returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def stamp(self) -> int:
        """Return a number that is another one after any process wrote to the database."""
        if self.path is None:
            return int(self.read(lambda r: r.rows("SELECT coalesce(max(seq), 0) FROM event"))[0][0])
        with translated(self.url), self._stamping:
            if self._stamper is None:
                self._stamper = self._connection(self.path)
            return int(self._stamper.execute("PRAGMA data_version").fetchone()[0])

    def glance(self) -> int:
        """Return a number that nearly always is another one after a write to a SQLite file; 0 elsewhere."""
        try:
            return os.stat(self._log).st_mtime_ns if self.path else 0  # noqa: PTH116 - twenty times a second
        except FileNotFoundError:
            return 0

    def engine(self) -> Engine:
        """Return SQLAlchemy's engine, made on first use: for a server, and for migrations."""
        from halftui.store.server import ServerClock, make_engine

        with self._opening:
            if self._engine is None:
                self._engine = make_engine(self.path or self.url, BUSY_SECONDS)
                if self.path is None and not self._has_clock:
                    self.clock = ServerClock(self._engine)
        return self._engine

    def prepare(self) -> None:
        """Bring the database to this program's schema, making it if there is none.

        Raises NewerDatabase if a later version wrote it, Misconfigured if the place is not writable or
        holds another program's tables.
        """
        found = self.revision()
        if found == HEAD:
            return
        if found or self.path is None or is_there(self.path):
            self.read(require_ours, self.shown_url, is_file=self.path is not None)
        if found and found not in KNOWN:
            raise NewerDatabase(
                f"the database {self.shown_url} was written by a newer HalfTUI (schema {found})",
                "update halftui, or name another database with --database",
            )
        if self.path:
            _make_folder(self.path.parent)
            make_file(self.path)
        from halftui.store.schema import upgrade
        from halftui.store.server import make_engine

        # Others may begin at the same moment, and all but the first wait for the whole of its migrations.
        engine = make_engine(self.path or self.url, UPGRADE_SECONDS)
        try:
            with translated(self.url):
                upgrade(engine, self.path if found else None)
        finally:
            engine.dispose()

    def revision(self) -> str:
        """Return the schema's revision, or "" if there is no database yet."""
        if self.path and not is_there(self.path):
            return ""
        try:
            rows = self.read(lambda r: r.rows("SELECT version_num FROM alembic_version"))
        except MissingTable:
            return ""
        return str(rows[0][0]) if rows else ""

    @property
    def shown_url(self) -> str:
        """The database's place without a password."""
        if self.path:
            return str(self.path)
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def close(self) -> None:
        """Close every connection."""
        with self._stamping:  # SQLite crashes when a connection is closed under a thread that uses it
            if self._stamper is not None:
                self._stamper.close()
                self._stamper = None
        while not self._readers.empty():
            self._readers.get_nowait().close()
        if self._writer is not None:
            self._writer.close()
        if self._engine is not None:
            self._engine.dispose()

    def _begin(self, actor: Actor) -> AbstractContextManager[Tx]:
        if self._writer is not None:
            return self._writer.begin(actor, self.clock)
        from halftui.store.server import begin

        return begin(self.engine(), actor, self.clock)

    @contextmanager
    def _reader(self) -> Iterator[Rows]:
        if self.path is None:
            with self.engine().connect() as served:
                served.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                yield ServerReader(served, self.clock())
            return
        connection = self._connection(self.path)
        try:
            connection.execute("BEGIN")
            yield SqliteReader(connection, self.clock())
        finally:
            connection.rollback()
            try:
                self._readers.put_nowait(connection)
            except Full:
                connection.close()

    def _connection(self, path: Path) -> sqlite3.Connection:
        try:
            return self._readers.get_nowait()
        except Empty:
            return connect(path, BUSY_SECONDS, "query_only = 1")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Turn the database's own errors into HalfTUI's; what has no meaning here is a bug and passes."""
    try:
        yield
    except sqlite3.Error as error:
        if (meaning := _meaning(error)) is None:
            raise
        raise meaning from error
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise Misconfigured("PostgreSQL needs another package", "pip install halftui[postgres]") from error
    except Exception as error:
        if not type(error).__module__.startswith(("sqlalchemy.", "psycopg")):
            raise
        if (meaning := _meaning(getattr(error, "orig", None) or error)) is None:
            raise
        raise meaning from error


def _meaning(error: BaseException) -> HalfTUIError | None:
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, said):
            return meaning(said)
    if type(error).__name__ in ("OperationalError", "InterfaceError", "AdminShutdown", "TimeoutError"):
        return Unavailable(f"the database does not answer: {said}", "check --database and the server")
    return None


_MEANINGS: tuple[tuple[str, Callable[[str], HalfTUIError]], ...] = (
    (r'no such table|relation ".*" does not exist', lambda _: MissingTable(*NO_DATABASE)),
    (
        r"read-?only|unable to open|permission denied",
        lambda said: Misconfigured(
            f"the database can't be opened or written: {said}",
            "check the folder's permissions, or name another database with --database",
        ),
    ),
    (
        r"not a database|malformed",
        lambda said: Misconfigured(f"the database is damaged: {said}", RESTORE),
    ),
    (
        r"no such column|no column named|table \S+ already exists",
        lambda said: Misconfigured(f"the database is not as HalfTUI left it: {said}", RESTORE),
    ),
    (
        r"disk I/O error",  # SQLite's; a full disk says so too, when its index of the log can't grow
        lambda said: Unavailable(
            f"the disk under the database fails: {said}", "free some space, or look into the system's log"
        ),
    ),
    (
        r"locked|lock timeout|deadlock detected|could not serialize",
        lambda _: Unavailable(*HELD),
    ),
    (
        r"idle-in-transaction timeout",
        lambda _: Unavailable("this program stood still, so that the database gave it up", "try again"),
    ),
    (
        r"cannot contain NUL",  # of a server alone; what is stored was cleaned of it
        lambda _: Misconfigured("there is nothing with the character NUL in it", "leave it out"),
    ),
    (
        r"is full|No space left",
        lambda _: Unavailable("the disk under the database is full", "free some space; nothing was lost"),
    ),
    (
        r"UNIQUE constraint|unique constraint",
        lambda _: Conflict("somebody else made the same thing meanwhile", "look again"),
    ),
    (
        r"does not exist|authentication failed|Could not parse|invalid dsn",
        lambda said: Misconfigured(f"the database can't be used: {said}", "check --database"),
    ),
)


def _checked(url: str) -> str:
    kind, sign, rest = url.partition("://")
    if url.startswith(SQLITE) and len(url) > len(SQLITE):
        return url
    if sign and rest and kind in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    raise Misconfigured(
        f"{kind or 'nothing'} is no database that HalfTUI can use",
        "write sqlite:////folder/file.db or postgresql://user@host/name",
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Misconfigured(
            f"the folder {folder} can't be made: {error.strerror}",
            "set HALFTUI_HOME to a folder that you may write",
        ) from error
