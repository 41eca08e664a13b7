"""What every test folder shares: the databases, a board in use, and the option `--slow`."""

import signal

import pytest
from hypothesis import settings

from halftui.store.store import Store
from tests.helpers.stores import board, clock, prepared_file, server, store, url
from tests.helpers.world import World

__all__ = ["board", "clock", "prepared_file", "server", "store", "url", "world"]

settings.register_profile("half", deadline=None)
settings.load_profile("half")

# A shell ignores SIGINT for what it runs in the background, and children inherit that: then the
# programs that tests start and interrupt would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)


# The files whose tests take longest, so that no worker is left with one of them at the end.
LONG = ("tests/tui/test_all_screens.py", "tests/e2e/", "tests/ssh/", "tests/props/")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow`."""
    parser.addoption("--slow", action="store_true", help="run the long soaks, too, and in full length")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest; skip the soaks without `--slow`."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="a long soak: run with --slow"))


@pytest.fixture
def world(store: Store, board: str) -> World:
    """Return a board in use."""
    return World(store, board)
