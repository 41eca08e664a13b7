"""Boards for the screens' tests."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import stage
from tests.helpers.stage import Stage


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Stage]:
    """A board in the middle of a day."""
    made = stage.busy(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Stage]:
    """A board without a bead."""
    made = stage.empty(tmp_path)
    yield made
    made.store.close()
