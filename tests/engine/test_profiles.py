"""Agents with profiles: versions, who takes which bead, and what reaches the program."""

from pathlib import Path

import pytest

from halftui.domain.profile import Profile
from halftui.errors import NotFound
from halftui.ops import beads, boards, profiles, views
from halftui.sandbox.base import Process, Spec
from tests.helpers.boards import Scene, scene, script

SYSTEM = "You are careful. CANARY-7."
CAREFUL = Profile("Careful", model="claude-careful-1", system=SYSTEM, tools=("Read", "Bash"),
                  limits={"turns": 7, "usd": 3.0})  # fmt: skip


def _apply(at: Scene, name: str, profile: Profile) -> int:
    return at.house.service.write(profiles.apply, at.board.id, name, profile)


def _agents(at: Scene) -> dict[str, str]:
    found = at.house.store.read(lambda r: r.rows("SELECT name, profile || '@' || profile_version FROM agent"))
    return {str(name): str(profile) for name, profile in found}


async def test_each_profile_has_agents_of_its_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        assert _apply(at, "careful", CAREFUL) == 1
        assert _apply(at, "careful", CAREFUL) == 1, "the same again is no new version"
        at.add("Plain", script({"text": "a"}))
        careful = at.add("Careful", script({"text": "b"}), profile="careful")
        async with at.working():
            await at.until(lambda: at.house.service.read(views.lane, at.board.id, "review").total == 2)
        assert sorted(_agents(at).values()) == ["@0", "careful@1"]
        assert _apply(at, "careful", Profile("Careful", system="You hurry.")) == 2
        agent = at.see(careful).attempts[0].agent
        ident = at.house.store.read(lambda r: r.rows("SELECT id FROM agent WHERE name = :n", n=agent))[0][0]
        worn, newest = at.house.service.read(profiles.of_agent, ident)
        assert (worn.version, newest.version) == (1, 2)
        at.house.service.write(beads.reject, careful, "again")
        async with at.working():
            await at.until(lambda: at.see(careful).card.state == "review")
        assert at.see(careful).attempts[0].agent == agent
        assert _agents(at)[agent] == "careful@2"
        assert at.house.store.read(lambda r: r.rows("SELECT count(*) FROM budget"))[0][0] == 0


async def test_model_prompt_tools_and_limits_reach_the_real_program(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude") as at:
        _apply(at, "careful", CAREFUL)
        at.house.service.write(boards.edit, at.board.id, profile="careful", model="claude-board-1")
        bead = at.add("Look", script({"text": "I looked."}))
        started: list[list[str]] = []
        choice = await at.house.sandbox(at.board)
        start = choice.start

        async def spy(spec: Spec) -> Process:
            started.append(list(spec.argv))
            return await start(spec)

        choice.start = spy  # type: ignore[method-assign]
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert at.model.requests[0].model == "claude-careful-1"
        argv = started[0]
        assert argv[argv.index("--model") + 1] == "claude-careful-1"
        assert argv[argv.index("--tools") + 1] == "Read,Bash"
        assert argv[argv.index("--max-turns") + 1] == "7"
        assert SYSTEM in argv[argv.index("--append-system-prompt") + 1]
        assert "You are Toast, a software engineer" in argv[argv.index("--append-system-prompt") + 1]


async def test_a_profile_brings_its_runtime_and_one_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        with pytest.raises(NotFound, match="no profile ghost"):
            at.add("Ghost", profile="ghost")
        with pytest.raises(NotFound, match="no profile ghost"):
            at.house.service.write(boards.edit, at.board.id, profile="ghost")
        _apply(at, "lister", Profile(runtime="shell"))
        at.house.service.write(boards.edit, at.board.id, command="ls")
        bead = at.add("List", profile="lister")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert at.see(bead).attempts[0].runtime == "shell"
