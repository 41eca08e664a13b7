"""A git that hangs holds up neither the database, nor the engine's rounds, nor what people do meanwhile."""

import asyncio
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from halftui.domain import plan
from halftui.domain.shown import BoardRow
from halftui.ops import beads, plans, views
from tests.helpers.boards import commits, scene, script

_WRAPPER = """#!/bin/sh
case " $* " in *" {verb} "*) : > "{folder}/arrived.$$"; read -r _ < "{folder}/gate" ;; esac
exec {git} "$@"
"""


class Gate:
    """Lets every run of one verb of git wait until it is opened."""

    def __init__(self, folder: Path, verb: str) -> None:
        folder.mkdir()
        os.mkfifo(folder / "gate")
        wrapper = folder / "git"
        wrapper.write_text(_WRAPPER.format(verb=verb, folder=folder, git=shutil.which("git")))
        wrapper.chmod(0o700)
        self._folder = folder
        self._held = os.open(folder / "gate", os.O_RDWR)

    @property
    def arrived(self) -> int:
        """How many runs came to it."""
        return len(list(self._folder.glob("arrived.*")))

    def open(self) -> None:
        """Let all of them through, and those to come."""
        os.write(self._held, b"\n" * 1000)

    def close(self) -> None:
        """Give back what it holds."""
        os.close(self._held)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Put a git on the PATH whose `reset`, which fills a new clone, waits."""
    made = Gate(tmp_path / "slow", "reset")
    monkeypatch.setenv("PATH", f"{tmp_path / 'slow'}:{os.environ['PATH']}")
    yield made
    made.close()


async def test_clones_that_hang_hold_up_no_reading_and_no_claim(tmp_path: Path, gate: Gate) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))  # as the database has them
    async with scene(tmp_path) as at:
        many = [at.add(f"Bead {n}", script(commits(f"{n}.txt"), {"text": "done"})) for n in range(3)]
        async with at.working():
            await at.until(lambda: all(at.see(bead).card.state == "active" for bead in many))
            await at.until(lambda: gate.arrived == 1)  # the others wait for its lock
            added = await asyncio.to_thread(at.add, "Meanwhile", script({"text": "done"}))
            await at.until(lambda: at.see(added).card.state == "active")
            assert gate.arrived == 1, "it hung all the while"
            gate.open()
            await at.until(lambda: at.house.service.read(views.lane, at.board.id, "review").total == 4)


async def test_a_landing_that_hangs_holds_up_no_other_bead(tmp_path: Path) -> None:
    asked, opened = threading.Event(), threading.Event()

    def land(_board: BoardRow, _convoy: str) -> str:
        asked.set()
        assert opened.wait(120)
        return ""

    async with scene(tmp_path) as at:
        read = plan.read({"name": "Trip", "integration": True, "beads": [{"key": "a", "title": "a"}]})
        made = at.house.service.write(plans.make, at.board.id, read, starts=True)
        at.house.service.write(beads.cancel, *made.beads.values())
        async with at.working(land=land):
            try:
                await at.until(asked.is_set)
                bead = at.add("Meanwhile", script({"text": "done"}))
                await at.until(lambda: at.see(bead).card.state == "review")
            finally:
                opened.set()
