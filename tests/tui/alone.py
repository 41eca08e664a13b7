"""Runs the board of a database alone: `python -m tests.tui.alone DATABASE BOARD`."""

import sys

from halftui.domain.actor import person
from halftui.errors import Refused
from halftui.service.review import Review
from halftui.service.service import Service
from halftui.store.store import Store
from halftui.tui.app import HalfApp


def _no_review(board: str) -> Review:
    raise Refused(f"{board} has no repository here", "stage a real one for reviews")


if __name__ == "__main__":
    database, name = sys.argv[1:]
    store = Store(f"sqlite:///{database}")
    HalfApp(Service(store, person("ann"), _no_review), name).run()
    store.close()
