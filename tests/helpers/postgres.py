"""A throwaway PostgreSQL server on a unix socket, run by another user than root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

GIVEN = "HALFTUI_TEST_POSTGRES"  # a URL of a server in whose databases the tests may write
START_SECONDS = 30.0


def is_there() -> bool:
    """Return True if there is a server to use or to start."""
    return bool(os.environ.get(GIVEN) or _programs())


@contextmanager
def server() -> Iterator[Callable[[str], str]]:
    """Yield a function that turns a database's name into its URL on a server."""
    if os.environ.get(GIVEN):
        given = urlsplit(os.environ[GIVEN])
        yield lambda name: urlunsplit(given._replace(path=f"/{name}"))
        return
    folder = Path(tempfile.mkdtemp(prefix="halftui-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with _running(folder):
            yield lambda name: f"postgresql://halftui@/{name}?host={folder}"
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    programs = _programs()
    assert programs is not None
    user = None if os.geteuid() else "nobody"
    if user:
        shutil.chown(folder, user)
    cluster = folder / "cluster"
    subprocess.run(
        [programs / "initdb", "-D", cluster, "-U", "halftui", "-A", "trust", "--no-sync", "-E", "UTF8"],
        user=user, check=True, capture_output=True, timeout=120, cwd="/", env=_env(folder),
    )  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-k", folder, "-c", "listen_addresses=", "-F"],
            user=user, stdout=log, stderr=log, cwd="/", env=_env(folder),
        )  # fmt: skip
    try:
        _await_socket(process, folder)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # fast: connections are ended
        process.wait(timeout=30)


def _await_socket(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not (folder / ".s.PGSQL.5432").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "server.log").read_text(encoding="utf-8"))
        time.sleep(0.05)


def _env(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}


def _programs() -> Path | None:
    if os.geteuid() == 0 and not _has("nobody"):
        return None
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


def _has(user: str) -> bool:
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False
