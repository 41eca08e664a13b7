"""Two clones side by side in a container: the result arrives, and the container sees nothing else."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from halftui.ops import collab
from halftui.runtime.base import Runtime
from halftui.runtime.scripted import ScriptedRuntime
from tests.engine.test_collab import GOOD, leaves
from tests.helpers.boards import Scene, commits, git, make_repository, scene, script

pytestmark = pytest.mark.docker
LOOK = (
    "cd /work && ls > code/seen.txt && pwd >> code/seen.txt && touch x 2>> code/seen.txt;"
    " touch $(cat code/.git/objects/info/alternates | head -1)/x 2>> code/seen.txt;"
    " touch $(cat collab/.git/objects/info/alternates | head -1)/x 2>> code/seen.txt; true"
)


def _is_in_review(at: Scene, bead: str) -> bool:
    return at.see(bead).card.state == "review"


def _is_merged(at: Scene, bead: str) -> bool:
    return at.see(bead).collab_merged != ""


async def test_in_a_container(tmp_path: Path, docker_host: str, agent_image: str) -> None:
    place = make_repository(tmp_path / "plans")
    async with scene(tmp_path, "scripted", "docker", docker_host=docker_host) as at:
        at.house.service.write(collab.pair, at.board.id, str(place), "main")
        look = {"text": "I look.", "tool": "Bash", "input": {"command": LOOK, "description": "x"}}
        bead = at.add("Note", script(look, commits("note.txt"), leaves(GOOD), {"text": "made"}))
        late = at.add("Late", script(leaves(GOOD, is_committed=False), {"text": "made"}))
        forgot = at.add("Forgot", script(commits("other.txt"), {"text": "made"}))

        async def runtime(kind: str, credential: str) -> Runtime:
            return ScriptedRuntime(python="python3")

        async with at.working_with(runtime):
            for one in (bead, late):
                await at.until(partial(_is_in_review, at, one))
                await asyncio.to_thread(at.house.review(at.board.id).accept, one)
                await at.until(partial(_is_merged, at, one))
            await at.until(lambda: at.see(forgot).card.hold != "")
        assert "There is no result" in at.see(forgot).card.hold
        for one in (bead, late):
            assert json.loads(git(place, "show", f"main:results/{one}.json"))["bead"] == one
        assert {a.sandbox for a in at.see(bead).attempts} == {"docker"}
        told = (at.repository / "seen.txt").read_text().splitlines()
        assert told[:3] == ["code", "collab", "/work"]
        assert len([line for line in told if "Read-only file system" in line]) == 3
