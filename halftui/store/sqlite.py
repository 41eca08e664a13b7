"""SQLite files: how they are opened, and the one connection of a process that writes."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from halftui.domain.actor import Actor
    from halftui.store.tx import Tx

NO_DATABASE = ("there is no HalfTUI database yet", "run: halftui init")
HELD = ("another process holds the database", "try again in a moment")
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")  # of who writes


class MissingTable(Unavailable):
    """The database has not been prepared."""


def connect(path: Path, busy_seconds: float, *pragmas: str) -> sqlite3.Connection:
    """Open a file that is there, for any thread; transactions begin when they are told to.

    Raises MissingTable if there is none, Misconfigured if its folder can't be looked into.
    """
    if not is_there(path):
        raise MissingTable(*NO_DATABASE)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",  # opening makes no file
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def is_there(path: Path) -> bool:
    """Return True if a file is there. Raises Misconfigured if its folder can't be looked into."""
    try:
        return path.exists()
    except OSError as error:
        raise Misconfigured(
            f"the database {path} can't be reached: {error.strerror}",
            "check the folder's permissions, or name another database with --database",
        ) from error


class Writer:
    """Writes to a file: one transaction at a time, for which other threads wait in line."""

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._turn = threading.Lock()

    @contextmanager
    def begin(self, actor: "Actor", clock: Callable[[], float]) -> "Iterator[Tx]":
        """Open a transaction; commit at the end, roll back on any error. Raises Unavailable if held."""
        from halftui.store.tx import Tx

        if not self._turn.acquire(timeout=self._busy_seconds):
            raise Unavailable(*HELD)
        try:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                tx = Tx(connection, actor, clock())
                yield tx
                tx.flush()
                connection.commit()
            finally:
                connection.rollback()  # of nothing, once it is committed
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close the connection, once no thread uses it."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, self._busy_seconds, *PRAGMAS)
        return self._connection
