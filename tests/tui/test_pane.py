"""The pane of live lines: history, following, pausing, searching, and a flood that it survives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.style import Style
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from halftui.service.service import Service
from halftui.tui.widgets import pane as module
from halftui.tui.widgets import rows, sgr
from halftui.tui.widgets.pane import HISTORY, STRIPS, LinePane
from halftui.tui.widgets.rows import RING
from tests.tui.eyes import until
from tests.tui.stage import Stage

WIDE = "日本語のテスト🎉 " * 30


class PaneScreen(Screen[None]):
    """Nothing but a pane."""

    def __init__(self, service: Service, count: int = 1) -> None:
        super().__init__()
        self._service, self._count = service, count

    def compose(self) -> ComposeResult:
        for _ in range(self._count):
            yield LinePane(self._service)


@asynccontextmanager
async def shown(
    stage: Stage, attempt: str, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[LinePane, Pilot[None]]]:
    """Open a pane on an attempt."""
    async with stage.app(PaneScreen(stage.service)).run_test(size=size) as pilot:
        pane = pilot.app.screen.query_one(LinePane)
        pane.show(attempt, "Toast · hf-1 Cache")
        await until(pilot, lambda: bool(pane.tail.entries))
        yield pane, pilot


def texts(pane: LinePane) -> list[str]:
    """Return the rows that the pane shows now."""
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def state(pane: LinePane) -> str:
    return str(pane._border_subtitle)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.bead("Cache layer")
    return made


async def test_history_comes_first_and_then_what_is_new(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", f"old {n}") for n in range(1, 1501)])
    async with shown(stage, attempt) as (pane, pilot):
        assert [e[3] for e in pane.tail.entries[:2]] == ["500 lines not shown", "old 501"]
        assert len(pane.tail.entries) == HISTORY + 1
        lines = stage.service.lines
        lines.open(attempt, 1500)
        lines.add(attempt, "say", "here I am")
        await until(pilot, lambda: texts(pane)[-1].endswith("here I am"))
        assert state(pane) == "FOLLOW · 1,501 lines"


async def test_scrolling_up_pauses_counts_what_is_new_and_end_goes_on(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", f"old {n}") for n in range(1, 101)])
    async with shown(stage, attempt) as (pane, pilot):
        stage.service.lines.open(attempt, 100)
        await pilot.press("tab", "k", "k")
        assert state(pane) == "PAUSED · 100 lines"
        before = texts(pane)
        for n in range(37):
            stage.service.lines.add(attempt, "out", f"new {n}")
        await until(pilot, lambda: "37 new" in state(pane))
        assert texts(pane) == before, "what is read must not move"
        await pilot.press("end")
        assert texts(pane)[-1].endswith("new 36")
        assert state(pane).startswith("FOLLOW")
        await pilot.press("k", "f")
        assert state(pane).startswith("FOLLOW")


async def test_what_is_read_stays_in_place_while_the_ring_lets_go_of_old_lines(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", "first")])
    async with shown(stage, attempt) as (pane, pilot):
        pane._take([(n, 0.0, "out", f"line {n}") for n in range(2, RING + 1)])
        pane._go_to(3_000)
        await pilot.pause()
        before = texts(pane)
        pane._take([(n, 0.0, "out", f"line {n}") for n in range(RING + 1, RING + 501)])
        await pilot.pause()
        assert texts(pane) == before
        assert len(pane.tail.entries) == len(pane.tail.rows) == RING


async def test_a_flood_stays_bounded_and_says_what_it_left_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, count, drawn = stage.claim().attempt, 100_000, 0
    stage.prints(attempt, [(9, "out", "first")])
    real = rows.drawn

    def counting(*args: object) -> object:
        nonlocal drawn
        drawn += 1
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "drawn", counting)
    async with shown(stage, attempt) as (pane, pilot):
        lines = stage.service.lines
        lines.open(attempt, 1)
        journal = asyncio.create_task(lines.run())
        drawn = 0
        for start in range(0, count, 1_000):
            lines.add(attempt, "out", "\n".join(f"line {n}" for n in range(start, start + 1_000)))
            await asyncio.sleep(0)
        await until(pilot, lambda: texts(pane)[-1].endswith(f"line {count - 1}"))
        journal.cancel()
        assert len(pane.tail.entries) <= RING
        assert len(pane._strips) <= STRIPS
        assert drawn < 2_000, "only what is seen is drawn"
        assert any(e[2] == "missed" for e in pane.tail.entries)
        numbers = [e[0] for e in pane.tail.entries if e[2] != "missed"]
        assert numbers == sorted(set(numbers)), "no line twice, none out of order"


async def test_each_kind_has_its_own_mark(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(
        attempt,
        [
            (90, "say", "I begin"), (80, "tool", "Edit a.py +3 -1"), (80, "diff", "+ x = 1"),
            (70, "result", "fine"), (60, "error", "exit 1"), (50, "note", "waits"), (40, "ok", "finished"),
            (30, "out", "\x1b[31mred\x1b[0m plain"), (20, "unheard", "of"),
        ],
    )  # fmt: skip
    async with shown(stage, attempt, (60, 24)) as (pane, _):
        assert texts(pane)[:9] == [
            "  I begin", "▸ Edit a.py +3 -1", "│ + x = 1", "│ fine", "✗ exit 1", "· waits", "✓ finished",
            "  red plain", "  of",
        ]  # fmt: skip
        red = next(s for s in pane.render_line(7) if s.text == "red")
        assert red.style is not None
        assert red.style.color is not None


async def test_only_the_first_line_of_what_came_at_once_is_marked(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "error", "one"), (9, "error", "two"), (8, "error", "three")])
    async with shown(stage, attempt) as (pane, _):
        assert [line.split()[-2] for line in texts(pane)[:3] if "✗" in line] == ["✗", "✗"]
        assert "✗" not in texts(pane)[1]


async def test_the_layout_stands_whatever_is_printed(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(
        attempt,
        [(9, kind, text) for kind in ("say", "out", "tool", "diff", "error", "result")
         for text in (WIDE, "x" * 3_000, "\x1b[1m" + WIDE + "\x1b[0m", "", "a\u0301" * 200, "👩‍🚀" * 90)],
    )  # fmt: skip
    async with shown(stage, attempt, (47, 20)) as (pane, pilot):
        await pilot.press("tab")
        for key in ("home", "w", "i", "end", "w"):
            await pilot.press(key)
            for y in range(pane.size.height):
                assert pane.render_line(y).cell_length == pane.scrollable_content_region.width
        await pilot.resize_terminal(23, 10)
        await pilot.pause()
        assert pane.render_line(0).cell_length == pane.scrollable_content_region.width


async def test_wrapping_shows_all_of_a_line_and_cutting_says_so(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", "".join(f"{n:04}" for n in range(100)))])
    async with shown(stage, attempt) as (pane, pilot):
        assert texts(pane)[0].endswith("…")
        await pilot.press("tab", "w")
        assert "".join(line[11:] for line in texts(pane)).strip() == "".join(f"{n:04}" for n in range(100))


async def test_searching_goes_from_match_to_match_and_letters_are_only_typed(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", f"line {n} {'[LoCk]w' if n % 50 == 0 else ''}") for n in range(1, 301)])
    async with shown(stage, attempt) as (pane, pilot):
        await pilot.press("tab", "/", *"[lock]w", "x", "backspace")
        assert state(pane) == "/[lock]w▏"
        await pilot.press("enter")
        assert "6 of 6" in state(pane)
        await pilot.press("N", "N")
        assert "4 of 6" in state(pane)
        assert "PAUSED" in state(pane)
        assert any("line 200" in line for line in texts(pane))
        await pilot.press("n", "n", "n")
        assert "1 of 6" in state(pane), "it goes round"
        await pilot.press("escape")
        assert "of 6" not in state(pane)
        await pilot.press("/", *"nowhere", "enter")
        assert "not found" in state(pane)


async def test_copying_takes_the_found_line_or_what_is_seen(stage: Stage) -> None:
    attempt = stage.claim().attempt
    stage.prints(attempt, [(9, "out", f"\x1b[32mline {n}\x1b[0m") for n in range(1, 101)])
    async with shown(stage, attempt) as (pane, pilot):
        await pilot.press("tab", "y")
        assert pilot.app.clipboard.split("\n")[-1] == "line 100"
        assert len(pilot.app.clipboard.split("\n")) == pane.size.height
        await pilot.press("/", *"line 42", "enter", "y")
        assert pilot.app.clipboard == "line 42"


async def test_switching_forgets_the_old_attempt(stage: Stage) -> None:
    stage.bead("Another")
    one, two = stage.claim().attempt, stage.claim().attempt
    stage.prints(one, [(9, "say", "of one")])
    stage.prints(two, [(9, "say", "of two")])
    async with shown(stage, one) as (pane, pilot):
        pane.show(two, "two")
        await until(pilot, lambda: any("of two" in line for line in texts(pane)))
        assert not any("of one" in line for line in texts(pane))
        pane.show(None)
        await pilot.pause()
        assert not any(texts(pane))


async def test_the_end_of_an_attempt_is_said(stage: Stage) -> None:
    claim = stage.claim()
    stage.prints(claim.attempt, [(9, "ok", "finished")])
    stage.end(claim, {"x.txt": "x"})
    async with shown(stage, claim.attempt) as (pane, pilot):
        await until(pilot, lambda: state(pane).startswith("ENDED"))


def test_colours_are_read_and_everything_else_is_not() -> None:
    red, plain = sgr.spans("\x1b[1;31mred\x1b[0mplain")
    assert red[1].bold
    assert red[1].color is not None
    assert plain == ("plain", Style())
    (deep,) = sgr.spans("\x1b[38;2;1;2;3;48:5:9mdeep")
    assert deep[1].color is not None
    assert deep[1].color.triplet == (1, 2, 3)
    assert sgr.spans("\x1b[8mhidden")[0] == ("hidden", Style()), "nothing is concealed"
    assert sgr.spans("\x1b[31;41msame")[0] == ("same", Style()), "nothing is red on red"
    assert sgr.plain("\x1b[31mred\x1b[0m") == "red"


@pytest.mark.parametrize(
    "text", ["\x1b[3", "\x1b[" + "9" * 5_000 + "m", "\x1b[38;5m", "\x1b[38;2;1m", "\x1b[;;m"]
)
def test_broken_colours_never_reach_the_terminal(text: str) -> None:
    assert "\x1b" not in "".join(piece for piece, _ in sgr.spans(text + "x"))
    assert "\x1b" not in sgr.plain(text + "x")
