"""Convoys with real git: one agent for a chain, a branch of their own, landing, and what is in its way."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from halftui.domain import plan
from halftui.domain.shown import ConvoyRow
from halftui.errors import Refused
from halftui.ops import beads, boards, convoys, edges, plans, views
from tests.helpers.boards import Scene, commits, git, scene, script


def _plan(at: Scene, *planned: dict[str, object], integration: bool = True) -> plans.Made:
    read = plan.read({"name": "Trip", "integration": integration, "beads": list(planned)})
    return at.house.service.write(plans.make, at.board.id, read, starts=True)


def _bead(key: str, *turns: Mapping[str, object], after: list[str] | None = None) -> dict[str, object]:
    return {"key": key, "title": key, "after": after or [], "description": script(*map(dict, turns))}


def _adds(name: str, text: str = "done\n") -> tuple[dict[str, object], dict[str, object]]:
    return commits(name, text), {"text": f"{name} is there."}


def _convoy(at: Scene) -> ConvoyRow:
    return at.house.service.read(views.convoys, at.board.id)[0]


def _verbs(at: Scene) -> list[str]:
    return [e.verb for e in at.house.service.read(views.events, 0, most=10_000)]


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


def _main(at: Scene) -> str:
    return git(at.repository, "rev-parse", "main")


def _board_git(at: Scene, *words: str) -> str:
    return git(at.house.repository(at.board).path, *words)


async def test_a_serial_convoy_of_ten_uses_one_agent(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.house.service.write(boards.edit, at.board.id, review="none")
        chain = [_bead(str(n), *_adds(f"{n}.txt"), after=[str(n - 1)] if n else []) for n in range(10)]
        _plan(at, *chain, integration=False)
        async with at.working():
            await at.until(lambda: _convoy(at).state == "landed", 120)
        assert len(at.house.service.read(views.agents, at.board.id)) == 1
        assert len(list(at.repository.glob("*.txt"))) == 10, "each started from the newest target"


async def test_work_gathers_on_the_convoys_branch_and_lands_once(tmp_path: Path) -> None:
    look = {"tool": "Bash", "input": {"command": "cat a.txt && cp a.txt b.txt && git add -A &&"
                                      " git commit -q -m 'Copy a'", "description": "x"}}  # fmt: skip
    async with scene(tmp_path) as at:
        before = _main(at)
        made = _plan(at, _bead("a", *_adds("a.txt")), _bead("b", look, {"text": "copied"}, after=["a"]),
                     _bead("c", *_adds("c.txt")))  # fmt: skip
        a, b, c = made.beads.values()
        review = at.house.review(at.board.id)
        async with at.working():
            await at.until(lambda: _state(at, a) == "review" and _state(at, c) == "review")
            accepted = await asyncio.to_thread(review.accept, a)
            assert _main(at) == before, "the target waits for the landing"
            assert _board_git(at, "rev-parse", "convoy/trip") == accepted
            await at.until(lambda: _state(at, b) == "review")
            assert [f.path for f in review.work(b).files] == ["b.txt"], "its own work only"
            await asyncio.to_thread(review.accept, c)
            assert _convoy(at).state == "moving"
            await asyncio.to_thread(review.accept, b)
        assert (_convoy(at).state, _convoy(at).failed) == ("landed", 0)
        assert _main(at) == _board_git(at, "rev-parse", "convoy/trip")
        assert {f.name for f in at.repository.glob("*.txt")} == {"a.txt", "b.txt", "c.txt"}
        assert (_verbs(at).count("convoy.land"), _verbs(at).count("bead.approve")) == (1, 3)
        more = at.add("More", script(*_adds("d.txt")), convoy="trip")
        assert _convoy(at).state == "moving", "it goes on, from what it landed as"
        async with at.working():
            await at.until(lambda: _state(at, more) == "review")
            await asyncio.to_thread(review.accept, more)
        assert _convoy(at).state == "landed"
        assert (at.repository / "d.txt").exists()


async def test_a_cancelled_last_bead_lets_the_engine_land(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        made = _plan(at, _bead("a", *_adds("a.txt")), _bead("b", *_adds("b.txt"), after=["a"]))
        a, b = made.beads.values()
        async with at.working():
            at.house.service.write(beads.hold, b, "perhaps not")
            await at.until(lambda: _state(at, a) == "review")
            await asyncio.to_thread(at.house.review(at.board.id).accept, a)
            assert not (at.repository / "a.txt").exists()
            at.house.service.write(beads.cancel, b)
            await at.until(lambda: _convoy(at).state == "landed")
        assert (at.repository / "a.txt").exists()
        assert _convoy(at).says == "landed with 1 failure"
        landed = [e for e in at.house.service.read(views.events, 0, "trip", 100) if e.verb == "convoy.land"]
        assert [e.actor for e in landed] == ["patrol"]


async def test_a_conflict_at_landing_is_told_and_a_bead_settles_it(tmp_path: Path) -> None:
    settle = "git merge -q origin/main; printf 'both\\n' > same.txt && git add -A && git commit -q -m Settle"
    async with scene(tmp_path) as at:
        made = _plan(at, _bead("a", *_adds("same.txt", "ours\n")), _bead("b", *_adds("b.txt"), after=["a"]))
        a, b = made.beads.values()
        review = at.house.review(at.board.id)
        async with at.working():
            await at.until(lambda: _state(at, a) == "review")
            await asyncio.to_thread(review.accept, a)
            (at.repository / "same.txt").write_text("theirs\n")
            git(at.repository, "add", "-A")
            git(at.repository, "commit", "-q", "-m", "Theirs")
            theirs = _main(at)
            await at.until(lambda: _state(at, b) == "review")
            await asyncio.to_thread(review.accept, b)
            assert (_state(at, b), _main(at)) == ("done", theirs), "the bead is accepted all the same"
            assert _convoy(at).state == "moving"
            assert _convoy(at).stranded == ("convoy/trip conflicts with main in same.txt",)
            await at.until(lambda: "convoy.strand" in _verbs(at))
            assert _verbs(at).count("convoy.stay") == 1, "the patrol does not try again and again"
            with pytest.raises(Refused, match=r"same\.txt"):
                await asyncio.to_thread(review.land, "trip")
            turn = {"tool": "Bash", "input": {"command": settle, "description": "x"}}
            peace = at.add("Settle it", script(turn, {"text": "settled"}), convoy="trip")
            assert _convoy(at).stranded == ()
            await at.until(lambda: _state(at, peace) == "review")
            await asyncio.to_thread(review.accept, peace)
        assert _convoy(at).state == "landed"
        assert (at.repository / "same.txt").read_text() == "both\n"
        assert git(at.repository, "merge-base", "main", theirs) == theirs


async def test_local_changes_in_the_way_keep_it_from_landing(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        (a,) = _plan(at, _bead("a", *_adds("README.md", "new\n"))).beads.values()
        review = at.house.review(at.board.id)
        async with at.working():
            await at.until(lambda: _state(at, a) == "review")
            (at.repository / "README.md").write_text("mine\n")
            await asyncio.to_thread(review.accept, a)
            assert "local changes in the way: README.md" in _convoy(at).stranded[0]
            assert (at.repository / "README.md").read_text() == "mine\n"
            git(at.repository, "checkout", "-q", "README.md")
            merged = await asyncio.to_thread(review.land, "trip")
        assert (_convoy(at).state, _main(at)) == ("landed", merged)


async def test_a_conflict_within_the_convoy_goes_back_and_is_settled(tmp_path: Path) -> None:
    """The clone that is kept sees the newest tip of what it has to merge."""
    settle = "git merge -q origin/convoy/trip; printf 'both\\n' > same.txt && git add -A && git commit -qm x"
    again = {"tool": "Bash", "input": {"command": settle, "description": "x"}}
    async with scene(tmp_path) as at:
        made = _plan(at, _bead("a", *_adds("same.txt", "a\n")), _bead("b", *_adds("same.txt", "b\n")))
        a, b = made.beads.values()
        review = at.house.review(at.board.id)
        async with at.working():
            await at.until(lambda: {_state(at, a), _state(at, b)} == {"review"})
            await asyncio.to_thread(review.accept, a)
            at.house.service.write(beads.edit, b, description=script(again, {"text": "settled"}))
            with pytest.raises(Refused, match=r"same\.txt"):
                await asyncio.to_thread(review.accept, b)
            assert "origin/convoy/trip" in at.see(b).card.remark
            await at.until(lambda: len(at.see(b).attempts) == 2 and _state(at, b) == "review")
            await asyncio.to_thread(review.accept, b)
        assert _convoy(at).state == "landed"
        assert (at.repository / "same.txt").read_text() == "both\n"


async def test_a_conflict_with_the_target_is_settled_in_the_kept_clone(tmp_path: Path) -> None:
    settle = "git merge -q origin/main; printf 'both\\n' > same.txt && git add -A && git commit -q -m x"
    async with scene(tmp_path) as at:
        bead = at.add("One", script(*_adds("same.txt", "one\n")))
        review = at.house.review(at.board.id)
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
            (at.repository / "same.txt").write_text("theirs\n")
            git(at.repository, "add", "-A")
            git(at.repository, "commit", "-q", "-m", "Theirs")
            turn = {"tool": "Bash", "input": {"command": settle, "description": "x"}}
            at.house.service.write(beads.edit, bead, description=script(turn, {"text": "settled"}))
            with pytest.raises(Refused, match=r"same\.txt"):
                await asyncio.to_thread(review.accept, bead)
            await at.until(lambda: len(at.see(bead).attempts) == 2 and _state(at, bead) == "review")
            await asyncio.to_thread(review.accept, bead)
        assert (at.repository / "same.txt").read_text() == "both\n"


async def test_work_that_was_waited_for_outside_is_taken_in(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        review = at.house.review(at.board.id)
        outside = at.add("Outside", script(*_adds("outside.txt")))
        (first,) = _plan(at, _bead("a", *_adds("a.txt"))).beads.values()
        copy = {"tool": "Bash", "input": {"command": "cp outside.txt copy.txt && git add -A &&"
                                          " git commit -q -m Copy", "description": "x"}}  # fmt: skip
        inside = at.add("Inside", script(copy, {"text": "copied"}), convoy="trip", hold="wait")
        at.house.service.write(edges.link, inside, outside)
        at.house.service.write(edges.link, inside, first)
        at.house.service.write(beads.hold, inside, "")
        async with at.working():
            await at.until(lambda: {_state(at, outside), _state(at, first)} == {"review"})
            await asyncio.to_thread(review.accept, first)
            await asyncio.to_thread(review.accept, outside)
            await at.until(lambda: _state(at, inside) == "review")
            assert [f.path for f in review.work(inside).files] == ["copy.txt"]
            await asyncio.to_thread(review.accept, inside)
        assert _convoy(at).state == "landed"
        assert (at.repository / "copy.txt").exists()


async def test_a_stranded_convoy_is_named_by_the_patrol(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        fails = _bead("a", {"tool": "Bash", "input": {"command": "sleep 60", "description": "x"}})
        (a,) = _plan(at, fails, integration=False).beads.values()
        async with at.working():
            await at.until(lambda: at.see(a).card.attempt_state == "working")
            at.house.service.write(beads.release, a, "the plan is wrong")
            await at.until(lambda: "convoy.strand" in _verbs(at))
        assert _convoy(at).stranded == (f"{a} a is on hold: the plan is wrong",)
        assert _verbs(at).count("convoy.strand") == 1
        at.house.service.write(convoys.cancel, "trip")
        assert _convoy(at).stranded == ()
