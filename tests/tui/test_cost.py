"""What a key and the first frame cost, counted: the same for ten cards as for ten thousand."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from textual.strip import Strip

from halftui.main import doors
from halftui.main.house import House
from halftui.ops import beads
from halftui.settings import Settings
from halftui.store.tx import Tx
from halftui.tui.widgets.lane import Lane
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.rail import Box
from tests.helpers.stage import Stage
from tests.tui.player import playing


def crowd(stage: Stage, count: int) -> None:
    """Write many ready beads in one statement: copies of a real one, named x-0 to x-(count - 1)."""
    first = stage.bead("Card")

    def copy(tx: Tx) -> None:
        own = {"id": "'x-' || n.value", "title": "'Card ' || n.value", "rank": "printf('b%06d1', n.value)"}
        columns = [str(row[0]) for row in tx.rows("SELECT name FROM pragma_table_info('bead')")]
        values = ", ".join(own.get(column, f"b.{column}") for column in columns)
        tx.change(
            "WITH RECURSIVE n(value) AS"
            f" (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < {count - 1})"
            f" INSERT INTO bead ({', '.join(columns)}) SELECT {values} FROM n, bead b WHERE b.id = :first",
            first=first,
        )
        tx.change("UPDATE bead SET state = 'done', closed_at = created_at WHERE id = :first", first=first)

    stage.write(copy)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Note each line that is drawn, by its widget."""
    drawn: list[str] = []

    def noting(original: object, name: str) -> object:
        def render_line(self: object, y: int) -> Strip:
            drawn.append(f"{name} {y}")
            strip: Strip = original(self, y)  # type: ignore[operator]
            return strip

        return render_line

    with (
        patch.object(Lane, "render_line", noting(Lane.render_line, "lane")),
        patch.object(Line, "render_line", noting(Line.render_line, "line")),
        patch.object(Box, "render_line", noting(Box.render_line, "box")),
    ):
        yield drawn


def test_the_first_frame_waits_for_no_module_that_few_need() -> None:
    rooms = "halftui.main.doors, halftui.main.show, halftui.tui.app, halftui.tui.screens.board"
    rare = "hashlib shlex sqlalchemy sqlmodel textual.widgets._text_area halftui.domain.identity"
    code = f"import sys, {rooms}; print([m for m in {rare.split()} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_the_board_opens_in_the_house_where_it_was_looked_for(
    empty: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[House] = []

    async def note(house: House, board: str, make_engine: object) -> int:
        opened.append(house)
        return 0

    monkeypatch.setattr(doors, "_open", note)
    monkeypatch.setattr(doors, "_require_terminal", lambda: None)
    chosen = Settings(database=empty.store.url)
    door = doors._door(lambda _: chosen)
    service = door.service(chosen)
    assert door.tui(chosen, empty.board) == 0
    assert [house.service for house in opened] == [service]
    opened[0].store.close()


async def test_the_first_frame_waits_for_no_widget_that_few_need(busy: Stage) -> None:
    async with playing(busy) as player:
        rare = {"finder", "ghost", "small", "tabs"}
        assert rare.isdisjoint(str(node.id) for node in player.board.walk_children())
        await player.press("slash")
        assert player.board.finder.has_focus
        await player.pilot.resize_terminal(60, 40)
        await player.pilot.resize_terminal(20, 40)
        await player.rest()
        assert rare - {"ghost"} <= {str(node.id) for node in player.board.walk_children()}


@pytest.mark.parametrize("count", [10, 10_000])
async def test_a_cursor_move_draws_two_cards_and_a_note(empty: Stage, count: int) -> None:
    crowd(empty, count)
    async with playing(empty) as player:
        await player.pilot.pause(1.0)
        with counted() as drawn:
            await player.press("j")
            await player.pilot.pause(0.3)
        assert 0 < len(drawn) <= 6, drawn


async def test_rows_with_nothing_in_them_are_one_strip_with_all_that_was_worked_out_for_it(
    empty: Stage,
) -> None:
    async with playing(empty) as player:
        lane, box = player.board.lanes.by_name["working"], player.board.rail.convoys
        assert len({id(lane.render_line(y)) for y in range(10, 20)}) == 1
        assert len({id(box._kept.lines(box, box.size.region)[y]) for y in range(3, 5)}) == 1


async def test_a_changed_card_draws_itself_alone(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.pilot.pause(0.5)
        busy.write(beads.edit, busy.ids["Add a /health endpoint"], title="Add a /healthz endpoint")
        with counted() as drawn:
            await player.app.renew()
            await player.pilot.pause(0.3)
        assert 0 < len(drawn) <= 3, drawn
        assert "/healthz" in player.text


async def test_nothing_is_drawn_while_nothing_happens(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.pilot.pause(0.5)
        with counted() as drawn:
            await player.pilot.pause(2.2)
        assert drawn == []


async def test_time_alone_draws_only_what_it_changes(busy: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.tui.screens.board.CLOCK_SECONDS", 0.3)
    async with playing(busy) as player:
        await player.pilot.pause(0.5)
        busy.clock.now += 60
        with counted() as drawn:
            await player.pilot.pause(1.5)
        assert 0 < len([d for d in drawn if d.startswith("lane")]) <= 20
        assert "asks you 3m" in player.text


async def test_ten_thousand_cards_can_be_walked_to_the_end(empty: Stage) -> None:
    crowd(empty, 10_000)
    async with playing(empty) as player:
        await player.press("G")
        for _ in range(20):
            await player.pilot.pause(0.05)
            if player.chosen:
                break
        assert player.chosen == "x-9999"
        assert "Card 9999" in player.text
        await player.press("ctrl+u", "k", "g")
        assert player.chosen == "x-0"
