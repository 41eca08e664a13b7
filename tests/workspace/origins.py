"""The kinds of origin that a board may land on."""

from pathlib import Path

import pytest

from halftui.workspace.origin import Origin, locate
from tests.workspace.scene import World, git

BARE = "bare"
FOLDER = "folder"
ELSEWHERE = "elsewhere"
URL = "url"

FAKE_SSH = """#!/bin/sh
while [ $# -gt 1 ]; do shift; done
exec env -i PATH="$PATH" sh -c "$1"
"""


def prepare(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> Origin:
    """Turn the project into an origin of that kind."""
    if kind == FOLDER:
        return world.origin
    if kind == ELSEWHERE:
        git(world.project, "switch", "-q", "-c", "other")
        return locate(world.project, "main")
    git(world.home, "clone", "-q", "--bare", str(world.project), "central.git")
    world.project = world.home / "central.git"
    if kind == BARE:
        return locate(world.project)
    return as_url(world, monkeypatch)


def as_url(world: World, monkeypatch: pytest.MonkeyPatch) -> Origin:
    monkeypatch.setenv("GIT_SSH_COMMAND", str(_ssh(world)))
    return locate(f"ssh://someone@host.example{world.project}")


def _ssh(world: World) -> Path:
    ssh = world.home / "ssh"
    ssh.write_text(FAKE_SSH)
    ssh.chmod(0o755)
    return ssh
