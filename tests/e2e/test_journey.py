"""The whole way of a bead with the real Claude CLI, real git, and a real Docker engine."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from halftui.engine.naming import home_label
from halftui.ops import transcripts, views
from halftui.sandbox.docker import engine as docker_engine
from halftui.sandbox.docker import socket_of
from tests.helpers.boards import CANARY, Scene, commits, git, scene, script


def _lines(at: Scene, bead: str) -> list[tuple[str, str]]:
    attempt = at.see(bead).attempts[0].id
    return [(kind, text) for _, _, kind, text in at.house.service.read(transcripts.read, attempt).entries]


async def _seen_live(at: Scene, bead: str, wanted: str) -> bool:
    """Follow the attempt's lines as a pane does; True once `wanted` came while it was running."""
    await at.until(lambda: bool(at.see(bead).attempts))
    async for batch in at.house.service.lines.follow(at.see(bead).attempts[0].id):
        if any(wanted in text for _, _, _, text in batch.entries):
            return at.see(bead).card.state == "active"
    return False


async def _runs_the_way(at: Scene, look: Callable[[], None] = lambda: None) -> str:
    """Take a bead from its creation to the merge; `look` is called while the agent works."""
    probe = "env; ip link 2>/dev/null || cat /proc/net/dev; id -u; grep -c . /proc/self/environ"
    bead = at.add(
        "Add a health endpoint",
        script(
            {"text": "I look around.", "tool": "Bash", "input": {"command": probe, "description": "look"}},
            commits("health.txt", "ok\n"),
            {
                "text": "Waiting a moment.",
                "tool": "Bash",
                "input": {"command": "sleep 1", "description": "w"},
            },
            {"text": "Health is there, and it was tried."},
        ),
    )
    assert not at.house.service.read(views.agents, at.board.id), "nobody is made before it is needed"
    async with at.working():
        assert await _seen_live(at, bead, "I add health.txt.")
        await asyncio.to_thread(look)
        await at.until(lambda: at.see(bead).card.state == "review")
    seen = at.see(bead)
    assert seen.summary == "Health is there, and it was tried."
    assert seen.attempts[0].tokens_out > 0
    assert git(at.repository, "log", "--oneline", "main").count("\n") == 0, "nothing is merged unasked"
    merged = at.house.review(at.board.id).accept(bead)
    assert git(at.repository, "rev-parse", "main") == merged
    assert (at.repository / "health.txt").read_text() == "ok\n"
    assert git(at.repository, "log", "-1", "--format=%an", "main") == "Toast"
    assert at.see(bead).card.state == "done"
    return bead


@pytest.mark.docker
async def test_a_bead_becomes_merged_code_in_a_container(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    seen: list[dict[str, Any]] = []
    async with scene(
        tmp_path, "claude", "docker", docker_host=docker_host, image=agent_image, permissions="auto"
    ) as at:
        home = home_label(at.house.home)

        def look() -> None:
            with docker_engine(socket_of(docker_host)) as api:
                found = api.containers(filters={"label": ["halftui.bead", f"halftui.home={home}"]})
                seen.extend(api.inspect_container(c["Id"]) for c in found)

        bead = await _runs_the_way(at, look)
        lines = "\n".join(text for _, text in _lines(at, bead))
    assert CANARY not in lines
    assert "lo:" in lines
    assert "eth0" not in lines, "the container has no network"
    assert len(seen) == 1
    host = seen[0]["HostConfig"]
    assert host["NetworkMode"] == "none"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert seen[0]["Config"]["User"] not in ("", "0", "root")
    assert CANARY not in json.dumps(seen)
    with docker_engine(socket_of(docker_host)) as api:
        left = api.containers(all=True, filters={"label": f"halftui.bead={bead}"})
    assert not left, "no container is left behind"
    _assert_unwritten(tmp_path)


async def test_a_bead_becomes_merged_code_on_this_machine(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        bead = await _runs_the_way(at)
        assert CANARY not in json.dumps(_lines(at, bead))
    _assert_unwritten(tmp_path)


@pytest.mark.parametrize(
    ("turn", "outcome", "reason"),
    [
        ({"status": 429}, "limited", "limit"),
        ({"fault": "garbage"}, "failed", "transport"),
        ({"status": 401}, "failed", "auth"),
        ({"fault": "cut"}, "failed", "transport empty"),
    ],
)
async def test_a_failing_model_never_makes_a_bead_done(
    tmp_path: Path, turn: dict[str, Any], outcome: str, reason: str
) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Doomed", script(turn))
        async with at.working():
            await at.until(lambda: bool(at.see(bead).attempts) and at.see(bead).attempts[0].state == "ended")
        seen = at.see(bead)
        assert seen.card.state == "open"
        assert seen.attempts[0].outcome == outcome
        assert seen.attempts[0].reason in reason.split()
        assert seen.card.retry_at is not None
        assert git(at.repository, "log", "--oneline", "main").count("\n") == 0


async def test_a_program_that_exits_with_one_has_failed(tmp_path: Path) -> None:
    async with scene(tmp_path, "shell", "local") as at:
        from halftui.ops import boards

        at.house.service.write(boards.edit, at.board.id, command="echo half > half.txt; exit 1")
        bead = at.add("Exits")
        async with at.working():
            await at.until(lambda: at.see(bead).card.failures == 1)
        seen = at.see(bead)
        assert (seen.card.state, seen.attempts[0].reason) == ("open", "exit")
        assert seen.card.files == 1, "what it wrote is kept on its branch"


async def test_an_interrupted_agent_goes_on_in_the_same_session(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        slow = {"tool": "Bash", "input": {"command": "echo half > half.txt; sleep 30", "description": "x"}}
        bead = at.add("Interrupted", script(slow, {"text": "never"}))
        async with at.working():
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/half.txt").exists())
        assert at.see(bead).card.state == "open", "the board was closed in the middle"
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        first, second = _sessions(at, bead)
        assert first == second
        assert [a.outcome for a in at.see(bead).attempts] == ["passed", "lost"]
        assert at.see(bead).card.files == 1, "what was not committed was kept"


def _sessions(at: Scene, bead: str) -> list[str]:
    rows = at.house.store.read(
        lambda r: r.rows("SELECT session FROM attempt WHERE bead_id = :b ORDER BY epoch", b=bead)
    )
    return [str(row[0]) for row in rows]


def _assert_unwritten(folder: Path) -> None:
    """No file that the board or the agent left holds the credential."""
    files = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    assert files
    assert not [p for p in files if CANARY.encode() in p.read_bytes()]
