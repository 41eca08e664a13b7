"""Files that agents attach to beads: copied out of their folders, with no link followed, kept by content."""

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from halftui.domain.names import BEAD_BRANCHES
from halftui.errors import NotFound, Refused
from halftui.workspace.repository import Repository
from halftui.workspace.tree import branch_of

FOLDER = "artefacts"
CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_HINT = "name a plain file of yours; links are not followed"


class Kept(NamedTuple):
    """A file in the store."""

    digest: str  # SHA-256 of its content, which is its name there
    size: int


def store_of(repository: Repository, bead: str) -> Path:
    """Return the folder of the files that agents attached to a bead, beside its board's repository."""
    return repository.path.parent / FOLDER / branch_of(bead).removeprefix(BEAD_BRANCHES)


def take(root: Path, parts: Sequence[str], store: Path, cap: int) -> Kept:
    """Copy the file at `parts` below `root`, of at most `cap` bytes, into the folder `store`.

    Raises Refused if it is too large, or anything but a plain file in plain folders.
    """
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with _opened(root, parts) as source, tempfile.NamedTemporaryFile(dir=store, delete=False) as draft:
        try:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > cap:
                    raise Refused(f"{parts[-1]!r} is larger than {cap >> 20} MB", "attach less of it")
                digest.update(chunk)
                draft.write(chunk)
            draft.close()
            Path(draft.name).replace(store / digest.hexdigest())
        finally:
            Path(draft.name).unlink(missing_ok=True)
    return Kept(digest.hexdigest(), size)


def sweep(store: Path, wanted: Collection[str]) -> None:
    """Remove the files of a store that nobody wants."""
    for path in store.iterdir() if store.is_dir() else ():
        if path.name not in wanted:
            path.unlink()
    if not wanted and store.is_dir():
        with contextlib.suppress(OSError):  # somebody attaches something at this moment
            store.rmdir()


def _descend(root: Path, names: Sequence[str]) -> int:
    """Open a folder by folder, with no more than two open at a time: an agent chooses how deep."""
    here = os.open(root, _FOLDER)
    for name in names:
        try:
            below = os.open(name, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


@contextmanager
def _opened(root: Path, parts: Sequence[str]) -> Iterator[BinaryIO]:
    *folders, name = parts
    shown = "/".join(parts)
    with contextlib.ExitStack() as stack:
        try:
            here = _descend(root, folders)
            try:
                file = stack.enter_context(os.fdopen(os.open(name, _FILE, dir_fd=here), "rb"))
            finally:
                os.close(here)
        except FileNotFoundError as error:
            raise NotFound(f"there is no file {shown!r}", _HINT) from error
        except (OSError, ValueError) as error:
            raise Refused(f"{shown!r} can't be attached", _HINT) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refused(f"{shown!r} is no plain file", _HINT)
        yield file
