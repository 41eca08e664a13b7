"""Sees to it that one process alone runs the engine of a home folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sole_engine(home: Path) -> Iterator[bool]:
    """Yield True if this process is the one that runs the engine of `home`, else False."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "engine.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield True
