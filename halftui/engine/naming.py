"""The names and labels of what an attempt has outside the database, the same for every board of a home."""

import fcntl
import hashlib
import re
import secrets
import socket
from functools import cache
from pathlib import Path

HOME_LABEL = "home"
ATTEMPT_LABEL = "attempt"
SESSION_LABEL = "session"


def sandbox_name(home: Path, attempt: str) -> str:
    """Return the name of an attempt's sandbox, the same for every board of this home."""
    return f"halftui-{home_label(home)}-{_short(attempt)}"


def socket_folder(home: Path, attempt: str) -> Path:
    """Return the folder of an attempt's socket, the same for every board of this home."""
    return home / "run" / _short(attempt)


def home_label(home: Path) -> str:
    """Return what tells this installation's sandboxes from another's."""
    return hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:8]


@cache
def home_name(home: Path) -> str:
    """Return what people and other homes over the same database call this one; made when first asked for.

    A path is no name: two machines may have the same one.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40] or "home"
    with (home / "name").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (found := file.read().strip()):
            found = f"{host}-{secrets.token_hex(3)}"
            file.write(f"{found}\n")
    return found


def collab_key(place: str) -> str:
    """Return what tells a board's present collaboration repository from others that it had."""
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def _short(attempt: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", attempt)[:40]
    is_faithful = plain == attempt.replace("@", "-")
    return plain if is_faithful else f"{plain}-{hashlib.sha256(attempt.encode()).hexdigest()[:6]}"
