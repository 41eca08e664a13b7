"""A report of what ended the screen, fit to be sent to somebody else: no secrets, no folders of the home."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from halftui.domain.redaction import Redactor
from halftui.domain.text import clean

LOG_LINES = 60
PACKAGES = ("halftui", "textual", "rich", "sqlmodel", "asyncssh", "claude-agent-sdk")
_SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_SHOWN = ("TERM", "COLORTERM", "LANG", "TMUX")  # of the environment; TMUX only as there or not


class Crash(Exception):
    """The screen ended by a bug, `error`; `redact` takes the secrets that it knew out of a text.

    `again` says how to go on.
    """

    def __init__(self, error: BaseException, redact: Callable[[str], str], again: str) -> None:
        super().__init__(str(error))
        self.error, self.redact, self.again = error, redact, again


def write(home: Path, error: BaseException) -> Path | None:
    """Write a report below `home`, for its owner's eyes only; None where that can't be written.

    The secrets that a Crash knows and those of the environment are taken out.
    """
    error, redact = (error.error, error.redact) if isinstance(error, Crash) else (error, Redactor())
    place = home / "reports" / time.strftime("crash-%Y%m%d-%H%M%S.txt", time.gmtime())
    text = redacted("\n".join(_told(home, error)), home, redact)
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError:
        return None
    return place


def redacted(text: str, home: Path, redact: Callable[[str], str], env: Mapping[str, str] = os.environ) -> str:
    """Return a text without secrets, control characters and the names of the home's folders."""
    own = Redactor(value for name, value in env.items() if _SECRET.search(name))
    text = own(redact(clean(text)))
    for folder, sign in ((str(home), "<data>"), (_place(Path.cwd), "<here>"), (_place(Path.home), "~")):
        if folder not in ("", os.sep):
            text = text.replace(folder, sign)
    return text


def _place(find: Callable[[], Path]) -> str:
    """Return a folder, "" if there is none: the one a program stands in may have been removed."""
    try:
        return str(find())
    except (OSError, RuntimeError):
        return ""


def _told(home: Path, error: BaseException) -> Iterator[str]:
    yield f"HalfTUI ended by a bug: {type(error).__name__}"
    yield f"python {sys.version.split()[0]} · {platform.system()} {platform.release()} {platform.machine()}"
    yield " · ".join(f"{name} {_version(name)}" for name in PACKAGES)
    yield " · ".join(f"{name}={_shown(name)}" for name in _SHOWN)
    yield ""
    yield from "".join(traceback.format_exception(error)).splitlines()  # without the values of variables
    yield ""
    yield "The last lines of the log:"
    yield from _last_lines(home / "halftui.log")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "as source"


def _shown(name: str) -> str:
    value = os.environ.get(name, "")
    return value if name != "TMUX" else "yes" if value else "no"


def _last_lines(log: Path) -> list[str]:
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, LOG_LINES)]
    except OSError:
        return ["there is none"]
