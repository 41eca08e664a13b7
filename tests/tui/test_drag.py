"""Dragging cards: what is seen on the way, and what the database says afterwards."""

import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest
from textual import events
from textual._compositor import Compositor
from textual.geometry import Region

from halftui.ops import beads, views
from halftui.tui.widgets import gliding
from tests.helpers import tmux
from tests.helpers.stage import Stage
from tests.tui.eyes import Eye
from tests.tui.mouse import Mouse
from tests.tui.player import Player, playing
from tests.tui.test_board import ids
from tests.tui.test_cost import counted, crowd

HEALTH, SCHEMA = "Add a /health endpoint", "Migrate the schema"
STEP_LINES = 2  # the marker's old and its new row


def seq(stage: Stage) -> int:
    """Return the number of the newest event."""
    return stage.store.read(views.last_seq)


def is_lifted(player: Player) -> bool:
    """Return whether a ghost is to be seen."""
    return player.board.ghost.display


async def test_a_card_is_dropped_where_the_marker_was(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.drag(mouse.at("ready", 0), mouse.at("ready", 1, 1))
        assert player.chosen == before[0], "the cursor stays on its bead"
        assert player.app.screen is player.board, "a drag opens nothing"
    assert ids(busy, "ready") == [before[1], before[0], *before[2:]]
    assert busy.store.read(views.events, 0, before[0])[-1].verb == "bead.rank"


async def test_a_drop_across_a_priority_border_says_so_before_and_after(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("ready", 4, 0))
        assert "✗" not in player.board.ghost.render_line(1).text
        await mouse.move(mouse.at("ready", 4, 1))
        assert "▸ P1 → P3" in player.text
        await mouse.release()
        assert "P1 → P3" in player.toasts
    assert ids(busy, "ready") == [*before[1:], before[0]]


async def test_two_cells_lift_and_one_does_not(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        x, y = mouse.at("ready", 1)
        await mouse.press((x, y))
        await mouse.move((x + 1, y + 1))
        assert not is_lifted(player)
        await mouse.move((x + 2, y + 1))
        assert is_lifted(player)
        assert player.text.count("Add a /health endpoint") == 2
        left, top = player.board.ghost.region.offset
        await mouse.move((x + 10, y + 5))
        assert player.board.ghost.region.offset == (left + 8, top + 4)


async def test_a_press_and_a_release_at_one_place_still_choose(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.press(mouse.at("ready", 2))
        await mouse.release()
        assert player.chosen == ids(busy, "ready")[2]


@pytest.mark.parametrize("end", ["escape", "blur", "no button", "resize", "another screen", "outside"])
async def test_what_ends_a_drag_changes_nothing(busy: Stage, end: str) -> None:
    was, before = seq(busy), ids(busy, "ready")
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("ready", 3))
        assert is_lifted(player)
        if end == "escape":
            await player.press("escape")
        elif end == "blur":
            player.app.post_message(events.AppBlur())
            await player.rest()
        elif end == "no button":
            mouse.button = 0
            await mouse.move(mouse.at("ready", 2))
        elif end == "resize":
            await player.pilot.resize_terminal(100, 35)
            await player.rest()
        elif end == "another screen":
            await player.press("question_mark")
        else:
            await mouse.move((3, 0))
            await mouse.release()
        assert not is_lifted(player)
        await mouse.release()
        await mouse.press(mouse.at("ready", 1))
        await mouse.release()
        if end != "another screen":
            assert player.chosen == before[1], "the mouse is free again"
    assert (seq(busy), ids(busy, "ready")) == (was, before)


async def test_a_drop_on_working_slings(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("working", 0))
        assert "an agent takes it" in player.text
        await mouse.release()
    assert busy.store.read(views.events, 0, busy.ids[SCHEMA])[-1].verb == "bead.dispatch"


@pytest.mark.parametrize(("lane", "words"), [
    ("review", "only its agent hands a bead in"), ("done", "has nothing to accept yet"),
    ("blocked", "nobody blocks a bead by hand"),
])  # fmt: skip
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_a_refused_drop_says_why_before_the_release(
    busy: Stage, lane: str, words: str, size: tuple[int, int]
) -> None:
    was = seq(busy)
    async with playing(busy, *size) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at(lane, 0))
        assert f"✗ {words}"[:30] in player.text.replace(busy.ids[SCHEMA] + " ", "")
        assert not player.toasts
        await mouse.release()
        assert words in player.toasts
    assert seq(busy) == was


async def test_work_dragged_to_ready_asks_first(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.drag(mouse.at("working", 0), mouse.at("ready", 0))
        await player.rest()
        assert "its branch is kept" in player.text
        await player.press("y")
        await player.rest()
    assert busy.store.read(views.events, 0)[-1].verb == "attempt.stop"


async def test_a_bead_joins_the_convoy_it_falls_on(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        place = [item.name for item in player.board.rail.convoys.items].index("docs-refresh")
        await mouse.lift(mouse.at("ready", 1))
        await mouse.move(mouse.over(player.board.rail.convoys, 1 + 2 * place))
        assert "joins docs-refresh" in player.text
        await mouse.release()
    card = busy.store.read(views.bead, busy.ids[HEALTH]).card
    assert (card.convoy, card.lane) == ("docs-refresh", "blocked")


async def test_a_card_dropped_on_an_agent_waits_for_that_one(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 1))
        await mouse.move(mouse.over(player.board.rail.agents, 1))
        assert "Toast takes it" in player.text
        await mouse.release()
    why = busy.store.read(views.bead, busy.ids[HEALTH]).why
    assert "it waits for Toast, who is at work" in why


async def test_an_agent_takes_only_what_waits(busy: Stage) -> None:
    was = seq(busy)
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("review", 0))
        await mouse.move(mouse.over(player.board.rail.agents, 1))
        assert "is review" in player.text
        await mouse.release()
    assert seq(busy) == was


async def test_an_agent_is_chosen_by_keys_too(busy: Stage) -> None:
    async with playing(busy) as player:
        player.board.lanes.choose(busy.ids[HEALTH])
        await player.press("P", "j", "enter")
        await player.pilot.pause(0.3)
    events = busy.store.read(views.events, 0, busy.ids[HEALTH])
    assert events[-1].verb == "bead.pin"
    assert events[-1].after["pin"]


async def test_marked_cards_move_together(busy: Stage) -> None:
    before = ids(busy, "ready")
    async with playing(busy) as player:
        await player.press("space", "space")
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 1))
        assert "+1" in player.text
        await mouse.move(mouse.at("ready", 3, 0))
        await mouse.release()
        assert "marked" not in player.text
    assert ids(busy, "ready") == [before[2], before[0], before[1], *before[3:]]


