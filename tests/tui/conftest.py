"""Boards for the screens' tests; reading one that is only looked at is cheaper than making it."""

import time
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
def busy(tmp_path: Path) -> Stage:
    """A board in the middle of a day."""
    return stage.busy(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Stage:
    """A board without a bead."""
    return stage.empty(tmp_path)
