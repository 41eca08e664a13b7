"""Tables on a page: columns with a heading, of which the least important go when room is short."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from halftui.tui.draw import cut
from halftui.tui.screens.page import Part, Told

GAP = 2
LEAST = 12  # cells of the column that takes the rest


class Column(NamedTuple):
    """A column; `width` 0 takes what is left. Lower `rank` is kept longer."""

    title: str
    width: int = 0
    ink: str = "text"
    rank: int = 5
    is_right: bool = False


class Line(NamedTuple):
    """A line of a table: a text or (text, ink) for each column, and what the line opens."""

    cells: Sequence[str | Part]
    opens: str = ""


def told(columns: Sequence[Column], lines: Sequence[Line], width: int) -> list[Told]:
    """Return a table as rows of a page."""
    kept = _kept(columns, width)
    fixed = sum(columns[n].width or 0 for n in kept) + GAP * (len(kept) - 1)
    widths = [columns[n].width or max(width - fixed, LEAST) for n in kept]
    head = Line([(column.title, "muted") for column in columns])
    return [_line(columns, line, kept, widths) for line in (head, *lines)]


def _line(columns: Sequence[Column], line: Line, kept: Sequence[int], widths: Sequence[int]) -> Told:
    parts: list[Part] = []
    for number, width in zip(kept, widths, strict=True):
        cell = line.cells[number]
        text, ink = cell if isinstance(cell, tuple) else (cell, columns[number].ink)
        parts += [(" " * GAP if parts else "", "text"), (_cell(text, width, columns[number]), ink)]
    return Told(tuple(parts), line.opens)


def _cell(text: str, width: int, column: Column) -> str:
    shown = cut(text, width)
    blanks = " " * (width - cell_len(shown))
    return blanks + shown if column.is_right else shown + blanks


def _kept(columns: Sequence[Column], width: int) -> list[int]:
    kept = list(range(len(columns)))

    def wanted() -> int:
        return sum((columns[n].width or LEAST) + GAP for n in kept) - GAP

    while wanted() > width and len(kept) > 1:
        kept.remove(max(kept, key=lambda n: (columns[n].rank, n)))
    return kept
