"""A server for each test of a guest."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import textual.app

from tests.helpers.ssh import Host, serving


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a server changes for its whole process is changed back."""
    for name in ("redirect_stdout", "redirect_stderr"):
        monkeypatch.setattr(textual.app, name, getattr(textual.app, name))
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    """Serve a board."""
    async with serving(tmp_path) as served:
        yield served
