"""Keys that are typed on at once: they reach what the first one opens, in order, and nothing below it."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from halftui.domain.shown import Work
from halftui.ops import views
from halftui.service.review import Review
from halftui.tui import ahead
from halftui.tui.app import HalfApp
from halftui.tui.screens.agents import AgentsScreen
from halftui.tui.screens.board import BoardScreen
from halftui.tui.screens.command import CommandSheet
from halftui.tui.screens.entry import EntrySheet
from halftui.tui.screens.remark import Field, RemarkSheet
from halftui.tui.screens.review import ReviewScreen
from tests.helpers.stage import Stage
from tests.tui import stage as desk
from tests.tui.eyes import text, toasts, until
from tests.tui.player import playing

NAMED = {" ": "space", "\n": "enter", ":": "colon", "/": "slash", "#": "number_sign", "\x1b": "escape"}


def at_once(app: App[None], typed: str) -> None:
    """Type all of it before the application takes the first key, as a fast hand or a paste does."""
    for sign in typed:
        app.post_message(events.Key(NAMED.get(sign, sign), sign if sign.isprintable() else None))


def titles(stage: Stage) -> list[str]:
    """Return the titles of all beads."""
    return [card.title for card in stage.store.read(views.beads, stage.board)]


async def test_a_bead_is_written_by_keys_that_come_all_at_once(busy: Stage) -> None:
    async with playing(busy) as player:
        at_once(player.app, "nxa quit SpaN\n")
        await until(player.pilot, lambda: "xa quit SpaN" in titles(busy))
        await until(player.pilot, lambda: player.board.card and player.board.card.title == "xa quit SpaN")
        assert isinstance(player.app.screen, BoardScreen)
        assert not player.toasts


async def test_two_beads_one_after_the_other(busy: Stage) -> None:
    async with playing(busy) as player:
        at_once(player.app, "nfirst of two\nnsecond of two\n")
        await until(player.pilot, lambda: "second of two" in titles(busy))
        assert "first of two" in titles(busy)


@pytest.mark.parametrize(
    ("typed", "sheet"),
    [("cxaqr NS", RemarkSheet), (":xaqr NS", CommandSheet), ("nxaqr NS", EntrySheet)],
    ids=["comment", "command", "bead"],
)
async def test_no_letter_is_lost_and_none_reaches_the_board(
    busy: Stage, typed: str, sheet: type[RemarkSheet | CommandSheet | EntrySheet]
) -> None:
    async with playing(busy) as player:
        at_once(player.app, typed)
        await until(player.pilot, lambda: isinstance(player.app.screen, sheet))
        await until(player.pilot, lambda: _written(player.app) == typed[1:])


def _written(app: App[None]) -> str:
    focused = app.focused
    return focused.text if isinstance(focused, Field) else focused.value if isinstance(focused, Input) else ""


async def test_the_filter_takes_what_is_typed_on(busy: Stage) -> None:
    async with playing(busy) as player:
        at_once(player.app, "/schema\nj")
        finder = player.board.finder
        await until(player.pilot, lambda: finder.words == "schema")
        assert finder.value == "schema"


async def test_pasted_text_waits_too(busy: Stage) -> None:
    async with playing(busy) as player:
        player.app.post_message(events.Key("n", "n"))
        player.app.post_message(events.Paste("a pasted title"))
        at_once(player.app, "\n")
        await until(player.pilot, lambda: "a pasted title" in titles(busy))


async def test_what_follows_a_refused_key_reaches_nothing(busy: Stage) -> None:
    async with playing(busy) as player:
        player.board.lanes.choose(busy.ids["Migrate the schema"])
        await player.rest()
        assert player.board.card
        assert player.board.card.lane == "ready"
        before = titles(busy)
        at_once(player.app, "txnN")
        await until(player.pilot, lambda: "has no agent" in player.toasts)
        await player.rest()
        assert isinstance(player.app.screen, BoardScreen), "none of the words became a key"
        assert titles(busy) == before


async def test_a_place_and_back_in_one_go(busy: Stage) -> None:
    async with playing(busy) as player:
        at_once(player.app, "2\x1b3\x1b7\x1bn")
        await until(player.pilot, lambda: isinstance(player.app.screen, EntrySheet))
        assert len(player.app.screen_stack) == 2


@asynccontextmanager
async def reviewed(tmp_path: Path) -> AsyncIterator[tuple[desk.Stage, HalfApp, Pilot[None]]]:
    """Open a board on which two beads wait for a review."""
    made = desk.Stage(tmp_path)
    for title, files in (("One", {"a.txt": "one\n"}), ("Two", {"b.txt": "two\n"})):
        made.bead(title)
        made.end(made.claim(), dict(files))
        made.now += 60
    app = made.app(BoardScreen())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Review 2" in text(pilot))
        yield made, app, pilot


def states(made: desk.Stage) -> Sequence[str]:
    """Return the states of all beads, the oldest first."""
    found = made.service.read(views.beads, made.board.id)
    return [card.state for card in sorted(found, key=lambda card: card.title)]


async def test_accepting_the_oldest_is_two_keys_in_one_go(tmp_path: Path) -> None:
    async with reviewed(tmp_path) as (made, app, pilot):
        at_once(app, "5a")
        await until(pilot, lambda: "merged" in toasts(pilot))
        assert states(made) == ["done", "review"]


async def test_a_review_takes_a_comment_and_a_reason_in_one_go(tmp_path: Path) -> None:
    async with reviewed(tmp_path) as (made, app, pilot):
        at_once(app, "5cname aRa\nrsay a reason\n")
        await until(pilot, lambda: "sent back" in toasts(pilot))
        assert isinstance(app.screen, ReviewScreen)
        found = made.service.read(views.beads, made.board.id)
        remark = next(card.remark for card in found if card.title == "One")
        assert "say a reason" in remark
        assert "name aRa" in remark


async def test_a_long_reading_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_go_on = threading.Event()
    async with reviewed(tmp_path) as (_, app, pilot):
        real = Review.work

        def held_up(review: Review, bead: str) -> Work:
            may_go_on.wait()
            return real(review, bead)

        monkeypatch.setattr(Review, "work", held_up)
        at_once(app, "5\x1bn")
        await until(pilot, lambda: isinstance(app.screen, EntrySheet))
        may_go_on.set()


async def test_a_verb_that_takes_long_does_not_hold_keys_for_ever(
    busy: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()
    async with playing(busy) as player:
        real = player.app.service.write

        def held_up(*args: Any, **kwargs: Any) -> Any:
            may_go_on.wait()
            return real(*args, **kwargs)

        monkeypatch.setattr(ahead, "MOST_LOOKS", 20)
        monkeypatch.setattr(player.app.service, "write", held_up)
        at_once(player.app, "p2")
        await until(player.pilot, lambda: isinstance(player.app.screen, AgentsScreen))
        may_go_on.set()
