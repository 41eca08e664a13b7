"""What a key costs, counted in drawn lines: the same for ten cards as for ten thousand."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from textual.strip import Strip

from halftui.ops import beads
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


@pytest.mark.parametrize("count", [10, 10_000])
async def test_a_cursor_move_draws_two_cards_and_a_note(empty: Stage, count: int) -> None:
    crowd(empty, count)
    async with playing(empty) as player:
        await player.settle()
        with counted() as drawn:
            await player.press("j")
            await player.settle()
        assert 0 < len(drawn) <= 6, drawn


async def test_a_changed_card_draws_itself_alone(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.settle()
        busy.write(beads.edit, busy.ids["Add a /health endpoint"], title="Add a /healthz endpoint")
        with counted() as drawn:
            await player.app.renew()
            await player.settle()
        assert 0 < len(drawn) <= 3, drawn
        assert "/healthz" in player.text


async def test_nothing_is_drawn_while_nothing_happens(busy: Stage) -> None:
    async with playing(busy) as player:
        await player.settle()
        with counted() as drawn:
            await player.pilot.pause(2.2)
        assert drawn == []


async def test_time_alone_draws_only_what_it_changes(busy: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.tui.screens.board.CLOCK_SECONDS", 0.3)
    async with playing(busy) as player:
        await player.settle()
        busy.clock.now += 60
        with counted() as drawn:
            await player.until(lambda: "asks you 3m" in player.text)
            await player.pilot.pause(1.0)  # in which the clock ticks and nothing changes
        assert 0 < len([d for d in drawn if d.startswith("lane")]) <= 20


async def test_ten_thousand_cards_can_be_walked_to_the_end(empty: Stage) -> None:
    crowd(empty, 10_000)
    async with playing(empty) as player:
        await player.press("G")
        await player.until(lambda: player.chosen)
        assert player.chosen == "x-9999"
        assert "Card 9999" in player.text
        await player.press("ctrl+u", "k", "g")
        assert player.chosen == "x-0"
