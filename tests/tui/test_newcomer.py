"""What somebody new meets: words that fit, a wheel that turns everywhere, reasons that are told."""

import pytest
from textual import events
from textual.geometry import Size

from halftui.errors import Unavailable
from halftui.ops import convoys, views
from halftui.tui import bars
from halftui.tui.screens.jump import JumpSheet
from halftui.tui.screens.menu import Menu
from tests.helpers.stage import Stage
from tests.tui.eyes import until
from tests.tui.mouse import Mouse
from tests.tui.player import playing
from tests.tui.test_look import INKS

FAULT = Unavailable("no account is registered for agents", "set KEY, or run: halftui subscription register X")


async def test_who_slings_in_vain_is_told_why(busy: Stage) -> None:
    async with playing(busy, 80, 24) as player:
        await player.press("j", "s")
        assert FAULT.hint not in player.toasts
        player.app.hindrance = FAULT
        await player.press("s")
        assert FAULT.message in player.toasts
        assert FAULT.hint in player.toasts


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_notice_without_room_names_the_command_that_tells_more(busy: Stage, width: int) -> None:
    snapshot = busy.service.read(views.snapshot, busy.board)
    who = bars.Who("ann", "sqlite", f"{FAULT.message}: {FAULT.hint}")
    row = bars.status(width, snapshot, who, INKS).text
    assert (FAULT.hint in row) is (width == 200)
    assert (":doctor" in row) is (width == 80)
    assert ("…" in row) is (width == 40)


@pytest.mark.parametrize("key", ["m", "comma", "b"])
async def test_the_words_of_menus_are_whole_at_80_columns(busy: Stage, key: str) -> None:
    async with playing(busy, 80, 24) as player:
        await player.press(key)
        screen = player.app.screen
        assert isinstance(screen, Menu)
        box = screen.query_one("MenuBox").region
        for _ in range(30):
            assert not any("…" in row[box.x : box.right] for row in player.lines[box.y + 1 : box.bottom - 1])
            await player.pilot.press("down")


async def test_at_40_columns_menus_and_help_have_whole_words_too(busy: Stage) -> None:
    async with playing(busy, 40, 12) as player:
        await player.press("m")
        for _ in range(30):
            assert not any("…" in row for row in player.lines[1:-1])
            await player.pilot.press("down")
        await player.press("escape", "question_mark")
        rows = [row[3:-2] for row in player.lines if "Write a bead in" in row or "line; tab" in row]
        assert len({len(row) - len(row.lstrip("n ")) for row in rows}) == 1, (
            "further rows stand below the first"
        )


async def test_the_wheel_turns_menus_and_the_rail(busy: Stage) -> None:
    for number in range(30):
        busy.write(convoys.create, busy.board, f"Convoy {number}")
    async with playing(busy) as player:
        mouse = Mouse(player)
        box = player.board.rail.convoys
        await mouse.move(mouse.over(box, 2))
        await mouse.send(events.MouseScrollUp)
        assert box.top == 0
        for _ in range(100):
            await mouse.send(events.MouseScrollDown)
        assert box.top > 0
        assert box.items[-1].name in player.text
        last = box.top
        await mouse.send(events.MouseScrollDown)
        assert box.top == last, "it ends with the last"
        box.focus()
        assert box.top <= box.cursor
        await player.press("m")
        menu = player.app.screen
        assert isinstance(menu, Menu)
        await mouse.send(events.MouseScrollUp)
        assert menu._cursor == 0
        await mouse.send(events.MouseScrollDown)
        assert menu._cursor == 1


async def test_labels_go_when_what_they_stand_over_moves(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("ctrl+o")
        assert isinstance(player.app.screen, JumpSheet)
        await player.pilot.resize_terminal(*Size(80, 24))
        await player.rest()
        assert not isinstance(player.app.screen, JumpSheet)


@pytest.mark.parametrize("key", ["enter", "s", "a", "d", "o", "e", "c", "b", "x", "t", "P", "L"])
async def test_a_key_for_a_card_says_that_there_is_none(empty: Stage, key: str) -> None:
    async with playing(empty) as player:
        await player.press(key)
        assert "no card is chosen n writes one" in player.toasts


@pytest.mark.parametrize("key", ["S", "s", "n", "b"])
async def test_a_convoy_s_keys_say_that_there_is_none(empty: Stage, key: str) -> None:
    async with playing(empty) as player:
        await player.press("3")
        await until(player.pilot, lambda: "no convoy yet: on the board" in player.text)
        await player.press(key)
        await until(player.pilot, lambda: "there is no convoy yet" in player.toasts)
