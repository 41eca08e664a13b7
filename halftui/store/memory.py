"""What one home remembers of the histories that it signed, outside of their databases."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.domain.history import Place
from halftui.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from halftui.store.store import Store

FILE = "remembered.json"
TURN_SECONDS, LOOK_SECONDS = 5.0, 0.05  # what another process of this home may hold the file for
Places = tuple[Place, ...]  # any of them may stand in the history; none: nothing is remembered


class Memory:
    """What a home remembers of one database: a file for its owner alone, a record for each database."""

    def __init__(self, home: Path, store: Store) -> None:
        self._home = home
        self._store = store
        self.file = home / FILE

    @cached_property
    def _name(self) -> str:
        """What the database is called: a home that is moved takes it along; an address may hold secrets."""
        import hashlib  # the first frame needs no OpenSSL

        store = self._store
        named = os.path.relpath(store.path, self._home) if store.path is not None else store.shown_url
        return hashlib.sha256(named.encode()).hexdigest()

    def recall(self) -> Places:
        """Return what is remembered of the database.

        Raises Misconfigured if the file is damaged or others may read it, Unavailable if it can't be read.
        """
        return self._all().get(self._name, ())

    @contextmanager
    def held(self) -> Iterator[Places]:
        """Yield what is remembered; no other process of this home changes it within the context.

        Raises Unavailable if another one holds it for long, and what `recall` raises.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise self._unwritten(error) from error
        try:
            _take_turn(folder)
            yield self.recall()
        finally:
            os.close(folder)

    def keep(self, *places: Place) -> None:
        """Remember places, each of which may stand, or nothing; call it within `held`.

        The file is written whole, or stays as it was. Raises Unavailable if it can't be written.
        """
        found = {**self._all(), self._name: places}
        fresh = self.file.with_name(f".{FILE}.{os.getpid()}")
        try:
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as opened:
                json.dump({name: kept for name, kept in found.items() if kept}, opened)
                opened.flush()
                os.fsync(opened.fileno())
            fresh.replace(self.file)
            folder = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise self._unwritten(error) from error

    def _all(self) -> dict[str, Places]:
        try:
            with self.file.open(encoding="utf-8", errors="replace") as opened:
                mode, text = os.fstat(opened.fileno()).st_mode, opened.read()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise Unavailable(
                f"{self.file} can't be read: {error.strerror}", "check its permissions"
            ) from error
        if mode & 0o077:
            raise Misconfigured(f"others may read or write {self.file}", f"chmod 600 {self.file}")
        try:
            return {name: tuple(_place(*one) for one in kept) for name, kept in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Misconfigured(
                f"{self.file} is damaged", "remove it: what this home remembered of its histories is lost"
            ) from error

    def _unwritten(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"{self.file} can't be written: {error.strerror}", "check the folder's permissions and its room"
        )


def _take_turn(folder: int) -> None:
    end = time.monotonic() + TURN_SECONDS
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise Unavailable("another process signs or restores", "try again in a moment") from error
            time.sleep(LOOK_SECONDS)
        else:
            return


def _place(seq: int, digest: str) -> Place:
    if type(seq) is not int or type(digest) is not str:
        raise TypeError("no place")
    return Place(seq, digest)
