"""Toasts: a few words at the corner; the same words are not stacked while they still stand."""

import time
from typing import Any, Literal
from weakref import WeakKeyDictionary

from textual.app import App
from textual.geometry import Region

DONE_SECONDS, REFUSED_SECONDS, AFTER_SECONDS = 3.0, 5.0, 0.3
COLUMN = 60  # cells at the right within which toasts stand

_STANDING: WeakKeyDictionary[App[Any], dict[tuple[str, str], float]] = WeakKeyDictionary()


def show(
    app: App[Any], words: str, title: str = "", kind: Literal["information", "warning"] = "information"
) -> None:
    """Show words until they were read, unless the very same still stand there."""
    seconds = REFUSED_SECONDS if kind == "warning" else DONE_SECONDS
    now = time.monotonic()
    standing = {told: end for told, end in _STANDING.get(app, {}).items() if end > now}
    if (title, words) not in standing:
        app.notify(words, title=title, severity=kind, timeout=seconds, markup=False)
        standing[title, words] = now + seconds
        app.set_timer(seconds + AFTER_SECONDS, lambda: _uncover(app))
    _STANDING[app] = standing


def _uncover(app: App[Any]) -> None:
    """Draw again where a toast stood.

    Textual draws what differs between two maps of the screen. If something scrolled while the toast stood,
    and anybody asks for a place after the toast has gone and before the next layout, the map is made anew
    without it: the layout then finds no difference, and the toast stays to be seen.
    """
    width, height = app.size
    app.screen.refresh(Region(max(width - COLUMN, 0), 0, min(COLUMN, width), height))
