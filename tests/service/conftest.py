"""The databases of these tests."""

import pytest
from hypothesis import settings

from halftui.store.store import Store
from tests.helpers.stores import board, clock, prepared_file, server, store, url
from tests.helpers.world import World

__all__ = ["board", "clock", "prepared_file", "server", "store", "url", "world"]

settings.register_profile("half", deadline=None)
settings.load_profile("half")


@pytest.fixture
def world(store: Store, board: str) -> World:
    """Return a board in use."""
    return World(store, board)
