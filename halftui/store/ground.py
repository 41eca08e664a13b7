"""The ground on which a database stands: whose it is, and who may read its file."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.errors import Misconfigured

if TYPE_CHECKING:
    from halftui.store.store import Rows

OURS = frozenset({"board", "bead", "event"})  # of the first schema and of all since
OTHERS = 0o077  # what nobody but a file's owner may do
BESIDE = ("", "-wal", "-shm", ".before-upgrade")  # the names of a database's files, after its own
_OF_FILE = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
)
_OF_SERVER = (  # but for those that its extensions brought along
    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v') AND NOT EXISTS"
    " (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
)


def require_ours(rows: "Rows", place: str, *, is_file: bool) -> None:
    """Raise Misconfigured if another program keeps its tables in the database at `place`."""
    found = {str(row[0]) for row in rows.rows(_OF_FILE if is_file else _OF_SERVER)}
    mark = int(rows.rows("PRAGMA application_id")[0][0]) if is_file else 0
    if found >= OURS or not (found - {"alembic_version"} or mark):
        return
    named = ", ".join(sorted(found - {"alembic_version"})[:3])
    raise Misconfigured(
        f"the database {place} belongs to another program" + (f": it has {named}" if named else ""),
        "name an empty one, or one that is not there yet, with --database",
    )


def make_file(file: Path) -> None:
    """Make an empty file that its owner alone may read; one that is there stays as it is."""
    with suppress(OSError):  # who opens it as a database says more
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def open_files(files: Sequence[Path]) -> list[Path]:
    """Return those of the files and folders that others than their owner may read, write or enter."""
    found = []
    for file in files:
        with suppress(FileNotFoundError, NotADirectoryError):
            if file.stat().st_mode & OTHERS:
                found.append(file)
    return found
