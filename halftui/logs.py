"""Writes what the program does as JSON lines into the home folder; nothing goes to the terminal."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST = 5_000_000
KEPT = 3
# Libraries that would say it on the terminal, some of them (as acp) by the root.
STRANGERS = ("aiohttp", "asyncio", "asyncssh", "claude_agent_sdk", "")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One record as one line of JSON, with everything given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {
            "at": self.formatTime(record),
            "level": record.levelname.lower(),
            "room": record.name,
            "said": record.getMessage(),
        } | {key: str(value) for key, value in record.__dict__.items() if key not in _PLAIN}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class OwnFile(RotatingFileHandler):
    """A log that its owner alone may read, in letters that hold everything."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace")


def start(folder: Path, level: str) -> Path | None:
    """Log into `folder`/halftui.log and return that path, or None where it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler: logging.Handler = OwnFile(folder / "halftui.log", maxBytes=LARGEST, backupCount=KEPT)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(JsonLines())
    for name, least in (("halftui", level.upper()), *((name, "WARNING") for name in STRANGERS)):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(least)
        logger.addHandler(handler)
    return None if isinstance(handler, logging.NullHandler) else folder / "halftui.log"


@contextmanager
def elsewhere(folder: Path, level: str) -> Iterator[None]:
    """Log into another folder for as long. If that ends well, a log that has nothing and its folder go."""
    loggers = [logging.getLogger(name) for name in ("halftui", *STRANGERS)]
    before = [(logger, logger.level, handler) for logger in loggers for handler in logger.handlers]
    for logger, _, handler in before:
        logger.removeHandler(handler)
    try:
        start(folder, level)
        yield
    finally:
        for logger in loggers:
            for handler in logger.handlers[:]:
                logger.removeHandler(handler)
                handler.close()
        for logger, old, handler in before:
            logger.setLevel(old)
            logger.addHandler(handler)
    for log in {Path(handler.baseFilename) for *_, handler in before if isinstance(handler, OwnFile)}:
        with suppress(OSError):
            if not log.stat().st_size and list(log.parent.iterdir()) == [log]:
                log.unlink()
                log.parent.rmdir()
