"""A bead's page: its four tabs, and what opens from them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from halftui.domain.actor import ENGINE, person
from halftui.domain.happenings import Outcome
from halftui.ops import attempts, beads, trials, views
from halftui.tui.screens.bead_page import BeadPage
from halftui.tui.screens.detail import AttemptScreen, DetailScreen
from halftui.tui.screens.question import QuestionSheet
from tests.tui.eyes import text, toasts, until
from tests.tui.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.now -= 3_000
    first = made.bead(
        "Login redirect", description="Keep ?next.", acceptance="- no other host", labels=["auth"], priority=1
    )
    made.bead("Rotate tokens", after_beads=[first])
    claim = made.claim()
    made.prints(claim.attempt, [(2_900, "say", "I look at it")])
    made.house.store.write(ENGINE, attempts.meter, claim.attempt, claim.epoch, 30_000, 1_000, 0.31, 9)
    made.now += 700
    made.house.store.write(
        ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.FAILED, "exit", "pytest is missing"
    )
    made.service.write(beads.dispatch, first)
    made.now += 300
    made.claim()
    made.now += 2_000
    return made


def ids(stage: Stage) -> tuple[str, str]:
    """Return the ids of the two beads."""
    found = {card.title: card.id for card in stage.service.read(views.beads, stage.board.id, views.LANES, 0)}
    return found["Login redirect"], found["Rotate tokens"]


@asynccontextmanager
async def opened(
    stage: Stage, bead: str, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[DetailScreen, Pilot[None]]]:
    """Open a bead's page over an empty screen."""
    async with stage.app().run_test(size=size) as pilot:
        screen = DetailScreen(bead)
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: "created" in text(pilot))
        yield screen, pilot


async def test_the_spec_says_what_is_wanted_and_how_it_stands(stage: Stage) -> None:
    async with opened(stage, ids(stage)[0]) as (_, pilot):
        for words in ("Login redirect · working · P1", "Keep ?next.", "Acceptance", "- no other host",
                      "pytest is missing", "Toast", "~auth", "by ann", "Attempts 2", "Deps 1"):  # fmt: skip
            assert words in text(pilot), words


async def test_tabs_go_round_both_ways(stage: Stage) -> None:
    async with opened(stage, ids(stage)[0]) as (_, pilot):
        await pilot.press("]")
        assert "taken by Toast" in text(pilot)
        assert "failed: exit" in text(pilot)
        await pilot.press("[", "[")
        assert "2 attempts, $0.31 in all" in text(pilot)
        await pilot.press("tab")
        assert "Keep ?next." in text(pilot)


async def test_dependencies_open_the_other_bead(stage: Stage) -> None:
    one, two = ids(stage)
    async with opened(stage, two) as (_, pilot):
        await pilot.press("]", "]")
        for words in (
            "Why it is not started",
            f"waits for {one} Login redirect (active, Toast)",
            "waits for its end",
        ):
            assert words in text(pilot), words
        await pilot.press("enter")
        await until(pilot, lambda: "Login redirect · working" in text(pilot))
        await pilot.press("]", "]")
        assert two in text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "Rotate tokens · blocked" in text(pilot))


async def test_an_attempt_opens_its_lines(stage: Stage) -> None:
    async with opened(stage, ids(stage)[0]) as (_, pilot):
        await pilot.press("[")
        for words in ("2   Toast", "1   Toast", "failed exit", "11m 40s", "$0.31", "31k tokens", "9 turns"):
            assert words in text(pilot), words
        await pilot.press("j", "enter")
        await until(pilot, lambda: "I look at it" in text(pilot))
        assert isinstance(pilot.app.screen, AttemptScreen)
        await pilot.press("escape")
        await until(pilot, lambda: "2 attempts" in text(pilot))