async def test_a_card_that_stays_where_it_is_writes_nothing(busy: Stage) -> None:
    was, before = seq(busy), ids(busy, "ready")
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.drag(mouse.at("ready", 0), mouse.at("ready", 0, 1))
    assert ids(busy, "ready") == before
    assert seq(busy) == was


async def test_the_lane_scrolls_while_the_pointer_rests_at_its_edge(empty: Stage) -> None:
    crowd(empty, 1_000)
    async with playing(empty) as player:
        mouse = Mouse(player)
        lane = player.board.lanes.by_name["ready"]
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move((lane.region.x + 5, lane.region.bottom - 2))
        for _ in range(40):
            await player.pilot.pause(0.05)
            if lane.top >= 3:
                break
        assert lane.top >= 3
        await mouse.move(mouse.at("ready", 4))
        above = lane.at(lane.top + 3)
        await mouse.release()
        assert above is not None
        found = ids(empty, "ready")
        assert found.index("x-0") == found.index(above.id) + 1 >= 5


async def test_a_step_draws_the_same_few_lines_at_a_thousand_cards(empty: Stage) -> None:
    crowd(empty, 1_000)
    async with playing(empty, 200, 50) as player:
        mouse = Mouse(player)
        await player.pilot.pause(1.0)
        await mouse.lift(mouse.at("ready", 0))
        x, y = mouse.x, mouse.y
        steps = 40
        with counted() as drawn:
            for step in range(steps):
                mouse.x, mouse.y = x + step % 20, y + step % 30
                await mouse.send(events.MouseMove)
        assert 0 < len(drawn) <= STEP_LINES * steps, len(drawn) / steps


@pytest.mark.parametrize("is_forgetful", [False, True])
async def test_each_frame_of_a_drag_leaves_what_a_full_repaint_would(
    busy: Stage, monkeypatch: pytest.MonkeyPatch, is_forgetful: bool
) -> None:
    if is_forgetful:  # a ghost that leaves its traces behind must be found out
        real = gliding._uncover
        monkeypatch.setattr(gliding, "_uncover", lambda compositor, _: real(compositor, Region()))
    stale = 0
    async with playing(busy) as player:
        mouse = Mouse(player)
        with Eye().watching(player.app) as eye:
            await mouse.lift(mouse.at("ready", 0))
            for lane, index in (("ready", 4), ("working", 1), ("ready", 1), ("blocked", 0), ("ready", 2)):
                await mouse.move(mouse.at(lane, index))
                stale += eye.lines != player.lines
            busy.write(beads.edit, busy.ids[HEALTH], title="Add a /healthz endpoint")
            await player.app.renew()
            await mouse.move(mouse.over(player.board.rail.agents, 2))
            stale += eye.lines != player.lines
            await player.press("escape")
            stale += eye.lines != player.lines
    assert bool(stale) is is_forgetful


async def test_a_step_arranges_nothing_and_a_layout_leaves_the_ghost_where_it_is(busy: Stage) -> None:
    async with playing(busy) as player:
        mouse = Mouse(player)
        await mouse.lift(mouse.at("ready", 0))
        await mouse.move(mouse.at("ready", 1))
        with patch.object(Compositor, "reflow", side_effect=AssertionError("a step arranged the screen")):
            for index in (3, 0, 2):
                await mouse.move(mouse.at("ready", index))
        stood = player.board.ghost.region
        player.board.refresh(layout=True)
        await player.pilot.pause(0.1)
        assert player.board.ghost.region == stood


@tmux.NEEDED
def test_a_drag_in_a_real_terminal_reaches_the_database(busy: Stage, tmp_path: Path) -> None:
    before = ids(busy, "ready")
    command = [sys.executable, "-m", "tests.tui.alone", str(tmp_path / "halftui.db"), busy.board]
    with tmux.terminal(tmp_path, command) as pane:
        rows = pane.until(SCHEMA, HEALTH, "? help")
        y = next(n for n, row in enumerate(rows) if SCHEMA in row)
        to = next(n for n, row in enumerate(rows) if HEALTH in row) + 1
        x = rows[y].index(SCHEMA)
        pane.mouse(0, x, y)
        for row in range(y, to + 1):
            pane.mouse(32, x + 1, row)
        pane.until("▸ ━━━")
        pane.mouse(0, x + 1, to, "m")
        end = time.monotonic() + 30
        while ids(busy, "ready") == before:
            assert time.monotonic() < end, pane.text
            time.sleep(0.05)
    assert ids(busy, "ready") == [before[1], before[0], *before[2:]]
