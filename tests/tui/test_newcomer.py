"""What somebody new meets: words that fit, a wheel that turns everywhere, reasons that are told."""

import pyte
import pytest
from textual import events
from textual.geometry import Size
from textual.screen import ModalScreen

from halftui.domain.actor import ENGINE, Role, person
from halftui.errors import Unavailable
from halftui.ops import beads, budgets, convoys, subscriptions, views
from halftui.tui import bars, keys, toasts
from halftui.tui.app import HalfApp
from halftui.tui.screens import page
from halftui.tui.screens.bead_page import BeadPage
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.jump import JumpSheet
from halftui.tui.screens.menu import Menu
from halftui.tui.widgets.pane import LinePane
from tests.helpers.stage import NOON, Stage
from tests.tui.eyes import until
from tests.tui.mouse import Mouse
from tests.tui.player import PLAIN, Player, playing
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
        await player.pilot.pause(0.2)
        assert not isinstance(player.app.screen, JumpSheet)


@pytest.mark.parametrize("key", ["enter", "s", "a", "d", "o", "e", "c", "b", "x", "t", "P", "L"])
async def test_a_key_for_a_card_says_that_there_is_none(empty: Stage, key: str) -> None:
    async with playing(empty) as player:
        await player.press(key)
        await player.pilot.pause(0.1)
        assert "no card is chosen n writes one" in player.toasts


@pytest.mark.parametrize("key", ["S", "s", "n", "b"])
async def test_a_convoy_s_keys_say_that_there_is_none(empty: Stage, key: str) -> None:
    async with playing(empty) as player:
        await player.press("3")
        await until(player.pilot, lambda: "no convoy yet: on the board" in player.text)
        await player.press(key)
        await until(player.pilot, lambda: "there is no convoy yet" in player.toasts)


@pytest.mark.parametrize(
    ("key", "words"),
    [("2", "take a bead"), ("3", "a convoy of them"), ("4", "take a bead"), ("5", "waits for a review")],
)
async def test_an_empty_place_is_told_whole_and_hints_at_no_key_that_does_nothing(
    empty: Stage, key: str, words: str
) -> None:
    async with playing(empty, 40, 12) as player:
        await player.press(key)
        await until(player.pilot, lambda: words in " ".join(" ".join(player.text.split("┃")).split()))
        assert player.lines[-1].split() == ["esc", "back", "?", "help"]


async def test_work_that_is_not_there_is_told_whole_at_40_columns(busy: Stage) -> None:
    async with playing(busy, 40, 12) as player:
        await player.press("d")
        await until(player.pilot, lambda: "esc back" in player.lines[-1] and "file" not in player.lines[-1])
        assert not any("…" in row for row in player.lines[2:])


def test_the_shell_is_hinted_where_an_agent_works() -> None:
    row = bars.hints(120, keys.hinted("working", is_needed=True), INKS).text
    assert "T shell" in row


async def test_a_toast_stands_once_where_a_sheet_opens_over_it(
    busy: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toasts, "DONE_SECONDS", 60.0)
    app = HalfApp(busy.service, busy.board, clock=busy.clock, env=PLAIN)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        player = Player(app, pilot)
        app.say("said once")
        await until(pilot, lambda: "said once" in player.text)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ModalScreen) and "said once" in player.lines[1])
        assert player.text.count("said once") == 1


async def test_who_may_only_watch_begins_nothing_on_a_place(busy: Stage) -> None:
    async with playing(busy) as player:
        player.app.service.actor = person("eve", Role.VIEWER)
        await player.press("3", "x")
        assert not isinstance(player.app.screen, ModalScreen)
        assert "convoy.cancel is not for you" in player.toasts


async def test_accounts_are_told_by_name_and_why_one_is_parked_is_told_whole(busy: Stage) -> None:
    ident = "5c1d9f0e-team"
    busy.write(subscriptions.register, "team-eu", "openai-key", "sealed", ident)
    busy.write_as(ENGINE, subscriptions.park, ident, "the provider refused its token (401)")
    busy.write(budgets.set_budget, "subscription", ident, "usd", 5.0)
    async with playing(busy, 80, 24) as player:
        await player.press("6")
        await until(player.pilot, lambda: "team-eu: the provider refused its token (401)" in player.text)
        told = " ".join(player.text.replace("┃", " ").split())
        assert "halftui subscription register team-eu renews it" in told
        assert "account team-eu" in player.text
        assert ident[:8] not in player.text


