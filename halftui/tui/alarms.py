"""The terminal's bell, once for each question: somebody who looks elsewhere hears that an agent waits."""

from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App

from halftui.domain.shown import Snapshot

_HEARD: WeakKeyDictionary[App[Any], set[str]] = WeakKeyDictionary()  # the questions that there were


def ring(app: App[Any], snapshot: Snapshot) -> None:
    """Ring if there is a question that was not there before; those of the first snapshot are seen anyway."""
    asks = {ask.id for ask in snapshot.asks}
    if asks - _HEARD.setdefault(app, asks):
        app.bell()
    _HEARD[app] = asks
