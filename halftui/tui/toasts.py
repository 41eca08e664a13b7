"""Toasts: a few words at the corner; the same words are not stacked while they still stand."""

import time
from typing import Any, Literal
from weakref import WeakKeyDictionary

from textual.app import App

DONE_SECONDS, REFUSED_SECONDS, AFTER_SECONDS = 3.0, 5.0, 0.3

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
        # Where lines were drawn anew beneath it, what it covered is not drawn again by its end alone.
        app.set_timer(seconds + AFTER_SECONDS, lambda: app.screen.refresh())
    _STANDING[app] = standing
