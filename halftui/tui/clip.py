"""The clipboard of whoever looks: through the terminal, or a file where that is too much for it."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.app import App

from halftui.domain.text import clean

MOST_BYTES = 74_994  # of text; terminals drop a longer sequence (OSC 52) without a word


def copy(app: App[Any], text: str, what: str = "") -> None:
    """Copy a text without its control characters; say what was copied, and where a long one went."""
    plain = clean(text)
    name = what or _lines(plain)
    if len(plain.encode()) > MOST_BYTES:
        if not getattr(app, "has_files", True):  # widgets may have another app than the board's
            _say(app, "too long for a clipboard; the same by command prints all of it", name)
            return
        handle, path = tempfile.mkstemp(prefix="halftui-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(plain)
        _say(app, f"too long for a clipboard, saved: {Path(path)}", name)
        return
    app.copy_to_clipboard(plain)
    env: Mapping[str, str] = getattr(app, "env", os.environ)
    has_tmux = "TMUX" in env or env.get("TERM", "").startswith(("tmux", "screen"))
    hint = " · tmux passes it on with: set -g set-clipboard on" if has_tmux else ""
    _say(app, f"copied{hint}", name)


def _say(app: App[Any], words: str, title: str) -> None:
    app.notify(words, title=title, timeout=3, markup=False)


def _lines(text: str) -> str:
    count = text.count("\n") + 1
    return text if count == 1 and len(text) <= 40 else "1 line" if count == 1 else f"{count} lines"
