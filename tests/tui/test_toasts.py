"""Toasts: they cover nothing that can be pressed, and leave nothing behind."""

import pytest
from textual.geometry import Region
from textual.widgets._toast import Toast

from halftui.errors import Refused
from halftui.tui import toasts
from halftui.tui.app import HalfApp
from halftui.tui.screens.question import Choices, QuestionSheet
from tests.helpers.stage import Stage
from tests.tui.eyes import until
from tests.tui.player import PLAIN, Player


def app_of(stage: Stage) -> HalfApp:
    """Return an application over the board of a stage."""
    return HalfApp(stage.service, stage.board, clock=stage.clock, env=PLAIN)


async def test_a_refusal_covers_no_answer(busy: Stage) -> None:
    app = app_of(busy)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        player = Player(app, pilot)
        await player.press("exclamation_mark")
        assert isinstance(app.screen, QuestionSheet)
        app.refuse(Refused("this can't be done, and the reason is long " * 3, "do something else"))
        await pilot.pause(0.3)
        assert "do something else" in player.text
        toast, answers = app.screen.query_one(Toast).region, app.screen.query_one(Choices).region
        assert toast
        assert not toast.overlaps(answers)
        assert not toast.overlaps(app.screen.query_one("#question-hints").region)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
async def test_where_a_toast_stood_is_drawn_again(
    busy: Stage, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toasts, "DONE_SECONDS", 0.5)
    app = app_of(busy)
    async with app.run_test(size=size, notifications=True) as pilot:
        app.say("as many words as fit " * 9, "told")
        await until(pilot, lambda: bool(app.screen.query(Toast)) and bool(app.screen.query_one(Toast).region))
        stood = app.screen.query_one(Toast).region
        drawn: list[Region] = []
        draw = app.screen.refresh

        def refresh(*regions: Region, **how: bool) -> object:
            drawn.extend(regions)
            return draw(*regions, **how)

        monkeypatch.setattr(app.screen, "refresh", refresh)
        await until(pilot, lambda: any(region.contains_region(stood) for region in drawn))
        assert "told" not in Player(app, pilot).text
        assert all(region.area < app.size.area for region in drawn), "not the whole screen for a toast"
