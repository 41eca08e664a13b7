"""Every session script, in this process and as processes of their own."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Line, empty, line, repository
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


def test_the_scripts_are_of_commands() -> None:
    steps = [step for file in scripts() for step in read(file)]
    assert all(shlex.split(step.command)[0] == "halftui" for step in steps)
    assert {step.role for step in steps} >= {"admin", "viewer", "operator", "maintainer", "leader", "worker"}
