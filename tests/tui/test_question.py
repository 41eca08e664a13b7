"""Answering agents: by a digit, in words, yes or no; and when somebody else was faster."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from halftui.domain.actor import person
from halftui.domain.shown import Ask
from halftui.ops import questions
from halftui.tui.app import HalfApp
from halftui.tui.screens.board import BoardScreen
from halftui.tui.screens.question import QuestionSheet
from tests.tui.eyes import text, toasts, until
from tests.tui.stage import Stage

DATABASES = (("sqlite (as now)", "no new service"), ("postgres", "survives a restart, needs a DSN"))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    for title in ("Login redirect", "Cache layer"):
        made.bead(title)
    return made


@asynccontextmanager
async def asked(
    stage: Stage, ask: Ask, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[QuestionSheet, Pilot[None]]]:
    """Open the sheet over an empty screen."""
    async with stage.app().run_test(size=size) as pilot:
        sheet = QuestionSheet(ask)
        await pilot.app.push_screen(sheet)
        await pilot.pause()
        yield sheet, pilot


def answer(stage: Stage, ask: Ask) -> tuple[str, int, str]:
    """Return what the database has as the answer: words, allowed or not, by whom."""
    found = stage.house.store.read(
        lambda rows: rows.rows("SELECT answer, is_allowed, answered_by FROM question WHERE id = :i", i=ask.id)
    )
    return found[0][0], found[0][1], found[0][2]


def is_closed(pilot: Pilot[None]) -> bool:
    return not isinstance(pilot.app.screen, QuestionSheet)


async def test_a_digit_answers(stage: Stage) -> None:
    stage.now -= 125
    ask = stage.ask(stage.claim(), "Which database should sessions use?", DATABASES)
    stage.now += 125
    async with asked(stage, ask) as (_, pilot):
        shown = text(pilot)
        for words in ("Toast asks", "Login redirect", "waiting 2m", "Which database", "2  postgres"):
            assert words in shown, words
        assert "1  sqlite (as now)   no new" in shown
        await pilot.press("2")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask) == ("postgres", 0, "person:ann")


async def test_the_cursor_and_enter_answer(stage: Stage) -> None:
    ask = stage.ask(stage.claim(), "Which?", DATABASES)
    async with asked(stage, ask) as (_, pilot):
        await pilot.press("j", "enter")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask)[0] == "postgres"


async def test_words_of_ones_own_are_kept_until_they_are_sent(stage: Stage) -> None:
    ask = stage.ask(stage.claim(), "Which?", DATABASES)
    async with asked(stage, ask) as (_, pilot):
        await pilot.press("t", *"a 1 r", "escape")
        assert not isinstance(pilot.app.focused, Input)
        await pilot.press("escape")
        assert is_closed(pilot)
        assert answer(stage, ask)[2] == "", "esc answers nothing"
        await pilot.app.push_screen(QuestionSheet(ask))
        await pilot.pause()
        assert "a 1 r" in text(pilot)
        await pilot.press(*" x", "enter")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask)[0] == "a 1 r x"


async def test_a_question_without_options_is_answered_at_once_in_words(stage: Stage) -> None:
    ask = stage.ask(stage.claim(), "How shall I call it?")
    async with asked(stage, ask) as (_, pilot):
        await pilot.press(*"Bo", "enter")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask)[0] == "Bo"


@pytest.mark.parametrize(("key", "is_allowed"), [("a", 1), ("r", 0)])
async def test_a_permission_is_given_or_refused(stage: Stage, key: str, is_allowed: int) -> None:
    ask = stage.want(stage.claim(), "Bash rm -rf build/", "Bash", "rm -rf build/ && make")
    async with asked(stage, ask) as (_, pilot):
        assert "Toast wants to use Bash" in text(pilot)
        assert "rm -rf build/ && make" in text(pilot)
        await pilot.press("enter", "1", "2")
        assert not is_closed(pilot), "neither enter nor a digit decides about a permission"
        await pilot.press(key)
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask)[1] == is_allowed


async def test_a_refusal_can_carry_words(stage: Stage) -> None:
    ask = stage.want(stage.claim(), "Bash rm -rf /", "Bash", "rm -rf /")
    async with asked(stage, ask) as (_, pilot):
        await pilot.press("t", *"only build", "enter")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, ask)[:2] == ("only build", 0)


async def test_the_whole_command_can_be_read(stage: Stage) -> None:
    command = "\n".join(f"step {n} {'x' * 100}end{n}" for n in range(60))
    ask = stage.want(stage.claim(), "Bash", "Bash", command)
    async with asked(stage, ask) as (_, pilot):
        seen = ""
        for _ in range(40):
            seen += text(pilot).replace("│", "").replace("┃", "")
            await pilot.press("pagedown")
        for n in range(60):
            assert f"step {n}" in seen
            assert f"end{n}" in "".join(seen.split())


async def test_the_next_question_follows(stage: Stage) -> None:
    one = stage.ask(stage.claim(), "First?", DATABASES)
    stage.now += 1
    two = stage.want(stage.claim(), "Bash ls", "Bash", "ls")
    async with asked(stage, one) as (_, pilot):
        assert "1 of 2" in text(pilot)
        await pilot.press("1")
        await until(pilot, lambda: "Maple wants to use Bash" in text(pilot))
        assert "of 2" not in text(pilot)
        await pilot.press("a")
        await until(pilot, lambda: is_closed(pilot))
    assert answer(stage, one)[0] == "sqlite (as now)"
    assert answer(stage, two)[1] == 1


async def test_somebody_elses_answer_closes_the_sheet_and_is_named(stage: Stage) -> None:
    ask = stage.ask(stage.claim(), "Which?", DATABASES)
    async with asked(stage, ask) as (_, pilot):
        stage.house.store.write(person("bo"), questions.answer, ask.id, "sqlite")
        await until(pilot, lambda: is_closed(pilot))
        assert "answered by bo" in toasts(pilot)


async def test_a_wide_answer_is_never_cut(stage: Stage) -> None:
    words = " ".join(f"word{n}" for n in range(60))
    ask = stage.ask(stage.claim(), "Which?", (("a", words), (words, "b")))
    async with asked(stage, ask, (60, 40)) as (_, pilot):
        shown = " ".join(text(pilot).replace("┃", " ").replace("▌", " ").split())
        assert shown.count("word59") == 2
        assert words in shown


async def test_questions_do_not_act_on_the_screen_below(stage: Stage) -> None:
    ask = stage.ask(stage.claim(), "Which?", DATABASES)
    async with asked(stage, ask) as (sheet, pilot):
        await pilot.press("q", "5", "!")
        assert pilot.app.screen is sheet


async def test_the_bell_rings_once_for_each_question(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    monkeypatch.setattr(HalfApp, "bell", lambda self: rung.append(1))
    stage.bead("Login redirect")
    claim = stage.claim()
    async with stage.app(BoardScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "Login" in text(pilot))
        stage.ask(claim, "Which database?")
        await until(pilot, lambda: rung)
        stage.bead("Another")
        await until(pilot, lambda: "Another" in text(pilot))
        assert len(rung) == 1
