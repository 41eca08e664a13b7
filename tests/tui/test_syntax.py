"""The colours of code: right words, any language or none, readable on every ground, and lazily found."""

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from halftui.tui.widgets import syntax
from halftui.tui.widgets.diff import DiffView
from tests.helpers.stage import Stage
from tests.tui.player import playing
from tests.tui.test_look import contrast

CODE = 'def total(rows): return sum(1 for r in rows if r != "日本")  # all of 12'
PATCH = ["@@ -1,3 +1,3 @@", " import csv", f"-{CODE}", f"+{CODE} again", " class Export:", "+    pass"]


def test_words_of_code_are_known_for_what_they_are() -> None:
    found = {_cut(span): span.ink for span in syntax.spans("src/a.py", CODE)}
    assert found["def"] == found["return"] == "label"
    assert found["total"] == "heading"
    assert found["sum"] == "agent"
    assert found["# all of 12"] == "muted"
    assert found["1"] == "money"


def _cut(span: syntax.Span) -> str:
    cells = [letter for letter in CODE for _ in range(cell_len(letter))]
    text = cells[span.start : span.stop]
    return "".join(a for n, a in enumerate(text) if not n or cell_len(a) == 1 or n % 2)


@pytest.mark.parametrize(
    "path", ["", "no-such-language", "a.zzz", "Dockerfile", "x.rs", "y.ts", "z.md", "Makefile"]
)
def test_any_file_has_colours_or_none(path: str) -> None:
    assert all(span.start < span.stop for span in syntax.spans(path, "fn main() { let x = 'a'; } // all"))


@given(st.text(max_size=80).map(lambda t: t.replace("\n", " ").replace("\r", " ")))
def test_no_line_breaks_it(text: str) -> None:
    for span in syntax.spans("a.py", text):
        assert 0 <= span.start <= span.stop <= cell_len(text)


@pytest.mark.parametrize("theme", ["halflight", "dark", "light", "contrast"])
async def test_code_can_be_read_on_every_ground(busy: Stage, theme: str) -> None:
    async with playing(busy, theme=theme) as player:
        view = DiffView()
        await player.board.mount(view, before=0)
        view.show(PATCH, path="src/a.py")
        await player.pilot.pause(0.2)
        seen = 0
        for y in range(view.size.height):
            for segment in view.render_line(y):
                style = segment.style
                if not segment.text.strip(" ─│") or style is None or not style.color or not style.bgcolor:
                    continue
                ink, ground = style.color.triplet, style.bgcolor.triplet
                assert ink is not None
                assert ground is not None
                assert contrast(tuple(ink), tuple(ground)) > 4.2, (segment.text, ink.hex, ground.hex)
                seen += 1
        assert seen > 20


async def test_only_what_is_looked_at_is_read(busy: Stage) -> None:
    lines = ["@@ -1,20000 +1,20000 @@", *[f"+value_{n} = {n}  # a number" for n in range(20_000)]]
    async with playing(busy) as player:
        view = DiffView()
        await player.board.mount(view, before=0)
        with patch.object(syntax, "_lexer", wraps=syntax._lexer) as asked:
            view.show(lines, path="big.py")
            await player.pilot.pause(0.2)
            assert 0 < asked.call_count < 200
