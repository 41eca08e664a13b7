"""Edges made on the board, and letters that put the cursor on a card."""

from halftui.ops import views
from halftui.tui.screens.jump import LETTERS, JumpSheet, labels
from halftui.tui.screens.menu import Menu
from tests.helpers.stage import Stage
from tests.tui.eyes import until
from tests.tui.player import playing


def waits(stage: Stage, title: str) -> set[str]:
    """Return the beads that a bead waits for."""
    found = stage.store.read(views.bead, stage.ids[title]).waits_for
    return {bead for bead, _, _ in found}


async def test_a_letter_over_a_card_puts_the_cursor_there(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("ctrl+o")
        await until(player.pilot, lambda: isinstance(player.app.screen, JumpSheet))
        sheet = player.app.screen
        assert isinstance(sheet, JumpSheet)
        label, spot = list(sheet._spots.items())[-1]
        row = player.lines[spot.y]
        assert row[spot.x : spot.x + len(label)] == label, "the label stands on its card"
        await player.press(label)
        name, _, number = spot.value.rpartition(" ")
        assert (player.board.lanes.here, player.board.lanes.lane.cursor) == (name, int(number))
        chosen = player.chosen
        await player.press("ctrl+o", "escape")
        assert player.chosen == chosen, "another key changes nothing"
        assert len(player.app.screen_stack) == 1


def test_labels_are_one_letter_or_two_and_none_begins_another() -> None:
    assert labels(3) == ["a", "s", "d"]
    many = labels(len(LETTERS) + 1)
    assert len(set(many)) == len(LETTERS) + 1
    assert {len(label) for label in many} == {2}


async def test_the_chosen_bead_waits_for_a_picked_one_and_no_more(empty: Stage) -> None:
    first, second = empty.bead("First"), empty.bead("Second")
    async with playing(empty) as player:
        player.board.lanes.choose(second)
        await player.press("b", "enter")
        await until(player.pilot, lambda: waits(empty, "Second") == {first})
        await until(player.pilot, lambda: player.board.lanes.by_name["blocked"].total == 1)
        player.board.lanes.choose(second)
        await player.press("b")
        await until(player.pilot, lambda: f"◆ {first} First" in player.text)
        await player.press("enter")
        await until(player.pilot, lambda: not waits(empty, "Second"))


async def test_a_cycle_is_refused_and_printed(empty: Stage) -> None:
    first = empty.bead("First")
    second = empty.bead("Second", after=("First",))
    async with playing(empty) as player:
        player.board.lanes.choose(first)
        await player.press("b")
        await until(player.pilot, lambda: isinstance(player.app.screen, Menu))
        await player.press("enter")
        await until(player.pilot, lambda: "→" in player.toasts)
        assert first in player.toasts
        assert second in player.toasts
    assert not waits(empty, "First")


async def test_marked_beads_wait_one_after_the_other(empty: Stage) -> None:
    ids = [empty.bead(title) for title in ("One", "Two", "Three")]
    async with playing(empty) as player:
        player.board.lanes.choose(ids[0])
        await player.press("space", "space", "space", "b")
        await until(player.pilot, lambda: "3 beads" in player.text)
        await player.press("o")
        await until(player.pilot, lambda: waits(empty, "Three") == {ids[1]})
        assert waits(empty, "Two") == {ids[0]}
        await until(player.pilot, lambda: not player.board.lanes.marked)


async def test_typing_narrows_what_a_bead_can_wait_for(empty: Stage) -> None:
    ids = {f"Bead {number}": empty.bead(f"Bead {number}") for number in range(70)}
    last = empty.bead("Rotate jars")
    async with playing(empty) as player:
        player.board.lanes.choose(ids["Bead 3"])
        await player.press("b", *"jar x")
        await until(player.pilot, lambda: "waits for  jar x" in player.text)
        assert last not in player.text.partition("waits for  jar x")[2].splitlines()[1]
        await player.press("enter", "down")
        assert isinstance(player.app.screen, Menu), "there is nothing to take"
        await player.press("backspace", "backspace")
        await until(player.pilot, lambda: f"{last} Rotate" in player.text)
        await player.press("enter")
        await until(player.pilot, lambda: waits(empty, "Bead 3") == {last})
