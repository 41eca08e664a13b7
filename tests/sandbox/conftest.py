"""Places for a sandbox, and an engine for those that need one."""

from pathlib import Path

import pytest

from halftui.sandbox.base import Places
from tests.helpers.docker import agent_image, docker_host

__all__ = ["agent_image", "docker_host", "places"]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Give empty folders for a bead."""
    for name in ("work", "home", "sockets"):
        (tmp_path / name).mkdir()
    return Places(tmp_path / "work", tmp_path / "home", tmp_path / "sockets")
