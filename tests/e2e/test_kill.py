"""The board killed at each act of an attempt, with the real Claude CLI: nothing lost, nothing twice."""

import asyncio
from pathlib import Path

import pytest

from halftui.engine.naming import HOME_LABEL, home_label
from halftui.ops import boards, transcripts
from tests.helpers.boards import Scene, commits, git, scene, script
from tests.helpers.killed import KILLED, board

POINTS = (
    "claim", "clone", "socket", "create", "start", "initialize", "prompt", "streaming", "result",
    "commit", "collect", "fetch", "refs", "remove", "release",
)  # fmt: skip
PATIENCE = 90.0


@pytest.mark.parametrize("point", POINTS)
async def test_killed_on_both_sides_of_an_act_on_this_machine(tmp_path: Path, point: str) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        await _survives(at, point)


@pytest.mark.docker
@pytest.mark.parametrize("point", POINTS)
async def test_killed_on_both_sides_of_an_act_in_containers(
    tmp_path: Path, point: str, docker_host: str, agent_image: str
) -> None:
    async with scene(
        tmp_path, "claude", "docker", docker_host=docker_host, image=agent_image, permissions="auto"
    ) as at:
        await _survives(at, point)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.parametrize("turn", range(19))
@pytest.mark.parametrize("point", POINTS)
async def test_killed_again_and_again(
    tmp_path: Path, point: str, turn: int, docker_host: str, agent_image: str
) -> None:
    async with scene(
        tmp_path, "claude", "docker", docker_host=docker_host, image=agent_image, permissions="auto"
    ) as at:
        await _survives(at, point)


async def _survives(at: Scene, point: str) -> None:
    """Kill one board before the act and the next one after it; a third has to finish everything."""
    at.house.service.write(boards.edit, at.board.id, review="none")
    wait = {"text": "I wait.", "tool": "Bash", "input": {"command": "sleep 0.3", "description": "w"}}
    first = at.add("First", script(wait, commits("first.txt"), {"text": "First is done."}))
    second = at.add(
        "Second", script(commits("second.txt"), {"text": "Second is done."}), after_beads=[first],
        runtime="shell" if at.board.sandbox == "docker" else "scripted",
    )  # fmt: skip
    at.house.service.write(boards.edit, at.board.id, command=_commit("second.txt"))
    alive: list[str] = []
    for side in ("before", "after"):
        async with board(at, f"{point}.{side}=kill") as process:
            assert await asyncio.wait_for(process.wait(), PATIENCE) == KILLED, f"{point}.{side} was not met"
        alive += await _programs(at)
    async with board(at) as process:
        await at.until(lambda: at.see(second).card.state == "done", PATIENCE)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    _assert_once(at, first, second)
    assert not (await _programs(at, is_running=False)), "no sandbox is left"
    assert not list((at.house.home / "run").glob("*")), "no socket is left"
    assert not list((at.house.home / "beads").glob("*/.new-*")), "no half-made clone is left"
    adopted = _events(at, "attempt.adopt")
    assert set(alive) <= set(adopted), "who was alive is not started again"
    attempts = [row for bead in (first, second) for row in at.see(bead).attempts]
    print(f"{point}: {len(adopted)} adopted, {len(attempts) - 2} redone, 0 lost")  # noqa: T201 - the counts


def _assert_once(at: Scene, *beads: str) -> None:
    """Each bead was accepted once, its work is on main once, and no line was told twice."""
    assert [at.see(bead).card.state for bead in beads] == ["done"] * len(beads)
    assert sorted(_events(at, "bead.approve")) == sorted(beads)
    subjects = git(at.repository, "log", "--format=%s", "main").splitlines()
    assert [subjects.count(f"Add {name}.txt") for name in ("first", "second")] == [1, 1]
    said = [text for row in at.see(beads[0]).attempts for text in _said(at, row.id)]
    assert [said.count(text) for text in ("I wait.", "I add first.txt.")] == [1, 1]


def _said(at: Scene, attempt: str) -> list[str]:
    entries = at.house.service.read(transcripts.read, attempt).entries
    return [text for _, _, kind, text in entries if kind == "say"]


def _events(at: Scene, verb: str) -> list[str]:
    rows = at.house.store.read(lambda r: r.rows("SELECT subject FROM event WHERE verb = :v", v=verb))
    return [str(row[0]) for row in rows]


async def _programs(at: Scene, *, is_running: bool = True) -> list[str]:
    """Return the attempts of this board's sandboxes."""
    sandbox = await at.house.sandbox(at.board)
    found = await sandbox.find({HOME_LABEL: home_label(at.house.home)})
    return [f.labels["attempt"] for f in found if f.running or not is_running]


def _commit(name: str) -> str:
    return f"echo done > {name} && git add -A && git commit -q -m 'Add {name}'"
