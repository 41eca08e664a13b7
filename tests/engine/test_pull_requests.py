"""Pull requests at a scripted forge: opened once, looked at, and nothing forgotten when it fails."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.assign import BACK_OFF_MINUTES
from halftui.errors import Refused
from halftui.ops import beads, boards, pulls, views
from tests.helpers import forge
from tests.helpers.boards import Scene, commits, git, scene, script
from tests.helpers.killed import board

OPEN = "forge.example/pull/1 is open"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and let a failure be tried again soon."""
    monkeypatch.setattr("halftui.ops.pulls.LOOK_SECONDS", 0.2)
    monkeypatch.setattr("halftui.ops.pulls.BACK_OFF_MINUTES", (0.005,) * len(BACK_OFF_MINUTES))


def _program(folder: Path) -> dict[str, Any]:
    text = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.helpers import forge; import json;"
    text += " from pathlib import Path; sys.exit(forge.main(Path(sys.argv[1]), json.load(sys.stdin)))"
    (folder / "forge.py").write_text(text)
    return {"forge": f"{sys.executable} {folder / 'forge.py'} {folder / 'forge.json'}"}


def _calls(folder: Path) -> list[str]:
    with forge.state_of(folder / "forge.json") as state:
        return list(state["calls"])


def _pull(folder: Path, bead: str) -> dict[str, Any]:
    with forge.state_of(folder / "forge.json") as state:
        return dict(state["pulls"].get(f"halftui/{bead}", {}))


def _add(at: Scene) -> str:
    at.house.service.write(boards.edit, at.board.id, merge="pull-request")
    return at.add("Add a note", script(commits("note.txt"), {"text": "The note is there."}))


def _state(at: Scene, bead: str) -> str:
    return at.see(bead).card.state


async def test_merged_at_the_forge_is_done(tmp_path: Path) -> None:
    async with scene(tmp_path, **_program(tmp_path)) as at:
        bead = _add(at)
        async with at.working():
            await at.until(lambda: at.see(bead).pull_request != "")
            assert at.see(bead).pull_request == "https://forge.example/pull/1"
            assert at.see(bead).card.progress == OPEN
            pull = _pull(tmp_path, bead)
            assert (pull["title"], pull["body"], pull["target"]) == (
                "Add a note",
                "The note is there.",
                "main",
            )
            with pytest.raises(Refused, match="merged by its pull request") as found:
                await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
            assert found.value.hint == "https://forge.example/pull/1"
            await at.until(lambda: _calls(tmp_path).count("look") > 2)
            assert _state(at, bead) == "review"
            merged = git(at.repository, "rev-parse", "main")
            forge.decide(tmp_path / "forge.json", f"halftui/{bead}", "merged", merged)
            await at.until(lambda: _state(at, bead) == "done")
        assert at.see(bead).merged == merged
        assert _calls(tmp_path).count("open") == 1


async def test_closed_at_the_forge_is_cancelled(tmp_path: Path) -> None:
    async with scene(tmp_path, **_program(tmp_path)) as at:
        bead = _add(at)
        async with at.working():
            await at.until(lambda: at.see(bead).pull_request != "")
            forge.decide(tmp_path / "forge.json", f"halftui/{bead}", "closed")
            await at.until(lambda: _state(at, bead) == "cancelled")
        assert "was closed: https://forge.example/pull/1" in at.see(bead).card.remark
        assert "close" not in _calls(tmp_path)


async def test_a_forge_that_fails_makes_nothing_forgotten(tmp_path: Path) -> None:
    async with scene(tmp_path, **_program(tmp_path)) as at:
        bead = _add(at)
        forge.break_down(tmp_path / "forge.json", 3)
        async with at.working():
            await at.until(lambda: at.see(bead).pull_request != "")
            assert _calls(tmp_path)[:4] == ["open"] * 4
            forge.break_down(tmp_path / "forge.json", 3)
            await at.until(lambda: "502 bad gateway" in at.see(bead).card.progress)
            assert at.see(bead).pull_request == "https://forge.example/pull/1"
            assert _state(at, bead) == "review"
            forge.decide(tmp_path / "forge.json", f"halftui/{bead}", "merged")
            await at.until(lambda: _state(at, bead) == "done")
        failed = [e for e in at.house.service.read(views.events, 0, bead) if e.verb == "pull.fail"]
        assert [e.after["act"] for e in failed] == ["open"] * 3 + ["look"] * 3
        assert [e.after["tries"] for e in failed] == [1, 2, 3, 1, 2, 3]


async def test_sent_back_work_brings_the_same_pull_request_up_to_date(tmp_path: Path) -> None:
    async with scene(tmp_path, **_program(tmp_path)) as at:
        bead = _add(at)
        async with at.working():
            await at.until(lambda: at.see(bead).card.progress == OPEN)
            first = _pull(tmp_path, bead)["commit"]
            more = script(commits("more.txt"), {"text": "more"})
            at.house.service.write(beads.edit, bead, description=more)
            at.house.service.write(beads.reject, bead, "a second file")
            await at.until(lambda: at.see(bead).card.files == 2)
            await at.until(lambda: at.see(bead).card.progress == OPEN)
            pull = _pull(tmp_path, bead)
            assert (pull["url"], pull["commit"] != first) == ("https://forge.example/pull/1", True)
            at.house.service.write(beads.cancel, bead, "not needed")
            await at.until(lambda: _pull(tmp_path, bead)["state"] == "closed")
        assert _state(at, bead) == "cancelled"


async def test_a_board_killed_after_the_act_does_it_again_to_the_same_end(tmp_path: Path) -> None:
    async with scene(tmp_path, **_program(tmp_path)) as at:
        bead = _add(at)
        async with board(at, "outbox.after=kill") as process:
            await process.wait()
        assert _pull(tmp_path, bead)["state"] == "open"
        assert at.see(bead).pull_request == "", "it was not acknowledged"
        assert [act.act for act in at.house.store.read(pulls.due)] == ["open"]
        async with at.working():
            await at.until(lambda: at.see(bead).pull_request == "https://forge.example/pull/1")
        assert _calls(tmp_path).count("open") == 2


async def test_without_a_program_the_card_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = _add(at)
        async with at.working():
            await at.until(lambda: "no forge is set" in at.see(bead).card.progress)
