"""The engine with real git, real processes and a scripted agent."""

import asyncio
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.errors import Conflict, Refused
from halftui.ops import attempts, beads, boards, convoys, questions, transcripts, views
from tests.helpers.boards import Scene, commits, git, scene, script


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


async def test_a_ready_bead_is_worked_on_reviewed_and_merged(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("Add a note", script(commits("note.txt"), {"text": "The note is there."}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        seen = at.see(bead)
        assert seen.summary == "The note is there."
        assert (seen.card.files, seen.card.plus, seen.card.minus) == (1, 1, 0)
        assert seen.attempts[0].agent == "Toast"
        merged = at.house.review(at.board.id).accept(bead)
        assert git(at.repository, "rev-parse", "main") == merged
        assert (at.repository / "note.txt").read_text() == "done\n"
        assert _state(at, bead) == "done"


async def test_nothing_is_assigned_before_it_is_ready(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        first = at.add("First", script(commits("a.txt"), {"text": "a"}))
        second = at.add("Second", script(commits("b.txt"), {"text": "b"}), after_beads=[first])
        async with at.working():
            await at.until(lambda: _state(at, first) == "review")
            assert not at.see(second).attempts
            assert at.see(second).why == (f"waits for {first} First (review)",)
            await asyncio.to_thread(at.house.review(at.board.id).accept, first)
            await at.until(lambda: _state(at, second) == "review")
        assert len(at.house.service.read(views.agents, at.board.id)) == 1, "the finisher goes on"


async def test_caps_are_kept(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.house.service.write(boards.edit, at.board.id, cap=2)
        for number in range(6):
            at.add(f"Bead {number}", script({"delay": 0.3, "text": "looked"}))
        most = 0
        async with at.working():

            def done() -> bool:
                nonlocal most
                live = "SELECT count(*) FROM attempt WHERE state <> 'ended'"
                most = max(most, int(at.house.store.read(lambda rows: rows.rows(live))[0][0]))
                return at.house.service.read(views.lane, at.board.id, "review").total == 6

            await at.until(done)
        assert most == 2


async def test_a_question_waits_for_a_person(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        asked = {"tool": "ask", "input": {"question": "Which one?", "options": ["this", "that"]}}
        bead = at.add("Choose", script(asked, {"text": "chosen"}))
        async with at.working():
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)))
            ask = at.house.service.read(views.asks, at.board.id)[0]
            assert (ask.text, ask.agent, [o[0] for o in ask.options]) == (
                "Which one?",
                "Toast",
                ["this", "that"],
            )
            assert at.see(bead).card.attempt_state == "asking"
            at.house.service.write(questions.answer, ask.id, "that")
            await at.until(lambda: _state(at, bead) == "review")
        lines = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
        assert "that" in [text for _, _, kind, text in lines if kind == "answer"]
        with pytest.raises(Refused, match="answered by person:ann"):
            at.house.service.write(questions.answer, ask.id, "this")


async def test_a_stopped_agent_keeps_its_work_and_is_not_started_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        half = {"tool": "Bash", "input": {"command": "echo half > half.txt; sleep 60", "description": "x"}}
        bead = at.add("Slow", script(half))
        async with at.working():
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/half.txt").exists())
            at.house.service.write(beads.release, bead, "wrong way")
            await at.until(lambda: _state(at, bead) == "open")
            seen = at.see(bead)
            assert seen.card.hold == "wrong way"
            assert [(a.outcome, a.reason) for a in seen.attempts] == [("stopped", "wrong way")]
            assert seen.card.files == 1, "what was not committed is kept"
        assert not list((tmp_path / "home/sandboxes").glob("*"))
        assert not list((tmp_path / "home/run").glob("*"))


async def test_a_cancelled_convoy_leaves_nobody_at_work(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        wait = {"tool": "Bash", "input": {"command": "sleep 60", "description": "x"}}
        members = [at.add(f"Bead {n}", script(wait), hold="not yet") for n in range(3)]
        write = at.house.service.write
        convoy = write(convoys.create, at.board.id, "Trip", members)
        for bead in members:
            write(beads.hold, bead, "")
        async with at.working() as engine:
            await asyncio.sleep(0.3)
            assert not engine.live, "a staged convoy is inert"
            write(convoys.start, convoy)
            await at.until(lambda: len(engine.live) == 3)
            write(convoys.cancel, convoy)
            await at.until(lambda: not engine.live)
        assert {_state(at, bead) for bead in members} == {"cancelled"}
        assert {a.status for a in at.house.service.read(views.agents, at.board.id)} == {"idle"}


async def test_a_rejected_bead_comes_back_to_the_same_agent_with_the_reason(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        more = {"command": "echo more >> a.txt && git add -A && git commit -q -m more", "description": "x"}
        bead = at.add("Again", script({"tool": "Bash", "input": more}, {"text": "done"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
            at.house.service.write(beads.reject, bead, "not enough")
            assert at.see(bead).card.remark == "not enough"
            await at.until(lambda: len(at.see(bead).attempts) == 2 and _state(at, bead) == "review")
        seen = at.see(bead)
        assert [a.agent for a in seen.attempts] == ["Toast", "Toast"]
        assert seen.card.plus == 2, "the work goes on where it was"


async def test_a_conflict_goes_back_with_its_reason(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        one = at.add("One", script(commits("same.txt", "one\n"), {"text": "one"}))
        two = at.add("Two", script(commits("same.txt", "two\n"), {"text": "two"}))
        async with at.working() as engine:
            await at.until(lambda: {_state(at, one), _state(at, two)} == {"review"})
            review = at.house.review(at.board.id)
            await asyncio.to_thread(review.accept, one)
            head = git(at.repository, "rev-parse", "main")
            at.house.service.write(boards.pause, at.board.id, is_paused=True)
            with pytest.raises(Refused, match=r"same\.txt"):
                await asyncio.to_thread(review.accept, two)
            assert git(at.repository, "rev-parse", "main") == head
            assert _state(at, two) == "open"
            assert "same.txt" in at.see(two).card.remark
            assert not engine.live


async def test_a_failure_is_counted_and_tried_later(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("Fails", script({"status": 500}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.failures == 1)
        seen = at.see(bead)
        assert seen.card.state == "open"
        assert seen.card.retry_at is not None
        assert any("tried again in" in why for why in seen.why)
        assert seen.attempts[0].outcome == "failed"


async def test_without_an_account_nothing_is_claimed_and_the_reason_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude", env={"ANTHROPIC_API_KEY": ""}) as at:
        bead = at.add("Anything")
        async with at.working() as engine:
            await at.until(lambda: at.board.id in engine.notices)
            assert "no account" in engine.notices[at.board.id].message
        assert _state(at, bead) == "open"
        assert not at.see(bead).attempts


async def test_a_late_writer_is_fenced_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.add("One")
        write, store = at.house.service.write, at.house.store
        claim = store.write(ENGINE, attempts.claim, at.board.id, 30.0, 4, ("Toast",))
        assert claim is not None
        from halftui.domain.happenings import Outcome

        store.write(ENGINE, attempts.end, claim.attempt, 1, Outcome.LOST, "lost", "died")
        second = store.write(ENGINE, attempts.claim, at.board.id, 30.0, 4, ("Toast",))
        assert second is not None
        assert second.epoch == 2
        for late in (
            lambda: store.write(ENGINE, attempts.renew, claim.attempt, 1, 30.0),
            lambda: store.write(ENGINE, attempts.end, claim.attempt, 1, Outcome.PASSED, "", "late"),
        ):
            with pytest.raises(Conflict):
                late()
        assert write is not None
        assert _state(at, second.bead) == "active"
