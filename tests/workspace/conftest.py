"""Fixtures of the git floor."""

from pathlib import Path

import pytest

from tests.workspace.scene import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).open()