async def test_editing_saves_only_what_was_changed(stage: Stage) -> None:
    bead = ids(stage)[0]
    async with opened(stage, bead) as (_, pilot):
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, BeadPage))
        pilot.app.screen.query_one("#title", Input).value = "Login keeps ?next"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "Login keeps ?next · working" in text(pilot))
    found = stage.service.read(views.bead, bead)
    assert (found.card.title, found.description) == ("Login keeps ?next", "Keep ?next.")
    changes = [e for e in stage.service.read(views.events, 0, bead) if e.verb == "bead.edit"]
    assert [set(e.after) for e in changes] == [{"title"}]


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(stage: Stage) -> None:
    bead = ids(stage)[0]
    async with opened(stage, bead) as (_, pilot):
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, BeadPage))
        stage.house.store.write(person("bo"), beads.edit, bead, title="Of bo")
        pilot.app.screen.query_one("#title", Input).value = "Of ann"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "changed meanwhile" in toasts(pilot))
    assert stage.service.read(views.bead, bead).card.title == "Of bo"


async def test_a_change_elsewhere_is_shown(stage: Stage) -> None:
    bead = ids(stage)[0]
    async with opened(stage, bead) as (_, pilot):
        stage.house.store.write(person("bo"), beads.edit, bead, description="Of bo")
        await until(pilot, lambda: "Of bo" in text(pilot))


async def test_its_agents_question_stands_on_top_and_is_answered_from_here(stage: Stage) -> None:
    bead = ids(stage)[0]
    stage.house.store.write(ENGINE, attempts.stop, f"{bead}@2", "")
    asked = stage.ask_on(f"{bead}@2", "Which database?")
    async with opened(stage, bead) as (_, pilot):
        assert "Toast asks" in text(pilot)
        assert "Which database?" in text(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionSheet))
        assert asked.id == pilot.app.screen.question.id  # type: ignore[attr-defined]


async def test_small_screens_scroll_and_long_prose_is_wrapped(stage: Stage) -> None:
    bead = ids(stage)[0]
    words = " ".join(f"word{n}" for n in range(400))
    stage.service.write(beads.edit, bead, description=words)
    async with stage.app().run_test(size=(40, 12)) as pilot:
        await pilot.app.push_screen(DetailScreen(bead))
        await until(pilot, lambda: "word0 " in text(pilot))
        seen = ""
        for _ in range(60):
            seen += text(pilot).replace("┃", " ")
            await pilot.press("pagedown")
        assert all(f"word{n}" in seen.split() for n in range(400))


async def test_a_bead_that_is_not_there_is_refused(stage: Stage) -> None:
    async with stage.app().run_test(size=(80, 24)) as pilot:
        await pilot.app.push_screen(DetailScreen("xx-1"))
        await until(pilot, lambda: "there is no bead xx-1" in toasts(pilot))
        await until(pilot, lambda: not isinstance(pilot.app.screen, DetailScreen))


async def test_checks_are_shown_with_the_end_of_their_output(stage: Stage) -> None:
    first, _ = ids(stage)
    write = stage.house.store.write
    claim = stage.service.read(views.bead, first).attempts[0]
    work = attempts.Work("b", "t", 1, 2, 3)
    write(ENGINE, attempts.end, claim.id, claim.epoch, Outcome.PASSED, "", "done", work)
    trial = write(ENGINE, trials.begin, stage.board.id, "main", "tree", "make lint\nmake test", [first])
    write(ENGINE, trials.step, trial, 2, "$ make test\n1 failed: \x1b]0;pwned\x07")
    assert stage.service.read(views.bead, first).card.progress == "checks 2/2: make test …"
    async with opened(stage, first) as (_, pilot):
        assert "checks 2/2: make test" in text(pilot)
        assert "1 failed:" in text(pilot)
        write(ENGINE, trials.end, trial, "failed", 2, "$ make test\n1 failed")
        write(ENGINE, trials.judge, first, "t", trial, is_blamed=False)
    async with opened(stage, first) as (_, pilot):
        assert "checks fail: make test" in text(pilot)
        assert "on main and 1 bead" in text(pilot)
    card = stage.service.read(views.bead, first).card
    assert (card.state, card.progress) == ("review", "checks fail: make test, on main alone too")
