"""Agents of the Agent Client Protocol take beads from their creation to the merge."""

import shutil
import sys
from pathlib import Path

import pytest

from halftui.ops import boards, listings, messages, questions, transcripts, views
from tests.helpers import acp_agent, bare_agent
from tests.helpers.boards import Scene, git, scene

AGENT = f"{sys.executable} {acp_agent.__file__}"


def _lines(at: Scene, bead: str) -> list[tuple[str, str]]:
    attempt = at.see(bead).attempts[0].id
    return [(kind, text) for _, _, kind, text in at.house.service.read(transcripts.read, attempt).entries]


async def test_a_bead_becomes_merged_code(tmp_path: Path) -> None:
    async with scene(tmp_path, "acp") as at:
        at.house.service.write(boards.edit, at.board.id, command=AGENT)
        bead = at.add("Add a file")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review", 15)
        assert at.see(bead).summary == "agent.txt is there."
        assert at.see(bead).attempts[0].turns == 1
        assert ("tool", "Write agent.txt") in _lines(at, bead)
        merged = at.house.review(at.board.id).accept(bead)
        assert git(at.repository, "rev-parse", "main") == merged
        assert (at.repository / "agent.txt").read_text() == "hi\n"


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_a_person_decides_what_it_may_do(tmp_path: Path, is_allowed: bool) -> None:
    async with scene(tmp_path, "acp", permissions="ask") as at:
        at.house.service.write(boards.edit, at.board.id, command=AGENT)
        bead = at.add("Add a file")
        async with at.working():
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)), 15)
            (ask,) = at.house.service.read(views.asks, at.board.id)
            assert (ask.kind, ask.text, ask.tool) == ("permission", "Write agent.txt", "edit")
            at.house.service.write(questions.answer, ask.id, is_allowed=is_allowed)
            await at.until(lambda: at.see(bead).card.state == "review", 15)
        assert at.see(bead).card.files == int(is_allowed)


async def test_it_is_interrupted_and_told(tmp_path: Path) -> None:
    async with scene(tmp_path, "acp") as at:
        at.house.service.write(boards.edit, at.board.id, command=AGENT)
        bead = at.add("WAIT for me")
        async with at.working():
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/waiting").exists())
            agent = at.house.service.read(listings.agent_of, "Toast", at.board.id)
            at.house.service.write(messages.tell, agent, "enough", is_urgent=True)
            await at.until(lambda: at.see(bead).card.state == "review", 15)
        assert at.see(bead).summary == "I heard: ann says: enough"
        assert ("note", "ann says: enough") in _lines(at, bead)


@pytest.mark.parametrize(
    ("words", "flag", "reason"),
    [("DIE", "", "exit"), ("STOP", "", "turns"), ("x", " --locked", "auth"), ("x", "; exit", "exit")],
)
async def test_a_failing_agent_never_makes_a_bead_done(
    tmp_path: Path, words: str, flag: str, reason: str
) -> None:
    async with scene(tmp_path, "acp") as at:
        command = "false" if flag.startswith(";") else AGENT + flag
        at.house.service.write(boards.edit, at.board.id, command=command)
        bead = at.add(words)
        async with at.working():
            await at.until(
                lambda: bool(at.see(bead).attempts) and at.see(bead).attempts[0].state == "ended", 15
            )
        seen = at.see(bead)
        assert seen.card.state == "open"
        assert (seen.attempts[-1].outcome, seen.attempts[-1].reason) == (
            "failed", reason,
        )  # fmt: skip


async def _paints(tmp_path: Path, sandbox: str, host: str) -> None:
    async with scene(tmp_path, "acp", sandbox, permissions="auto", docker_host=host) as at:
        shutil.copy(bare_agent.__file__, at.repository / "agent.py")
        git(at.repository, "add", "-A")
        git(at.repository, "commit", "-q", "-m", "Bring the agent")
        at.house.service.write(boards.edit, at.board.id, command="python3 agent.py")
        bead = at.add("Paint it")
        async with at.working():
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)), 30)
            (ask,) = at.house.service.read(views.asks, at.board.id)
            assert (ask.kind, ask.text, [label for label, _ in ask.options]) == (
                "question", "Which colour?", ["red", "blue"],
            )  # fmt: skip
            at.house.service.write(questions.answer, ask.id, "blue")
            await at.until(lambda: at.see(bead).card.state == "review", 30)
            seen = at.see(bead)
        assert seen.summary.startswith("painted blue\n\nEvidence:\nask read_bead note_progress")
        assert seen.attempts[0].sandbox == sandbox
        assert [one.name for one in seen.artefacts] == ["agent.txt", "chart"]
        assert at.house.review(at.board.id).artefact(bead, "chart") == bytes(range(256))
        happened = [(e.verb, e.actor.partition(":")[0]) for e in at.house.service.read(views.events, 0)]
        assert {("tool.refuse", "agent"), ("bead.note", "agent"), ("attempt.submit", "agent")} <= {*happened}
        at.house.review(at.board.id).accept(bead)
        assert (
            (at.repository / "agent.txt").read_text().startswith("Paint it: blue\ncreate_bead takes no hold")
        )
        assert not list((tmp_path / "home/run").iterdir())


async def test_one_uses_the_boards_tools(tmp_path: Path) -> None:
    await _paints(tmp_path, "local", "")


async def test_one_uses_the_boards_tools_in_a_container(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    await _paints(tmp_path, "docker", docker_host)
