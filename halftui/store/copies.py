"""Copies of a SQLite database: taken while it is in use, and put back whole or not at all."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from halftui.domain.history import Place
from halftui.errors import HalfTUIError, Misconfigured, NewerDatabase, NotFound, Refused, Unavailable
from halftui.store.ground import make_file
from halftui.store.sqlite import is_there
from halftui.store.store import KNOWN, Store, translated

_SERVER = "the database is on a server"
_SERVER_HINT = "use its own tools: pg_dump and pg_restore"


def backup(store: Store, target: Path) -> int:
    """Copy a database into a new file, readable by its owner alone; return its bytes.

    Raises what `require_place` raises, and Misconfigured if the file can't be made.
    """
    path = require_place(store, target)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise Misconfigured(f"{target} can't be made: {error.strerror}", "name another place") from error
    try:
        _copy(path, fresh, is_single=True)
        _check(fresh)
        fresh.rename(target)
    finally:
        fresh.unlink(missing_ok=True)
    return target.stat().st_size


def require_place(store: Store, target: Path) -> Path:
    """Return the database's file if it can be copied to `target`.

    Raises Refused if that exists or the database is on a server, NotFound if there is no database.
    """
    if store.path is None:
        raise Refused(_SERVER, _SERVER_HINT)
    if not store.revision():
        raise NotFound("there is no HalfTUI database yet", "run: halftui init")
    if target.exists() or target.is_symlink():
        raise Refused(f"{target} is there already", "name a new file")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise Misconfigured(f"{target.parent} is no folder to write to", "name another place")
    return store.path


def _newest(source: Path) -> Place:
    """Return a copy's newest event; number 0, which every history has, if events have no hash yet."""
    with translated(str(source)), closing(_opened(source)) as opened:
        if "hash" not in {row[1] for row in opened.execute("PRAGMA table_info(event)")}:
            return Place(0, "")
        found = opened.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return Place(*found) if found else Place(0, "")


def restore(store: Store, source: Path, announce: Callable[[Place], None]) -> Path | None:
    """Put a copy in a database's place; return where the present one is kept, if there was one.

    `announce` is called with the copy's newest event before anything is changed.
    Raises Misconfigured if the copy is damaged or none of ours, NewerDatabase if a newer HalfTUI
    wrote it, Unavailable if another process writes meanwhile.
    """
    if store.path is None:
        raise Refused(_SERVER, _SERVER_HINT)
    _check(source)
    announce(_newest(source))
    store.close()
    kept = _keep(store.path)
    store.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_file(store.path)
    _copy(source, store.path)
    store.prepare()
    return kept


def _keep(path: Path) -> Path | None:
    """Copy what is in a database's place beside it, or move it if it is damaged; return where it is."""
    if not is_there(path) or not path.stat().st_size:
        return None
    kept = _free_name(path)
    kept.touch(mode=0o600)
    try:
        _copy(path, kept, is_single=True)
        with translated(str(kept)), closing(_opened(kept)) as copy:
            is_whole = copy.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
    except Misconfigured:  # SQLite copies nothing out of what is damaged, and writes nothing over it
        is_whole = False
    except HalfTUIError:
        kept.unlink()
        raise
    if not is_whole:
        path.replace(kept)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        if (log := path.with_name(f"{path.name}-wal")).exists():
            log.replace(kept.with_name(f"{kept.name}-wal"))
    return kept


def _copy(source: Path, target: Path, *, is_single: bool = False) -> None:
    with translated(str(target)), closing(_opened(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=-1)
        if is_single:  # nothing beside the one file
            new.execute("PRAGMA journal_mode = DELETE")


def _check(file: Path) -> None:
    """Raise unless a file is a whole database that this program can read."""
    with translated(str(file)), closing(_opened(file)) as opened:
        if (said := opened.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise Misconfigured(f"{file} is damaged: {said}", "take another copy")
        if opened.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise Misconfigured(f"{file} has rows that miss others", "take another copy")
        tables = {str(row[0]) for row in opened.execute("SELECT name FROM sqlite_master")}
        if not {"alembic_version", "board", "event"} <= tables:
            raise Misconfigured(f"{file} is no database of HalfTUI", "name what `halftui backup` made")
        (revision,) = opened.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    if revision not in KNOWN:
        raise NewerDatabase(f"{file} was written by a newer HalfTUI (schema {revision})", "update halftui")


def _opened(file: Path) -> sqlite3.Connection:
    if not file.is_file():
        raise Misconfigured(f"{file} is no file", "name what `halftui backup` made")
    connection = None
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(f"{file} can't be read: {error}", "check its permissions") from error
        raise Misconfigured(f"{file} is damaged: {error}", "take another copy") from error
    return connection


def _free_name(file: Path) -> Path:
    number = 1
    while (kept := file.with_name(f"{file.name}.before-restore-{number}")).exists():
        number += 1
    return kept
