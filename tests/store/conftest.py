"""The databases of these tests."""

from tests.helpers.stores import board, clock, prepared_file, server, store, url

__all__ = ["board", "clock", "prepared_file", "server", "store", "url"]
