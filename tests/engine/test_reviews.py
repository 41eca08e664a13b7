"""Agents review each other's work: another one looks, findings go back, and a person decides in the end."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from halftui.engine.engine import Engine
from halftui.errors import Refused
from halftui.ops import attempts, beads, boards, views
from halftui.runtime.base import Runtime
from halftui.runtime.choose import make
from halftui.runtime.script import Script, read
from tests.helpers.boards import Scene, commits, git, scene, script

Judge = Callable[[str], str]


def _working(at: Scene, judge: Judge) -> AbstractAsyncContextManager[Engine]:
    """Let agents work by their beads' scripts, and reviewers say what `judge` makes of their prompts."""

    def scenario(prompt: str) -> Script:
        if prompt.startswith("Review this work"):
            return read(script({"text": judge(prompt)}).removeprefix("SCRIPT:"))
        if prompt.startswith("Your work was reviewed"):
            return read(script(commits("more.txt"), {"text": "better"}).removeprefix("SCRIPT:"))
        return read(prompt.partition("SCRIPT:")[2].partition("\n\n## ")[0])

    async def runtime(kind: str, credential: str) -> Runtime:
        return make(kind, scenario=scenario)

    return at.working_with(runtime)


def _set(at: Scene, **settings: str | int) -> None:
    at.house.service.write(boards.edit, at.board.id, None, **settings)


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


def _kinds(at: Scene, bead: str) -> list[tuple[str, str, str]]:
    sql = (
        "SELECT t.kind, g.name, t.reason FROM attempt t JOIN agent g ON g.id = t.agent_id WHERE bead_id = :b"
        " ORDER BY t.epoch"
    )
    found = at.house.store.read(lambda r: r.rows(sql, b=bead))
    return [(str(kind), str(name), str(why)) for kind, name, why in found]


async def test_another_agent_reviews_and_what_it_approves_is_merged(tmp_path: Path) -> None:
    seen: list[str] = []

    def judge(prompt: str) -> str:
        seen.append(prompt)
        return "APPROVE\n\nIt does what was wanted."

    async with scene(tmp_path) as at:
        _set(at, review="agent", checks="test -e note.txt")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}), acceptance="note.txt is there")
        async with _working(at, judge):
            await at.until(lambda: _state(at, bead) == "done")
        assert [(kind, why) for kind, _, why in _kinds(at, bead)] == [("work", ""), ("review", "approves")]
        assert len({name for _, name, _ in _kinds(at, bead)}) == 2, "nobody reviews their own work"
        assert (at.repository / "note.txt").exists()
        assert "note.txt is there" in seen[0]
        assert f"git diff {at.see(bead).base}..HEAD" in seen[0]
        assert not list((tmp_path / "home/reviews").glob("*/work"))


async def test_findings_go_back_and_after_so_many_rounds_a_person_decides(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, review="agent", rounds=2)
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        async with _working(at, lambda _: "SEND BACK\n- note.txt:1 is empty"):
            await at.until(lambda: at.see(bead).card.progress.endswith("you decide"))
        assert _state(at, bead) == "review"
        assert at.see(bead).card.progress == "agents sent it back 2 times: you decide"
        assert [kind for kind, _, _ in _kinds(at, bead)] == ["work", "review"] * 2 + ["work"]
        authors = {name for kind, name, _ in _kinds(at, bead) if kind == "work"}
        assert not authors & {name for kind, name, _ in _kinds(at, bead) if kind == "review"}
        sent = [e for e in at.house.service.read(views.events, 0, bead) if e.verb == "bead.reject"]
        assert "- note.txt:1 is empty" in sent[0].after["reason"]
        await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
        assert _state(at, bead) == "done"


async def test_unclear_words_are_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.ops.verdicts.AGAIN_SECONDS", 0.0)
    async with scene(tmp_path) as at:
        _set(at, review="agent")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        async with _working(at, lambda _: "Looks fine, I would approve it."):
            await at.until(lambda: "no agent came to a verdict" in at.see(bead).card.progress)
        assert [kind for kind, _, _ in _kinds(at, bead)] == ["work", "review", "review", "review"]
        assert _state(at, bead) == "review"
        assert git(at.repository, "log", "--format=%s", "main") == "Open the shop"


async def test_a_person_can_stop_a_reviewer_and_decide(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, review="agent", mode="auto")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        slow = script({"tool": "Bash", "input": {"command": "sleep 60", "description": "x"}})

        async def runtime(kind: str, credential: str) -> Runtime:
            def scenario(prompt: str) -> Script:
                is_review = prompt.startswith("Review this work")
                return read((slow if is_review else prompt).partition("SCRIPT:")[2])

            return make(kind, scenario=scenario)

        async with at.working_with(runtime):
            await at.until(
                lambda: at.see(bead).card.attempt_state == "working" and _state(at, bead) == "review"
            )
            assert at.see(bead).card.is_under_way
            with pytest.raises(Refused, match="an agent works on"):
                at.house.service.write(beads.reject, bead, "no")
            at.house.service.write(attempts.stop, at.see(bead).card.attempt, "I look myself")
            await at.until(lambda: at.see(bead).card.progress.endswith("you decide"))
            at.house.service.write(boards.edit, at.board.id, mode="manual")
            at.house.service.write(beads.reject, bead, "no")
        assert _state(at, bead) == "open"
