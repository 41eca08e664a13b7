"""Menus, what is copied, ranges of marks, comments, typed commands, plain letters."""

import tomllib
from pathlib import Path

import pytest
from rich.segment import Segment
from textual import events
from textual.color import Color
from textual.widgets import Input

from halftui.cli.console import Console
from halftui.main.doors import _door
from halftui.ops import views
from halftui.settings import Settings, theme_folders
from halftui.tui import clip, terminal
from halftui.tui.screens.command import CommandSheet
from halftui.tui.screens.menu import Menu
from tests.helpers.stage import Stage
from tests.tui.mouse import Mouse
from tests.tui.player import Player, playing


async def settled(player: Player) -> None:
    """Wait for what runs beside the keys."""
    await player.pilot.pause(0.3)


async def test_the_menu_offers_what_fits_the_card_and_does_it(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("m")
        assert isinstance(player.app.screen, Menu)
        assert player.chosen in player.text
        assert "Let an agent take it" in player.text
        assert "Stop its agent" not in player.text, "nobody works on it"
        before = player.board.card
        await player.press("plus")
        await settled(player)
        assert before is not None
        assert player.board.card is not None
        assert player.board.card.priority == max(before.priority - 1, 0)


async def test_the_menu_moves_around_its_ends_and_is_left_without_harm(busy: Stage) -> None:
    async with playing(busy) as player:
        await settled(player)
        was = player.text
        await player.press("m", "up", "down", "j", "escape")
        await settled(player)
        assert player.text == was


async def test_a_right_click_chooses_the_card_and_opens_the_menu_there(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        at = mouse.at("ready", 2)
        second = player.board.lanes.by_name["ready"].at(2)
        await mouse.move(at)
        mouse.button = 3
        await mouse.send(events.MouseDown)
        await mouse.send(events.MouseUp)
        await settled(player)
        assert second is not None
        assert player.chosen == second.id
        assert isinstance(player.app.screen, Menu)
        box = player.app.screen.query_one("MenuBox")
        assert (box.region.x, box.region.y) == at
        await mouse.move((0, 39))
        mouse.button = 1
        await mouse.send(events.MouseDown)
        await mouse.send(events.MouseUp)
        await settled(player)
        assert len(player.app.screen_stack) == 1


async def test_an_item_of_the_rail_has_a_menu_of_its_own(busy: Stage) -> None:
    async with playing(busy) as player:
        player.board.rail.convoys.focus()
        await player.press("m")
        assert "Let the convoy of this bead go" in player.text
        assert "Change its title" not in player.text


async def test_y_copies_one_of_several_things(busy: Stage) -> None:
    async with playing(busy) as player:
        bead = player.chosen
        await player.press("y", "i")
        await settled(player)
        assert player.app.clipboard == bead
        await player.press("y")
        await player.press("down", "down", "down", "enter")
        await settled(player)
        assert player.app.clipboard == f"halftui/{bead}"


async def test_what_is_too_long_for_a_clipboard_becomes_a_file(busy: Stage, tmp_path: Path) -> None:
    async with playing(busy) as player:
        clip.copy(player.app, "a\x1b]52;c;eA==\x07b")
        assert player.app.clipboard == "ab"
        clip.copy(player.app, "ü" * 40_000, "the log")
        assert player.app.clipboard == "ab"
        await settled(player)
        path = Path(next(word for word in player.toasts.split() if word.endswith(".txt")))
        assert path.read_text(encoding="utf-8") == "ü" * 40_000
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()


async def test_v_marks_what_the_cursor_passes_and_gives_back_what_it_leaves(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("g", "v", "j", "j")
        assert len(player.board.lanes.marked) == 3
        await player.press("k")
        assert len(player.board.lanes.marked) == 2
        await player.press("v", "j", "j")
        assert len(player.board.lanes.marked) == 2, "the range is over"
        await player.press("escape")
        assert not player.board.lanes.marked


async def test_a_comment_is_kept_shown_and_told_to_the_next_agent(busy: Stage) -> None:
    async with playing(busy) as player:
        bead = player.chosen
        await player.press("c")
        await player.type("mind the clock")
        await player.press("escape", "c")
        assert "mind the clock" in player.text, "the draft"
        await player.press("enter")
        await settled(player)
        assert busy.store.read(views.bead, bead).comments == (("ann", "mind the clock"),)
        await player.press("enter")
        await settled(player)
        assert "mind the clock" in player.text


@pytest.fixture
def console(busy: Stage) -> Console:
    """What runs the commands, on the board of the stage."""
    return Console(_door(lambda _: Settings()), busy.service, busy.board)


async def test_a_typed_command_runs_on_this_board(busy: Stage, console: Console) -> None:
    async with playing(busy) as player:
        player.app.console_of = lambda: console
        await player.press("colon")
        assert isinstance(player.app.screen, CommandSheet)
        await player.type("add 'Polish the brass'")
        await player.press("enter")
        await player.pilot.pause(1.6)  # an engine might say who takes it
        assert len(player.app.screen_stack) == 1
        assert any(c.title == "Polish the brass" for c in busy.store.read(views.beads, busy.board))


async def test_commands_complete_and_lists_are_shown(busy: Stage, console: Console) -> None:
    async with playing(busy) as player:
        player.app.console_of = lambda: console
        await player.press("colon")
        await player.type("be")
        await settled(player)
        await player.press("tab")
        assert player.app.screen.query_one(Input).value == "bead"
        await player.type(" lis")
        await settled(player)
        await player.press("tab")
        await player.press("enter")
        await settled(player)
        assert "PRIORITY" in player.text
        assert "Migrate the schema" in player.text
        await player.type("bead nonsense")
        await player.press("enter")
        await settled(player)
        assert "No such command" in player.text
        await player.press("escape")
        assert len(player.app.screen_stack) == 1


async def test_beads_complete_and_what_never_ends_is_refused(busy: Stage, console: Console) -> None:
    ids = [c.id for c in busy.store.read(views.beads, busy.board)]
    told = dict(console.complete("bead show dr-"))
    assert set(ids) <= set(told)
    assert console.run(f"attempt lines {ids[0]} --follow", 80)[0] == 2
    assert "open already" in console.run("demo", 80)[1]
    assert "not whole" in console.run("bead show 'x", 80)[1]


async def test_an_action_and_a_theme_can_be_typed(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("colon")
        await player.type("board.pause")
        await player.press("enter")
        await settled(player)
        assert "paused" in player.text
        await player.press("colon")
        await player.type("theme light")
        await player.press("enter")
        await settled(player)
        assert player.app.theme == "light"


async def test_themes_are_worn_while_they_are_looked_at(busy: Stage) -> None:
    async with playing(busy) as player:
        was = player.app.theme
        await player.press("ctrl+g", "j")
        assert player.app.theme != was
        await player.press("escape")
        await settled(player)
        assert player.app.theme == was


async def test_a_theme_of_ones_own_is_read_again_when_it_changes(
    busy: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALFTUI_CONFIG", str(tmp_path))
    source = (theme_folders()[0] / "halflight.toml").read_text(encoding="utf-8")
    colour = tomllib.loads(source)["colours"]["primary"]
    (tmp_path / "themes").mkdir()
    file = tmp_path / "themes" / "mine.toml"
    file.write_text(source, encoding="utf-8")
    async with playing(busy, theme="mine") as player:
        was = player.app.theme_variables["primary"]
        file.write_text(source.replace(colour, "#12ab34"), encoding="utf-8")
        await player.pilot.pause(1.3)
        assert player.app.theme_variables["primary"] == "#12AB34" != was
        file.write_text("nonsense", encoding="utf-8")
        await player.pilot.pause(1.3)
        assert "can't be read" in player.toasts
        assert player.app.theme_variables["primary"] == "#12AB34"


async def test_with_plain_letters_only_those_of_people_are_others(busy: Stage) -> None:
    async with playing(busy, 200, 50) as player:
        terminal.draw_plain(player.app)
        for key in ("ctrl+l", "3", "7", "4", "2", "1", "m", "escape"):
            await player.press(key)
            await settled(player)
            strange = {letter for letter in player.sent() if not letter.isascii()}
            assert not {s for s in strange if not "\u3040" <= s <= "\u9fff"}, key


def test_a_plain_letter_takes_the_room_of_its_mark() -> None:
    text = "╭─ ▶ ◌ ✓ ▁▂▃█ … ⠋ ü"
    (found,) = terminal.Ascii().apply([Segment(text)], Color(0, 0, 0))
    assert len(found.text) == len(text)
    assert found.text.endswith("ü")
    assert found.text[:-1].isascii()
