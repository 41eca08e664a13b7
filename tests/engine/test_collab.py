"""Boards with a second repository: clones side by side, a result for each bead, and nothing of it lost."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from halftui.domain import results
from halftui.engine import brief, clones
from halftui.errors import Refused
from halftui.main.cleaning import clear
from halftui.ops import beads, boards, collab, pulls, views
from halftui.ops.attempts import Claim
from halftui.runtime.base import Runtime
from halftui.runtime.choose import make
from halftui.runtime.script import Script, read
from tests.helpers.boards import Scene, commits, git, make_repository, scene, script
from tests.helpers.killed import board

BACK = ("Your work was reviewed", "sent earlier work on this back")


def result(bead: str, **changes: Any) -> str:
    """Return a result in its form."""
    checks = [{"command": "true", "passed": True}]
    return json.dumps({"bead": bead, "summary": "It is there.", "checks": checks} | changes)


def leaves(text: str, name: str = "", *, is_committed: bool = True) -> dict[str, Any]:
    """Return a turn that writes a result, by default as `results/<bead>.json`."""
    place = name or "results/$bead.json"
    keep = "&& git add -A && git commit -q -m result" if is_committed else ""
    command = (
        "bead=$(git branch --show-current); bead=${bead#halftui/}; cd ../collab && mkdir -p results"
        f" && printf '%s\\n' '{text}' | sed \"s/BEAD/$bead/\" > {place} {keep}"
    )
    return {"text": "My result.", "tool": "Bash", "input": {"command": command, "description": "x"}}


GOOD = result("BEAD")


def pair(at: Scene, folder: Path) -> Path:
    """Give the board a repository of plans and results."""
    place = make_repository(folder / "plans")
    at.house.service.write(collab.pair, at.board.id, str(place), "main")
    return place


def _shown(place: Path, bead: str, branch: str = "main") -> Any:
    return json.loads(git(place, "show", f"{branch}:results/{bead}.json"))


def _is_in_review(at: Scene, bead: str) -> bool:
    return _state(at, bead) == "review"


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


async def _accept(at: Scene, bead: str) -> str:
    return await asyncio.to_thread(lambda: at.house.review(at.board.id).accept(bead))


async def _merged(at: Scene, bead: str) -> None:
    await at.until(lambda: at.see(bead).collab_merged != "")


def _again(first: str, then: dict[str, Any]) -> Callable[[str, str], Any]:
    async def runtime(kind: str, credential: str) -> Runtime:
        def scenario(prompt: str) -> Script:
            is_back = any(words in prompt for words in BACK)
            return read(script(then, {"text": "mended"}).partition(":")[2]) if is_back else read(first)

        return make(kind, scenario=scenario)

    return runtime


async def test_both_clones_lie_side_by_side_and_both_works_arrive(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        bead = at.add("Note", script(commits("note.txt"), leaves(GOOD), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
            (pairs,) = (tmp_path / f"home/beads/{bead}/pairs").iterdir()
            assert {each.name for each in pairs.iterdir()} == {"code", "collab"}
            assert git(place, "log", "--format=%s") == "Open the shop", "nothing is merged unseen"
            assert at.see(bead).collab
            await _accept(at, bead)
            await _merged(at, bead)
        assert _shown(place, bead)["summary"] == "It is there."
        assert (place / f"results/{bead}.json").exists()
        assert git(place, "log", "-1", "--format=%an") == "Toast"
        assert (at.repository / "note.txt").exists()
        assert not (at.repository / "results").exists()
        assert not (place / "note.txt").exists()


async def test_who_reviews_sees_the_result(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        pair(at, tmp_path)
        checks = [{"command": "make test", "passed": True}, {"command": "make lint", "passed": False}]
        text = result("BEAD", checks=checks)
        bead = at.add("Note", script(commits("note.txt"), leaves(text), {"text": "made"}))
        async with at.working() as engine:
            await at.until(lambda: _state(at, bead) == "review")
            words = "It is there.\n\npassed: make test\nFAILED: make lint"
            work = await asyncio.to_thread(at.house.review(at.board.id).work, bead)
            assert work.result == words
            claim = Claim(f"{bead}@2", 2, bead, at.board.id, "Toast", "a", "shell", "s", False, None)
            claim = replace(claim, is_review=True)
            found = at.house.service.read(views.board, at.board.id)
            here = await asyncio.to_thread(clones.prepare, engine.rooms, at.house.store, claim, found)
        told = brief.write(claim, found, here.bead, is_free=True, max_turns=1, result=here.result)
        assert f"## The result that its maker left\n{words}" in told.prompt


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, ""),
        ({"results/b.md": b"# b\n## Summary\nmade\x1b[31m\n"}, "# b\n## Summary\nmade"),
        ({"results/b.json": b'{"bead": "other"}'}, '{"bead": "other"}'),
        ({"results/b.json": b"\xff"}, "\ufffd"),
    ],
)
def test_a_result_is_shown_as_it_is(found: dict[str, bytes], words: str) -> None:
    assert results.shown("b", found).startswith(words)
    assert "\x1b" not in results.shown("b", found)


async def test_without_one_nothing_changes(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        assert {each.name for each in (tmp_path / f"home/beads/{bead}").iterdir()} == {"home", "work"}
        assert at.see(bead).collab == ""


@pytest.mark.parametrize(
    ("turn", "sentence"),
    [
        ({"text": "I forgot."}, "There is no result: write collab/results/BEAD.json"),
        (leaves("{"), "collab/results/BEAD.json is no JSON."),
        (leaves(result("other")), 'collab/results/BEAD.json has not "bead": "BEAD".'),
        (leaves("# BEAD", "results/$bead.md"), "collab/results/BEAD.md has no section `## Summary`."),
        (leaves(GOOD, "results/other.json"), "There is no result"),
    ],
)
async def test_a_missing_or_wrong_result_comes_back_with_what_is_wrong(
    tmp_path: Path, turn: dict[str, Any], sentence: str
) -> None:
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        bead = at.add("Note", "what to do")
        first = script(commits("note.txt"), turn, {"text": "made"}).partition(":")[2]
        mend = leaves(GOOD, "results/$bead.json; rm -f results/*.md; git add -A; git commit -qm x; true")
        async with at.working_with(_again(first, mend)):
            await at.until(lambda: _state(at, bead) == "review" and len(at.see(bead).attempts) == 2)
            await _accept(at, bead)
            await _merged(at, bead)
        (sent,) = [e for e in at.house.service.read(views.events, 0, bead) if e.verb == "bead.reject"]
        assert sentence.replace("BEAD", bead) in sent.after["reason"]
        assert _shown(place, bead)["bead"] == bead


async def test_who_never_leaves_one_is_held(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        pair(at, tmp_path)
        at.house.service.write(boards.edit, at.board.id, review="none")
        bead = at.add("Note", script(commits("note.txt"), {"text": "made"}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.hold != "")
        assert at.see(bead).card.hold.startswith("its result was wrong 3 times: There is no result")
        assert (_state(at, bead), len(at.see(bead).attempts)) == ("open", 3)
        assert not (at.repository / "note.txt").exists()


async def test_what_nobody_committed_is_kept_too(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        bead = at.add("Note", script(leaves(GOOD, is_committed=False), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
            await _accept(at, bead)
            await _merged(at, bead)
        assert _shown(place, bead)["bead"] == bead


async def test_many_results_at_once_are_all_there(tmp_path: Path) -> None:
    async with scene(tmp_path, cap=4) as at:
        place = pair(at, tmp_path)
        at.house.service.write(boards.edit, at.board.id, review="none")
        plan = "echo '- step' > ../collab/plan-$$.md"
        step = {"text": "a plan", "tool": "Bash", "input": {"command": plan, "description": "x"}}
        made = [at.add(f"Bead {n}", script(step, leaves(GOOD), {"text": "made"})) for n in range(6)]
        async with at.working():
            for number in range(3):  # somebody else works there, too
                (place / f"other-{number}.md").write_text("x\n")
                git(place, "add", "-A")
                git(place, "commit", "-q", "-m", f"Other {number}")
                await asyncio.sleep(0.3)
            for bead in made:
                await _merged(at, bead)
        assert all(_shown(place, bead)["bead"] == bead for bead in made)
        assert len([p for p in git(place, "ls-files").split() if p.startswith(("plan-", "other-"))]) == 9
        assert git(place, "status", "--porcelain") == ""


async def test_a_conflict_loses_nothing_and_is_tried_until_it_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halftui.ops.pulls.BACK_OFF_MINUTES", (0.005,))
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        theirs = {"command": "cd ../collab && echo agent > README.md", "description": "x"}
        turn = {"text": "a plan", "tool": "Bash", "input": theirs}
        bead = at.add("Note", script(turn, leaves(GOOD), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
            (place / "README.md").write_text("person\n")
            git(place, "commit", "-q", "-a", "-m", "Mine")
            await _accept(at, bead)
            conflicts = "its results conflict with main in README.md"
            await at.until(lambda: conflicts in at.see(bead).card.progress)
            assert _state(at, bead) == "done"
            own = at.house.collab(at.house.service.read(views.board, at.board.id)).path
            git(place, "fetch", "-q", str(own), f"halftui/{bead}")
            git(place, "merge", "-q", "-X", "ours", "-m", "Settle", "FETCH_HEAD")
            await _merged(at, bead)
        assert _shown(place, bead)["bead"] == bead
        assert (place / "README.md").read_text() == "person\n"
        assert at.see(bead).card.progress == ""


async def test_a_board_killed_after_the_merge_does_it_again_to_the_same_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        bead = at.add("Note", script(leaves(GOOD), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        at.house.service.write(beads.approve, bead)
        async with board(at, "shared.after=kill") as process:
            await process.wait()
        tip = git(place, "rev-parse", "main")
        assert [act.act for act in at.house.store.read(pulls.due)] == ["collab"]
        async with at.working():
            await _merged(at, bead)
        assert git(place, "rev-parse", "main") == tip == at.see(bead).collab_merged


async def test_who_waited_sees_the_results_of_what_it_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        pair(at, tmp_path)
        at.house.service.write(boards.edit, at.board.id, review="none")
        first = at.add("First", script(leaves(GOOD), {"text": "made"}))
        look = {"command": f"cp ../collab/results/{first}.json seen.json", "description": "x"}
        turns = ({"text": "I look.", "tool": "Bash", "input": look}, leaves(GOOD), {"text": "made"})
        second = at.add("Second", script(*turns), after_beads=[first])
        async with at.working():
            await at.until(lambda: _state(at, second) == "done")
        assert json.loads((at.repository / "seen.json").read_text())["bead"] == first


async def test_it_changes_only_while_nothing_hangs_on_it(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        place = pair(at, tmp_path)
        with pytest.raises(Refused, match="own repository"):
            at.house.service.write(collab.pair, at.board.id, str(at.repository), "main")
        bead = at.add("Note", script(leaves(GOOD), {"text": "made"}))
        async with at.working():
            await at.until(lambda: _state(at, bead) == "review")
        with pytest.raises(Refused, match="has work for"):
            at.house.service.write(collab.pair, at.board.id, "", "")
        at.house.service.write(collab.pair, at.board.id, str(place), "main")
        at.house.service.write(beads.cancel, bead)
        at.house.service.write(collab.pair, at.board.id, "", "")
        assert (at.see(bead).collab, at.house.service.read(views.board, at.board.id).collab) == ("", "")


async def test_clearing_away_takes_both_clones_when_both_are_merged(tmp_path: Path) -> None:
    async with scene(tmp_path, docker_host="unix:///nonexistent/docker.sock") as at:
        pair(at, tmp_path)
        done = at.add("Note", script(commits("note.txt"), leaves(GOOD), {"text": "made"}))
        dropped = at.add("Dropped", script(leaves(GOOD), {"text": "made"}))
        async with at.working():
            for bead in (done, dropped):
                await at.until(partial(_is_in_review, at, bead))
            await _accept(at, done)
            await _merged(at, done)
        at.house.service.write(beads.cancel, dropped)
        fates = {
            one.name: one.fate for one in await clear(at.house, -1.0, is_dry=False) if one.kind == "clone"
        }
        assert fates == {done: "gone", dropped: "stays"}
        assert not (tmp_path / f"home/beads/{done}").exists()
        assert list((tmp_path / f"home/beads/{dropped}/pairs").glob("*/collab/results/*.json"))
