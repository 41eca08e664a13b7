"""Lanes as people laid them out: what they show, how that is done by keys, what a move into them means."""

import pytest
from textual import events

from halftui.domain import lanes
from halftui.domain.lanes import DEFAULT, Lanes
from halftui.ops import beads, boards, views
from halftui.tui import verbs
from halftui.tui.moves import beside
from halftui.tui.screens.menu import Menu
from tests.helpers.stage import Stage
from tests.tui.mouse import Mouse
from tests.tui.player import Player, playing


def lay(stage: Stage, laid: Lanes) -> None:
    """Give the board other lanes."""
    stage.service.write(boards.edit, stage.board, lanes=lanes.wish(laid))


async def seen(player: Player) -> tuple[str, ...]:
    """Return the lanes in sight once the board has drawn them, from the left."""
    await player.pilot.pause(0.3)
    shown = [lane for lane in player.board.lanes.children if lane.display]
    assert [lane.region.x for lane in shown] == sorted(lane.region.x for lane in shown)
    return tuple(str(lane.id).removeprefix("lane-") for lane in shown)


async def choose(player: Player, *keys: str) -> None:
    """Choose from the menu of the lane under the cursor."""
    await player.press("comma")
    assert isinstance(player.app.screen, Menu)
    await player.press(*keys)
    await player.pilot.pause(0.3)


async def test_a_lane_is_moved_named_limited_and_hidden_by_keys(busy: Stage) -> None:
    async with playing(busy, 200, 50) as player:
        before = await seen(player)
        await choose(player, "h")
        assert (await seen(player))[:2] == ("ready", "blocked")
        await choose(player, "r")
        await player.type("Next up")
        await player.press("enter")
        await choose(player, "w")
        await player.type("1")
        await player.press("enter")
        total = player.board.lanes.lane.total
        assert total > 1
        assert f"Next up {total}/1 !" in player.text
        await choose(player, "x")
        assert "ready" not in await seen(player)
        assert "1 lane hidden" in player.text
        await player.press("full_stop")
        assert "ready" in await seen(player)
        await player.press("full_stop")
        await choose(player, "o")
        assert await seen(player) == before


async def test_a_lane_of_a_filter_is_made_and_dropped(busy: Stage) -> None:
    busy.service.write(beads.create, busy.board, "Paint the door", labels=["paint"])
    async with playing(busy, 200, 50) as player:
        await choose(player, "n")
        await player.type("Paint")
        await player.press("enter")
        assert "paint" in await seen(player)
        player.board.lanes.go("paint")
        await player.rest()
        assert player.board.card is not None
        assert player.board.card.title == "Paint the door"
        await choose(player, "d")
        assert "paint" not in await seen(player)
        assert player.board.lanes.here in player.board.lanes.names


async def test_what_others_lay_out_is_seen_at_once(busy: Stage) -> None:
    async with playing(busy, 120, 40) as player:
        lay(busy, lanes.at(lanes.changed(DEFAULT, "hot", filter="!0", limit=9), "hot", 0))
        await player.app.renew()
        assert (await seen(player))[0] == "hot"
        lay(busy, DEFAULT)
        await player.app.renew()
        assert "hot" not in await seen(player)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (120, 40), (200, 50)])
async def test_every_lane_is_reached_by_keys_at_every_size(busy: Stage, size: tuple[int, int]) -> None:
    lay(busy, lanes.at(lanes.changed(DEFAULT, "hot", filter="!0 !1"), "hot", 2))
    async with playing(busy, *size) as player:
        names = player.board.lanes.names
        assert "hot" in names
        await player.press(*["h"] * len(names))
        passed = [player.board.lanes.here]
        for _ in names[1:]:
            await player.press("l")
            passed.append(player.board.lanes.here)
        assert passed[: len(names)] == list(names)


async def test_a_card_goes_to_the_state_of_the_next_lane_in_sight(busy: Stage) -> None:
    laid = lanes.changed(lanes.changed(DEFAULT, "hot", filter="!0"), "working", is_hidden=True)
    lay(busy, lanes.at(laid, "hot", 2))
    async with playing(busy, 200, 50) as player:
        order = verbs.order(player.board.lanes)
        assert order[:3] == ("blocked", "ready", "review")
        card = player.board.lanes.by_name["ready"].card
        assert card is not None
        assert beside(card, 1, order) == "review"
        assert beside(card, -1, order) == "blocked"


async def test_a_drop_on_a_lane_means_what_its_state_means(busy: Stage) -> None:
    lay(busy, lanes.changed(DEFAULT, "hot", state="working", filter="nothing"))
    async with playing(busy, 200, 50) as player:
        await seen(player)
        mouse = Mouse(player)
        card = player.board.lanes.by_name["ready"].at(0)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("hot", 0))
        assert "an agent takes it" in player.text
        await mouse.release()
        assert card is not None
        told = busy.service.read(views.events, 0, card.id)
        assert "bead.dispatch" in [event.verb for event in told]


@pytest.mark.parametrize(("state", "why"), [("", "of any state"), ("ready", "is not nothing")])
async def test_a_drop_on_a_lane_that_means_nothing_says_why_before(busy: Stage, state: str, why: str) -> None:
    lay(busy, lanes.changed(DEFAULT, "hot", state=state, filter="nothing"))
    async with playing(busy, 200, 50) as player:
        await seen(player)
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("hot", 0))
        assert why in player.text
        await mouse.release()
        assert why in player.toasts


async def test_a_right_click_on_a_heading_lays_out_that_lane(busy: Stage) -> None:
    async with playing(busy, 200, 50) as player:
        mouse = Mouse(player)
        region = player.board.lanes.by_name["review"].region
        await mouse.move((region.x + 3, region.y))
        mouse.button = 3
        await mouse.send(events.MouseDown)
        await mouse.send(events.MouseUp)
        await player.pilot.pause(0.3)
        assert "Lane Review" in player.text
