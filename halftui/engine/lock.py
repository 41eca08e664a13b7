"""Sees to it that one process alone runs the engine of a home folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from halftui.errors import Misconfigured


@contextmanager
def sole_engine(home: Path) -> Iterator[bool]:
    """Yield True if this process is the one that runs the engine of `home`, else False.

    Raises Misconfigured if `home` can't be written.
    """
    with _opened(home) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        with suppress(OSError):  # on a full disk: the number is for people, the lock holds without it
            lock.truncate(0)
            os.write(lock.fileno(), f"{os.getpid()}\n".encode())
        yield True


def _opened(home: Path) -> TextIO:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (home / "engine.lock").open("a+")
    except OSError as error:
        raise Misconfigured(
            f"the folder {home} can't be written: {error.strerror}",
            "set HALFTUI_HOME to a folder that you may write",
        ) from error
