"""Reviewing real branches: accept, send back with comments, drop; what git and the database say after."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from halftui.errors import Unavailable
from halftui.ops import views
from halftui.service.review import Review
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.remark import RemarkSheet
from halftui.tui.screens.review import ReviewScreen
from halftui.tui.widgets.diff import DiffView
from tests.tui.eyes import text, toasts, until
from tests.tui.stage import Stage
from tests.workspace.scene import commit, git


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two beads to review, the second in conflict with what main became."""
    made = Stage(tmp_path)
    for title in ("CSV export", "Migrate"):
        made.bead(title)
    made.end(made.claim(), {"src/a.py": "one\ntwo\n", "b.txt": "changed\n"}, "Adds an export.")
    made.now += 60
    made.end(made.claim(), {"a.txt": "of the agent\n"}, "Migrates.")
    commit(made.project, "of bob", {"a.txt": "of bob\n"})
    made.repository.refresh(made.house.origin(made.board))
    made.now += 60
    return made


@asynccontextmanager
async def reviewing(
    stage: Stage, size: tuple[int, int] = (120, 40), bead: str | None = None
) -> AsyncIterator[tuple[ReviewScreen, Pilot[None]]]:
    """Open the review and wait until the first file is shown."""
    screen = ReviewScreen(bead)
    async with stage.app(screen).run_test(size=size) as pilot:
        await until(pilot, lambda: bool(screen.query_one(DiffView).patch.lines))
        yield screen, pilot


def of(stage: Stage, title: str) -> str:
    """Return the id of a bead."""
    found = stage.service.read(views.beads, stage.board.id, views.LANES, 0)
    return next(card.id for card in found if card.title == title)


async def test_the_oldest_opens_with_its_summary_files_and_counts(stage: Stage) -> None:
    async with reviewing(stage) as (_, pilot):
        shown = text(pilot)
        for words in ("CSV export", "2 files +3 -1", "✓ merges into main", "To review 2", "Files 0/2 seen",
                      "Toast says:", "Adds an export.", "b.txt · 1/2"):  # fmt: skip
            assert words in shown, words


async def test_accepting_is_one_key_merges_and_opens_the_next(stage: Stage) -> None:
    bead = of(stage, "CSV export")
    async with reviewing(stage) as (screen, pilot):
        await pilot.press("a")
        await until(pilot, lambda: "✗ conflicts with main: a.txt" in text(pilot))
        assert "merged" in toasts(pilot)
        assert screen.bead == of(stage, "Migrate")
    assert stage.service.read(views.bead, bead).card.state == "done"
    assert git(stage.project, "show", "main:src/a.py") == "one\ntwo"


async def test_a_conflict_is_asked_about_and_no_is_the_default(stage: Stage) -> None:
    bead = of(stage, "Migrate")
    async with reviewing(stage, bead=bead) as (_, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("enter")
        await pilot.pause()
        assert stage.service.read(views.bead, bead).card.state == "review"
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "conflicts" in toasts(pilot))
    found = stage.service.read(views.bead, bead)
    assert found.card.state == "open"
    assert "a.txt" in found.card.remark


async def test_comments_and_the_reason_go_back_as_one_message(stage: Stage) -> None:
    bead = of(stage, "CSV export")
    async with reviewing(stage) as (screen, pilot):
        await pilot.press("]")
        await until(pilot, lambda: "src/a.py · 2/2 · hunk" in text(pilot))
        await pilot.press("j", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemarkSheet))
        await pilot.press(*"say why", "ctrl+j", *"and", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "┌ you: say why" in text(pilot)
        assert "send back with 1 comment" in text(pilot)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemarkSheet))
        assert "1 comment will be sent with it" in text(pilot)
        await pilot.press(*"not yet", "escape", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemarkSheet))
        await pilot.pause()
        assert "not yet" in text(pilot), "the draft is kept"
        await pilot.press("enter")
        await until(pilot, lambda: "sent back" in toasts(pilot))
        await until(pilot, lambda: screen.bead == of(stage, "Migrate"))
    found = stage.service.read(views.bead, bead)
    assert found.card.state == "open"
    assert found.card.remark == "not yet\n\nsrc/a.py:2\n> two\nsay why\nand"


async def test_a_comment_never_lands_on_a_file_that_is_not_shown_yet(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reviewing(stage) as (screen, pilot):
        real = Review.patch

        def slow(*args: object, **options: object) -> object:
            time.sleep(0.5)
            return real(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Review, "patch", slow)
        there = screen.file.path if screen.file else ""
        await pilot.press("]", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, RemarkSheet))
        assert screen.shown is screen.file
        assert screen.file
        assert f"{screen.file.path}:" in text(pilot)
        assert screen.file.path != there


