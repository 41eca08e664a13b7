"""The names and labels of what an attempt has outside the database, the same for every board of a home."""

import hashlib
import re
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


def collab_key(place: str) -> str:
    """Return what tells a board's present collaboration repository from others that it had."""
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def _short(attempt: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", attempt)[:40]
    is_faithful = plain == attempt.replace("@", "-")
    return plain if is_faithful else f"{plain}-{hashlib.sha256(attempt.encode()).hexdigest()[:6]}"