@pytest.mark.parametrize("key", ["o", "4"])
async def test_hints_of_what_has_the_focus_can_be_clicked(busy: Stage, key: str) -> None:
    async with playing(busy) as player:
        await player.press("l", key)
        await until(player.pilot, lambda: "w wrap" in player.lines[-1] and "? help" in player.lines[-1])
        pane = player.app.screen.query(LinePane).first()
        await until(player.pilot, lambda: pane.has_focus)
        await player.pilot.click("#hints", offset=(player.lines[-1].index("wrap"), 0))
        await until(player.pilot, lambda: pane._wraps)


@pytest.mark.parametrize(("key", "words"), [("ctrl+c", "q quits"), ("ctrl+z", "stays in front")])
async def test_keys_of_other_programs_are_answered(busy: Stage, key: str, words: str) -> None:
    async with playing(busy) as player:
        await player.pilot.press(key)
        await until(player.pilot, lambda: words in player.toasts)
        assert "ctrl+q" not in player.toasts


async def test_names_of_facts_stand_whole_and_one_file_is_one(busy: Stage) -> None:
    found = busy.service.read(views.bead, busy.ids["Export the report as CSV"])
    for pull in ("", "https://forge.example.org/pulls/1"):
        card = found.card._replace(files=1)
        rows = page.spec(found._replace(card=card, pull_request=pull), (), NOON, 60)
        told = ["".join(text for text, _ in row.parts) for row in rows]
        assert any(row.startswith("work") and "1 file +" in row for row in told)
        assert any(row.startswith("pull request  https") for row in told) is bool(pull)


async def test_what_can_t_be_stored_is_there_to_be_tried_again(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("n")
        await player.type("A title >zz-999")
        await player.press("enter")
        await until(player.pilot, lambda: "zz-999" in player.toasts)
        await player.press("n")
        await until(player.pilot, lambda: "A title >zz-999" in player.text)


async def test_a_page_that_can_t_be_stored_opens_again_in_the_bead_as_it_is(busy: Stage) -> None:
    async with playing(busy) as player:
        bead = player.chosen
        await player.press("e")
        await until(player.pilot, lambda: isinstance(player.app.screen, BeadPage))
        await player.type(" of mine")
        busy.write(beads.edit, bead, description="theirs")
        await player.press("ctrl+o")
        await until(player.pilot, lambda: isinstance(player.app.screen, BeadPage) and "theirs" in player.text)
        assert "of mine" in player.text
        await player.press("ctrl+o")
        await until(player.pilot, lambda: not isinstance(player.app.screen, BeadPage))
        found = busy.service.read(views.bead, bead)
        assert (found.card.title.endswith(" of mine"), found.description) == (True, "theirs")


async def test_a_long_list_is_asked_about(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("n")
        player.app.post_message(events.Paste("\n".join(f"line {n}" for n in range(10_000))))
        await until(player.pilot, lambda: isinstance(player.app.screen, Confirm))
        assert "beads?" in player.text
        assert "is left out" in player.text
        await player.press("enter")
        assert "line 0" not in player.text


@pytest.mark.parametrize("key", ["exclamation_mark", "c", "x", "n", "m", "question_mark"])
async def test_without_colours_the_board_stays_behind_what_opens(busy: Stage, key: str) -> None:
    async with playing(busy, env={"NO_COLOR": "1"}) as player:
        await player.press("l", key)
        await until(player.pilot, lambda: isinstance(player.app.screen, ModalScreen))
        await until(player.pilot, lambda: "HalfTUI" in _behind(player)[0])


def _behind(player: Player) -> list[str]:
    """Return the rows of the terminal, with what shows through from below."""
    update = player.app.screen._compositor.render_full_update()
    segments = update.render_segments(player.app.console)
    screen = pyte.Screen(120, 40)
    pyte.Stream(screen).feed(segments)
    return list(screen.display)