async def test_a_verdict_never_falls_on_work_that_opened_by_itself_just_now(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reviewing(stage) as (screen, pilot):
        real = Review.work

        def slow(*args: object, **options: object) -> object:
            time.sleep(0.5)
            return real(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(Review, "work", slow)
        await pilot.press("a", "a")
        await until(pilot, lambda: "another bead opens just now" in toasts(pilot))
        await until(pilot, lambda: "✗ conflicts with main: a.txt" in text(pilot))
        await pilot.pause()
        assert pilot.app.screen is screen, "nobody is asked about the second"


async def test_comments_outlive_the_screen_and_an_empty_one_goes(stage: Stage) -> None:
    async with stage.app().run_test(size=(120, 40)) as pilot:
        await pilot.app.push_screen(ReviewScreen())
        await until(pilot, lambda: "b.txt · 1/2 · hunk" in text(pilot))
        await pilot.press("c", *"hm", "enter")
        await until(pilot, lambda: "with 1 comment" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "CSV export" not in text(pilot))
        await pilot.app.push_screen(ReviewScreen())
        await until(pilot, lambda: "with 1 comment" in text(pilot))
        await until(pilot, lambda: "b.txt · 1/2 · hunk" in text(pilot))
        await pilot.press("c", "backspace", "backspace", "escape")
        await until(pilot, lambda: "with 1 comment" not in text(pilot))


async def test_seen_files_are_marked_and_the_next_opens(stage: Stage) -> None:
    async with reviewing(stage) as (_, pilot):
        await pilot.press("space")
        await until(pilot, lambda: "src/a.py · 2/2 · hunk" in text(pilot))
        assert "Files 1/2 seen" in text(pilot)
        assert "1 of 2 seen" in text(pilot)
        await pilot.press("[", "space")
        await until(pilot, lambda: "Files 0/2 seen" in text(pilot))


async def test_dropping_asks_and_no_is_the_default(stage: Stage) -> None:
    bead = of(stage, "CSV export")
    async with reviewing(stage) as (_, pilot):
        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("enter")
        await pilot.pause()
        assert stage.service.read(views.bead, bead).card.state == "review"
        await pilot.press("R", "y")
        await until(pilot, lambda: "dropped" in toasts(pilot))
    assert stage.service.read(views.bead, bead).card.state == "cancelled"


async def test_small_screens_fold_the_lists_into_a_line(stage: Stage) -> None:
    async with reviewing(stage, (80, 24)) as (_, pilot):
        assert "To review" not in text(pilot)
        assert "b.txt · 1/2" in text(pilot)
        assert "a accept & merge" in text(pilot)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "To review 2" in text(pilot)


async def test_the_queue_opens_another_bead(stage: Stage) -> None:
    async with reviewing(stage) as (screen, pilot):
        screen.query_one("#queue").focus()
        await pilot.press("j", "enter")
        await until(pilot, lambda: "conflicts with main" in text(pilot))
        assert screen.bead == of(stage, "Migrate")


async def test_more_context_and_ignored_space_are_asked_of_git(stage: Stage) -> None:
    made = "".join(f"line {n}\n" for n in range(60))
    commit(stage.project, "long", {"long.txt": made})
    stage.repository.refresh(stage.house.origin(stage.board))
    bead = stage.bead("Space", priority=0)
    stage.end(stage.claim(), {"long.txt": made.replace("line 30", "line  30").replace("line 5\n", "five\n")})
    async with reviewing(stage, bead=bead) as (screen, pilot):
        view = screen.query_one(DiffView)
        assert len(view.patch.hunks) == 2
        await pilot.press("}", "}", "}")
        await until(pilot, lambda: len(view.patch.hunks) == 1)
        await pilot.press("{", "{", "{", "W")
        await until(pilot, lambda: len(view.patch.hunks) == 1 and "space ignored" in text(pilot))
        assert not any("line  30" in line for line in view.patch.lines if line.startswith("+"))


async def test_an_empty_queue_says_so_and_fills_by_itself(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    async with stage.app(ReviewScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "nothing waits for a review" in text(pilot))
        await pilot.press("a", "r", "R", "c", "]", "space", "n", "o")
        stage.bead("Late")
        stage.end(stage.claim(), {"late.txt": "x\n"})
        await until(pilot, lambda: "late.txt · 1/1" in text(pilot))


async def test_what_git_refuses_becomes_a_toast(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise Unavailable("the repository does not answer", "look at the disk")

    async with reviewing(stage) as (screen, pilot):
        monkeypatch.setattr(Review, "accept", broken)
        await pilot.press("a")
        await until(pilot, lambda: "the repository does not answer" in toasts(pilot))
        await until(pilot, lambda: not screen.doing)
        assert screen.bead == of(stage, "CSV export")


async def test_work_that_somebody_else_accepted_is_not_accepted_twice(stage: Stage) -> None:
    bead = of(stage, "CSV export")
    async with reviewing(stage) as (_, pilot):
        stage.house.review(stage.board.id).accept(bead)
        await until(pilot, lambda: "not in review" in text(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "approve is not possible" in toasts(pilot))


async def test_a_bead_without_work_says_so(stage: Stage) -> None:
    bead = stage.bead("Nothing yet")
    async with stage.app(ReviewScreen(bead)).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "has no work on its branch yet" in text(pilot))
