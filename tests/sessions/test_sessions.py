"""Every session script, in this process, as processes of their own, and over SSH with the real client."""

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from halftui.domain.actor import Role
from halftui.errors import Denied
from halftui.main.house import House
from halftui.ops import views
from halftui.settings import Settings
from tests.cli.conftest import Line, empty, line, repository
from tests.helpers.ssh import hosted, is_refused
from tests.sessions.script import Seen, play, read, scripts

ROOT = Path(__file__).parents[2]
__all__ = ["empty", "line", "repository"]


@pytest.mark.parametrize("file", scripts(), ids=lambda f: f.stem)
def test_in_this_process(line: Line, monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    def run(role: str, words: list[str]) -> Seen:
        monkeypatch.setenv("HALFTUI_TEST_ROLE", role)
        ran = line(*words)
        return Seen(ran.code, ran.out + ran.err)

    assert play(file, run) > 10


@pytest.mark.parametrize("file", scripts(), ids=lambda f: f.stem)
def test_as_processes(line: Line, file: Path) -> None:
    def run(role: str, words: list[str]) -> Seen:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "HALFTUI_TEST_ROLE": role}
        ran = subprocess.run(
            [sys.executable, "-m", "tests.helpers.command_line", *words],
            env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return Seen(ran.returncode, ran.stdout + ran.stderr)

    assert play(file, run) > 10


@pytest.mark.parametrize("file", scripts(), ids=lambda f: f.stem)
async def test_over_ssh(line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path) -> None:
    """What is not for guests is refused them, and then done at the machine, so that the script goes on."""
    house = House(Settings(home=str(line.home), sandbox="local"), {**os.environ, "HALFTUI_USER": "owner"})
    board = house.store.read(views.board, "shop")
    loop = asyncio.get_running_loop()
    async with hosted(house, board, tmp_path) as host:

        def run(role: str, words: list[str]) -> Seen:
            name = host.play(Role(role))
            over = host.run(name, *map(shlex.quote, words))
            ran = asyncio.run_coroutine_threadsafe(over, loop).result()
            if not is_refused(words):
                return Seen(ran.code, ran.out + ran.err)
            assert (ran.code, ran.out) == (Denied.exit_code, ""), words
            assert "is not for guests" in ran.err
            monkeypatch.setenv("HALFTUI_TEST_ROLE", role)
            local = line(*words)
            return Seen(local.code, local.out + local.err)

        assert await asyncio.to_thread(play, file, run) > 10


def test_the_scripts_are_of_commands() -> None:
    steps = [step for file in scripts() for step in read(file)]
    assert all(shlex.split(step.command)[0] == "halftui" for step in steps)
    assert {step.role for step in steps} >= {"admin", "viewer", "operator", "maintainer", "leader", "worker"}
