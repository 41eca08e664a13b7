"""A command in another process hears at once who takes the bead that it makes, or why nobody does."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from halftui.domain.actor import ENGINE
from halftui.domain.assign import Rules
from halftui.ops import boards, heartbeats, slots
from tests.helpers.boards import Scene, scene, script


async def _run(at: Scene, *words: str) -> str:
    env = {
        "PATH": os.environ["PATH"], "HOME": str(at.repository.parent), "HALFTUI_USER": "ann",
        "HALFTUI_HOME": str(at.house.home), "PYTHONPATH": os.environ.get("PYTHONPATH", str(Path.cwd())),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halftui", *words, cwd=at.repository, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_the_answer_names_the_agent(tmp_path: Path) -> None:
    async with scene(tmp_path) as at, at.working():
        await at.until(lambda: at.house.service.read(slots.engine) is not None)
        work = script({"delay": 60, "text": "done"})  # stopped at the end
        for name in ("Toast", "Maple"):
            said = await _run(at, "add", "Something", "-d", work)
            assert said.endswith(f"is {name}'s\n"), said
        made: dict[str, Any] = json.loads(await _run(at, "add", "Third", "-d", work, "-o", "json"))
        assert (made["state"], made["assignee"]) == ("active", "Onyx")
        at.house.service.write(boards.edit, at.board.id, cap=1)
        said = await _run(at, "add", "Too many", "-d", work)
        assert "is not ready: all 1 slots of this board are taken" in said


async def test_without_an_engine_nobody_is_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        said = await _run(at, "add", "Something")
        assert said.endswith("is queued; agents start when a board is open: halftui\n")
        at.house.store.write(ENGINE, heartbeats.beat, "another", 4, Rules())  # which takes nothing
        assert (await _run(at, "add", "Something")).endswith("is queued\n")


async def test_draining_lets_live_attempts_end_and_starts_no_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        first = at.add("First", script({"delay": 1.0, "text": "done"}))
        async with at.working() as engine:
            await at.until(lambda: bool(engine.live))
            engine.drain()
            second = at.add("Second", script({"text": "done"}))
            await at.until(lambda: at.house.service.read(slots.engine) is None)
        assert at.see(first).card.state == "review"
        assert not at.see(second).attempts
