"""A real agent in a container: allowed, answered, told, broken off, handed over, killed and resumed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from halftui.engine.naming import HOME_LABEL, home_label
from halftui.ops import boards, listings, messages, questions, transcripts, views
from halftui.sandbox import docker
from halftui.sandbox.docker import engine, socket_of
from tests.helpers.boards import Scene, scene, script

pytestmark = pytest.mark.docker
WRITES = 'python3 -c \'import os; open("who", "w").write(str(os.getuid()))\''
REFUSED = 'python3 -c \'open("refused", "w")\''


def _bash(command: str) -> dict[str, Any]:
    return {"tool": "Bash", "input": {"command": command, "description": "x"}}


@asynccontextmanager
async def _contained(
    folder: Path, host: str, *turns: dict[str, Any], **settings: Any
) -> AsyncIterator[tuple[Scene, str]]:
    chosen = {"permissions": "auto", **settings}
    async with scene(folder, "claude", "docker", docker_host=host, **chosen) as at:
        bead = at.add("In a container", script(*turns))
        async with at.working():
            yield at, bead


async def _begun(at: Scene, bead: str, name: str = "begun") -> None:
    await at.until(lambda: (at.house.home / f"beads/{bead}/work/{name}").exists())


def _lines(at: Scene, bead: str) -> list[tuple[str, str]]:
    attempt = at.see(bead).attempts[0].id
    return [(kind, text) for _, _, kind, text in at.house.service.read(transcripts.read, attempt).entries]


def _sessions(at: Scene) -> list[str]:
    rows = at.house.store.read(lambda r: r.rows("SELECT session FROM attempt ORDER BY epoch"))
    return [str(row[0]) for row in rows]


async def _answer(at: Scene, text: str = "", **given: bool) -> Any:
    await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)), 20)
    (ask,) = at.house.service.read(views.asks, at.board.id)
    at.house.service.write(questions.answer, ask.id, text, **given)
    return ask


async def test_it_is_allowed_answered_told_and_broken_off(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    turns = (  # what only touches files in the clone is allowed by the CLI itself
        _bash(WRITES),
        _bash(REFUSED),
        {"tool": "ask", "input": {"question": "Which?", "options": ["red", "blue"]}},
        _bash("touch begun; sleep 50; touch late"),
        {"text": "As you wish."},
    )
    async with _contained(tmp_path, docker_host, *turns, permissions="ask") as (at, bead):
        asked = [await _answer(at, is_allowed=True), await _answer(at, "not that"), await _answer(at, "blue")]
        await _begun(at, bead)
        agent = at.house.service.read(listings.agent_of, "Toast", at.board.id)
        at.house.service.write(messages.tell, agent, "do the rest")
        at.house.service.write(messages.tell, agent, "stop sleeping", is_urgent=True)
        await at.until(lambda: at.see(bead).card.state == "review")
    assert [(ask.kind, ask.detail or ask.text) for ask in asked] == [
        ("permission", WRITES), ("permission", REFUSED), ("question", "Which?"),
    ]  # fmt: skip
    work = tmp_path / f"home/beads/{bead}/work"
    assert (work / "who").read_text().strip() not in ("", "0")
    assert not (work / "refused").exists()
    assert not (work / "late").exists()
    told = _lines(at, bead)
    assert ("answer", "blue") in told
    assert [text for kind, text in told if kind == "note" and "says" in text] == [
        "ann says: do the rest", "ann says: stop sleeping",
    ]  # fmt: skip
    assert ("say", "As you wish.") in told


async def test_it_hands_over_to_a_fresh_context(tmp_path: Path, docker_host: str, agent_image: str) -> None:
    wait = _bash("[ -e begun ] || { touch begun; sleep 50; }")
    async with _contained(tmp_path, docker_host, wait, {"text": "Left to do: the rest."}) as (at, bead):
        await _begun(at, bead)
        at.house.service.write(
            messages.hand_off, at.house.service.read(listings.agent_of, "Toast", at.board.id)
        )
        await at.until(lambda: at.see(bead).card.state == "review")
    assert [(a.outcome, a.reason) for a in at.see(bead).attempts] == [("passed", ""), ("stopped", "hand-off")]
    first, second = _sessions(at)
    assert first == ""
    assert second


async def test_its_container_is_killed_and_its_session_goes_on(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    wait = _bash("[ -e begun ] || { touch begun; sleep 50; }")
    async with _contained(tmp_path, docker_host, wait, {"text": "I went on."}) as (at, bead):
        await _begun(at, bead)
        with engine(socket_of(docker_host)) as api:
            label = f"halftui.{HOME_LABEL}={home_label(at.house.home)}"
            (found,) = api.containers(filters={"label": label})
            await asyncio.to_thread(api.kill, found["Id"])
        await at.until(lambda: at.see(bead).card.state == "review")
    assert [(a.outcome, a.reason) for a in at.see(bead).attempts] == [("passed", ""), ("failed", "killed")]
    first, second = _sessions(at)
    assert first == second
    assert len(at.see(bead).attempts) == 2
    assert at.see(bead).card.files == 1, "what it had not committed was committed for it"


async def test_one_that_says_too_much_is_ended_and_its_work_is_kept(
    tmp_path: Path, docker_host: str, agent_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "FULL", 900_000)
    async with scene(tmp_path, "shell", "docker", docker_host=docker_host) as at:
        at.house.service.write(
            boards.edit, at.board.id, command="echo half >half.txt; seq 1 30000; sleep 600"
        )
        bead = at.add("Says too much")
        async with at.working():
            await at.until(lambda: at.see(bead).card.failures == 1)
        seen = at.see(bead)
        assert (seen.attempts[0].outcome, seen.attempts[0].reason) == ("failed", "output")
        assert (seen.card.state, seen.card.files) == ("open", 1)
        told = [text for kind, text in _lines(at, bead) if kind == "out"]
        assert told == [str(number) for number in range(1, len(told) + 1)]
        assert len(told) > 1_000
        assert "more than a log holds" in seen.summary
