"""The checks of a board and its queue of merges, with real git and real processes."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Denied, Refused
from halftui.ops import beads, boards, merges, pushes, trials, views
from halftui.ops.attempts import Work
from tests.helpers.boards import Scene, commits, git, scene, script

NO_BAD = "test ! -e bad.txt"
BOTH = "test ! -e a.txt || test ! -e b.txt"  # each alone is fine, both together are not


def _set(at: Scene, **settings: Any) -> None:
    at.house.service.write(boards.edit, at.board.id, **settings)


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


def _passed(at: Scene, bead: str) -> bool:
    return at.see(bead).card.progress == "checks passed"


def _is_in_review(at: Scene, bead: str) -> bool:
    return _state(at, bead) == "review"


def _adds(at: Scene, name: str, **fields: Any) -> str:
    return at.add(f"Add {name}", script(commits(name), {"text": f"{name} is there."}), **fields)


async def _accept(at: Scene, bead: str) -> str:
    return await asyncio.to_thread(lambda: at.house.review(at.board.id).accept(bead))


def _trials(at: Scene, bead: str = "") -> tuple[trials.TrialRow, ...]:
    return at.house.store.read(trials.listed, at.board.id, bead)


async def test_checks_run_before_review_and_before_the_merge(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, checks="echo looking; test -e note.txt\ncat README.md")
        bead = _adds(at, "note.txt")
        async with at.working():
            await at.until(lambda: at.see(bead).card.progress == "checks passed")
            first = _trials(at, bead)[0]
            assert (first.state, first.code, first.step) == ("passed", 0, 2)
            assert first.output == "$ echo looking; test -e note.txt\nlooking\n$ cat README.md\n# Shop\n"
            (at.repository / "other.txt").write_text("of ann\n")
            git(at.repository, "add", "-A")
            git(at.repository, "commit", "-q", "-m", "Meanwhile")
            assert await _accept(at, bead) == ""
            await at.until(lambda: _state(at, bead) == "done")
        assert len(_trials(at)) == 2, "the target moved, so the combined tree was tried anew"
        assert git(at.repository, "rev-parse", "main") == at.see(bead).merged
        assert {p.name for p in at.repository.glob("*.txt")} == {"note.txt", "other.txt"}
        assert not list((tmp_path / "home/trials").glob("*"))
        assert not list((tmp_path / "home/sandboxes").glob("*"))


async def test_failing_checks_send_work_back_with_their_output(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, checks=f"{NO_BAD} || {{ echo bad things; exit 3; }}")
        bead = _adds(at, "bad.txt")
        async with at.working():
            await at.until(lambda: len(at.see(bead).attempts) == trials.MOST_REDS)
            await at.until(lambda: "checks fail" in at.see(bead).card.progress)
        assert _state(at, bead) == "review", "a person looks after so many times"
        assert [t.code for t in _trials(at, bead)] == [3] * trials.MOST_REDS
        sent = [e for e in at.house.service.read(views.events, 0, bead) if e.verb == "bead.reject"]
        assert len(sent) == trials.MOST_REDS - 1
        assert "ended with 3 on your work combined with main" in sent[0].after["reason"]
        assert "bad things" in sent[0].after["reason"]


async def test_a_red_target_blames_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        (at.repository / "bad.txt").write_text("old\n")
        git(at.repository, "add", "-A")
        git(at.repository, "commit", "-q", "-m", "Break it")
        _set(at, checks=NO_BAD)
        bead = _adds(at, "note.txt")
        async with at.working():
            await at.until(lambda: at.see(bead).card.progress.endswith("on main alone too"))
        assert (_state(at, bead), len(at.see(bead).attempts)) == ("review", 1)


async def test_two_that_pass_alone_are_tried_together(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, checks=BOTH)
        one, two = _adds(at, "a.txt"), _adds(at, "b.txt")
        async with at.working():
            for bead in (one, two):
                await at.until(partial(_passed, at, bead))
            at.house.service.write(boards.edit, at.board.id, mode="manual")
            await _accept(at, one)
            await _accept(at, two)
            await at.until(lambda: _state(at, one) == "done" and _state(at, two) == "open")
        assert "checks" not in at.see(two).card.progress
        assert not (at.repository / "b.txt").exists()


async def test_a_batch_needs_one_run_and_halving_finds_the_culprit(tmp_path: Path) -> None:
    async with scene(tmp_path, cap=4) as at:
        _set(at, checks="echo ok", batch=8)
        names = ["a", "c", "d", "bad", "e", "f"]
        made = [_adds(at, f"{name}.txt") for name in names]
        async with at.working():
            for bead in made:
                await at.until(partial(_passed, at, bead))
        _set(at, checks=NO_BAD, mode="manual")
        for bead in made:
            await _accept(at, bead)
        before = len(_trials(at))
        async with at.working():
            await at.until(lambda: not at.house.store.read(merges.waiting, at.board.id))
        states = {name: _state(at, bead) for name, bead in zip(names, made, strict=True)}
        assert states == {name: "open" if name == "bad" else "done" for name in names}
        assert len(_trials(at)) - before == 4, "all six, three, four; then the last two"
        assert {p.stem for p in at.repository.glob("*.txt")} == set(names) - {"bad"}


async def test_a_conflict_goes_back_and_a_person_may_take_work_out(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        one = at.add("One", script(commits("same.txt", "one\n"), {"text": "1"}))
        two = at.add("Two", script(commits("same.txt", "two\n"), {"text": "2"}))
        three = _adds(at, "three.txt")
        async with at.working():
            for bead in (one, two, three):
                await at.until(partial(_is_in_review, at, bead))
        _set(at, checks="true", mode="manual")
        for bead in (one, two, three):
            await _accept(at, bead)
        shown = at.house.store.read(merges.waiting, at.board.id)
        assert [(m.number, m.bead) for m in shown] == [(1, one), (2, two), (3, three)]
        at.house.service.write(merges.drop, three)
        with pytest.raises(Refused, match="does not wait"):
            at.house.service.write(merges.drop, three)
        async with at.working():
            await at.until(lambda: _state(at, one) == "done" and _state(at, two) == "open")
            assert _state(at, three) == "review"
        assert "conflicts with main in: same.txt" in at.see(two).card.remark


async def test_without_review_checks_alone_decide(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, checks="test -e note.txt", review="none")
        bead = _adds(at, "note.txt")
        async with at.working():
            await at.until(lambda: _state(at, bead) == "done")
        assert len(_trials(at)) == 1, "the same tree is not tried twice"
        verbs = [e.verb for e in at.house.service.read(views.events, 0, bead)]
        assert verbs[-4:] == ["merge.queue", "merge.begin", "merge.land", "bead.approve"]


async def test_local_changes_in_the_way_let_it_wait(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = _adds(at, "note.txt")
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        (at.repository / "note.txt").write_text("mine\n")
        _set(at, checks="true")
        await _accept(at, bead)
        async with at.working():
            await at.until(lambda: "local changes in the way" in at.see(bead).card.progress)
            assert _state(at, bead) == "review"
            (at.repository / "note.txt").unlink()
            at.house.store.wake()
            await at.until(lambda: _state(at, bead) == "done")


async def test_new_work_on_a_branch_is_not_merged_unseen(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = _adds(at, "note.txt")
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        _set(at, checks="true", mode="manual")
        await _accept(at, bead)
        work = Work(at.see(bead).base, git(at.repository, "rev-parse", "main"), 1, 1, 0)
        at.house.service.write(pushes.push, bead, at.board.id, f"halftui/{bead}", work)
        assert at.house.store.read(merges.waiting, at.board.id) == ()
        assert (_state(at, bead), at.see(bead).card.progress) == ("review", "")


async def test_nobody_queues_their_own_work(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        _set(at, checks="true")
        bead = at.add("By hand")
        at.house.service.write(beads.claim, bead)
        at.house.service.write(beads.submit, bead, "made")
        with pytest.raises(Denied, match="own work"):
            at.house.service.write(merges.queue, bead, "main")
