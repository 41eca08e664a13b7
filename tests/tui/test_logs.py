"""Live panes side by side: everybody keeps their place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from halftui.ops.attempts import Claim
from halftui.tui.screens.logs import LogsScreen
from halftui.tui.screens.question import QuestionSheet
from halftui.tui.widgets.pane import LinePane
from tests.tui.eyes import text, until
from tests.tui.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    for number in range(6):
        made.bead(f"Bead {number}")
    return made


def work(stage: Stage, count: int) -> list[Claim]:
    """Set agents to work, a second apart."""
    claims = []
    for number in range(count):
        stage.now += 1
        claims.append(stage.claim())
        stage.prints(claims[-1].attempt, [(5, "say", f"words of {number}")])
    return claims


@asynccontextmanager
async def watching(
    stage: Stage, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[LogsScreen, Pilot[None]]]:
    """Open the live panes over an empty screen."""
    async with stage.app().run_test(size=size) as pilot:
        screen = LogsScreen()
        await pilot.app.push_screen(screen)
        await pilot.pause()
        yield screen, pilot


def shown(screen: LogsScreen) -> list[str]:
    """Return the attempts of the panes that are seen, in their order."""
    return [pane.attempt or "" for pane in screen.query(LinePane) if pane.display]


async def test_four_agents_are_seen_at_once(stage: Stage) -> None:
    claims = work(stage, 4)
    async with watching(stage) as (screen, pilot):
        await until(pilot, lambda: all(f"words of {n}" in text(pilot) for n in range(4)))
        assert shown(screen) == [claim.attempt for claim in claims]
        for claim in claims:
            assert f"{claim.agent} · {claim.bead}" in text(pilot)


async def test_the_first_picture_shows_them_already(stage: Stage) -> None:
    claims = work(stage, 2)
    screen = LogsScreen()
    async with stage.app(screen).run_test(size=(120, 40)):
        assert shown(screen) == [claim.attempt for claim in claims]


async def test_nobody_moves_when_others_end_and_begin(stage: Stage) -> None:
    claims = work(stage, 4)
    async with watching(stage) as (screen, pilot):
        await until(pilot, lambda: len(shown(screen)) == 4)
        await pilot.press("|", "|", "|")
        assert len(shown(screen)) == 4
        stage.end(claims[1], {"x.txt": "x"})
        await until(pilot, lambda: "ended" in text(pilot))
        assert shown(screen) == [claim.attempt for claim in claims], "what ended can still be read"
        stage.now += 1
        new = stage.claim()
        await until(pilot, lambda: new.attempt in shown(screen))
        assert shown(screen) == [claims[0].attempt, new.attempt, claims[2].attempt, claims[3].attempt]


async def test_layouts_go_round_and_no_pane_is_lost(stage: Stage) -> None:
    claims = work(stage, 3)
    async with watching(stage) as (screen, pilot):
        await pilot.press("|")
        assert shown(screen) == [claims[0].attempt]
        await pilot.press("|")
        assert shown(screen) == [claims[0].attempt, claims[1].attempt]
        await pilot.press("|")
        assert shown(screen)[:3] == [claim.attempt for claim in claims]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert shown(screen)[:3] == [claim.attempt for claim in claims]


@pytest.mark.parametrize(("size", "count"), [((80, 24), 1), ((110, 24), 2), ((120, 40), 4)])
async def test_the_first_layout_fits_the_terminal(stage: Stage, size: tuple[int, int], count: int) -> None:
    work(stage, 4)
    async with watching(stage, size) as (screen, _):
        assert len(shown(screen)) == count


async def test_one_pane_shows_one_agent_after_the_other(stage: Stage) -> None:
    claims = work(stage, 3)
    async with watching(stage, (80, 24)) as (screen, pilot):
        for number in (1, 2, 0):
            await pilot.press("]")
            assert shown(screen) == [claims[number].attempt]
            await until(pilot, lambda n=number: f"words of {n}" in text(pilot))  # type: ignore[misc]
        await pilot.press("[")
        assert shown(screen) == [claims[2].attempt]


async def test_zoom_gives_one_pane_all_room_and_back(stage: Stage) -> None:
    claims = work(stage, 4)
    async with watching(stage) as (screen, pilot):
        await pilot.press("tab", "z")
        assert shown(screen) == [claims[1].attempt]
        assert screen.query_one("#pane-1").size.width > 110
        await pilot.press("escape")
        assert len(shown(screen)) == 4
        assert pilot.app.screen is screen, "the first esc leaves the zoom only"


async def test_an_agent_that_asks_is_marked_and_answered_from_here(stage: Stage) -> None:
    claims = work(stage, 2)
    async with watching(stage) as (_, pilot):
        stage.ask(claims[1], "Which?", (("a", ""),))
        await until(pilot, lambda: "ASKS YOU" in text(pilot))
        await pilot.press("tab", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionSheet))


async def test_nobody_at_work_says_how_to_begin(stage: Stage) -> None:
    async with watching(stage) as (screen, pilot):
        assert "no agent is at work" in text(pilot)
        await pilot.press("|", "]", "z", "a", "d", "enter", "/", "x", "enter", "n", "y", "z")
        claim = work(stage, 1)[0]
        await until(pilot, lambda: claim.attempt in shown(screen))


async def test_what_stands_before_the_newest_thousand_lines_is_read_at_the_top(stage: Stage) -> None:
    stage.bead("Login redirect")
    claim = stage.claim()
    stage.prints(claim.attempt, [(0, "out", f"line {n}") for n in range(1, 2_501)])
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "line 2500" in text(pilot))
        await pilot.press("g", "g")
        await until(pilot, lambda: pilot.app.screen.query(LinePane).first().tail.first == 501)
        assert "line 1501" in text(pilot), "one stays where one was"
        await pilot.press("g", "g")
        await until(pilot, lambda: pilot.app.screen.query(LinePane).first().tail.first == 1)
        await pilot.press("g")
        await until(pilot, lambda: "line 1 " in text(pilot))
        await pilot.press("f")
        await until(pilot, lambda: "line 2500" in text(pilot))


async def test_a_search_goes_through_all_panes(stage: Stage) -> None:
    for title in ("Login redirect", "Cache layer"):
        stage.bead(title)
        stage.prints(stage.claim().attempt, [(0, "out", f"a needle in {title}"), (0, "out", "hay")])
    async with stage.app(LogsScreen()).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: text(pilot).count("hay") == 2)
        await pilot.press("ctrl+f", *"needle", "enter")
        await until(pilot, lambda: text(pilot).count("/needle 1 of 1") == 2)
        await pilot.press("escape")
        await until(pilot, lambda: "/needle" not in text(pilot))
