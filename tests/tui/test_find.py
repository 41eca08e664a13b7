"""The filter: what is left to be seen, how much there is, and how it ends."""

import time

import pytest

from halftui.ops import beads, pins, views
from tests.helpers.stage import Stage
from tests.tui.player import Player, playing
from tests.tui.test_cost import crowd


async def find(player: Player, words: str) -> None:
    """Type words after a slash and wait until they are what is shown."""
    await player.press("slash")
    player.board.finder.value = words
    for _ in range(100):
        await player.pilot.pause(0.05)
        if player.board.finder.words == words:
            return
    pytest.fail("the words were not looked for")


@pytest.mark.parametrize(("words", "left"), [
    ("#auth !1", {"Rotate the session tokens"}),
    ("!0 @maple", {"Cache the price list"}),
    ("SESSION", {"Rotate the session tokens", "Session store"}),
    ("auth-rework single", {"Single sign-on page"}),
    ("タイトル", {"日本語のタイトル: wide letters stay in their lane"}),
    ("100%", set()), ("_", set()), ("'; DROP TABLE bead; --", set()), ('#"', set()),
])  # fmt: skip
def test_all_words_have_to_hold(busy: Stage, words: str, left: set[str]) -> None:
    lanes = busy.store.read(views.lanes, busy.board, words)
    assert {card.title for lane in lanes for card in lane.cards} == left
    assert sum(lane.total for lane in lanes) == len(left)


def test_who_is_to_have_a_bead_is_found_by_name(busy: Stage) -> None:
    agent = next(a for a in busy.service.read(views.snapshot, busy.board).agents if a.name == "Maple")
    busy.write(pins.pin, busy.ids["Migrate the schema"], agent.id)
    lanes = busy.store.read(views.lanes, busy.board, "@map")
    assert {card.title for lane in lanes for card in lane.cards} >= {"Migrate the schema"}
    assert all("Maple" in (card.assignee, card.pin) for lane in lanes for card in lane.cards)


def test_an_id_is_found_by_its_beginning(busy: Stage) -> None:
    bead = busy.ids["Session store"]
    lanes = busy.store.read(views.lanes, busy.board, bead.upper())
    assert [card.id for lane in lanes for card in lane.cards] == [bead]


async def test_the_lanes_narrow_while_it_is_typed(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.press("slash")
        await player.type("health")
        for _ in range(40):
            await player.pilot.pause(0.05)
            if "1 found" in player.text:
                break
        assert "/ health   1 found" in player.text
        assert "Add a /health endpoint" in player.text
        assert "Rename the" not in player.text
        assert "nothing found" in player.text
        await player.press("enter")
        assert player.board.lanes.lane.has_focus
        assert player.chosen == busy.ids["Add a /health endpoint"]
        assert "1 found" in player.text
        await player.press("escape")
        assert "Rename the" in player.text
        assert "found" not in player.text


async def test_escape_ends_it_at_once(busy: Stage) -> None:
    async with playing(busy) as player:
        await find(player, "health")
        await player.press("escape")
        assert "Rename the" in player.text
        assert not player.board.finder.display
        assert player.board.lanes.lane.has_focus


async def test_the_count_stays_true_while_others_write(busy: Stage) -> None:
    async with playing(busy) as player:
        await find(player, "health")
        await player.press("enter")
        busy.write(beads.edit, busy.ids["Session store"], title="A health store")
        await player.app.renew()
        for _ in range(40):
            await player.pilot.pause(0.05)
            if "2 found" in player.text:
                break
        assert "2 found" in player.text


async def test_a_long_lane_is_narrowed_page_by_page(empty: Stage) -> None:
    crowd(empty, 5_000)
    async with playing(empty) as player:
        await find(player, "card 4")
        await player.press("enter", "G")
        for _ in range(40):
            await player.pilot.pause(0.05)
            if player.chosen:
                break
        assert player.board.lanes.lane.total == sum("4" in str(n) for n in range(5_000))
        assert player.board.card is not None
        assert "4" in player.board.card.title


def test_a_hundred_thousand_beads_are_looked_through_in_a_moment(empty: Stage) -> None:
    crowd(empty, 100_000)
    began = time.process_time()
    lanes = empty.store.read(views.lanes, empty.board, "card 99 #none")
    assert sum(lane.total for lane in lanes) == 0
    lanes = empty.store.read(views.lanes, empty.board, "99999")
    assert [card.id for lane in lanes for card in lane.cards] == ["x-99999"]
    spent = time.process_time() - began
    assert spent < 3.0, spent
