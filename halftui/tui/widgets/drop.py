"""The mark in a lane where cards would fall."""

from typing import NamedTuple

from rich.style import Style
from textual.strip import Strip

from halftui.tui.draw import Row
from halftui.tui.themes import Inks


class Drop(NamedTuple):
    """Where cards would fall: in the gap before the card of that place; and what that would mean."""

    gap: int
    words: str
    is_refused: bool


def drop_line(drop: Drop, width: int, inks: Inks) -> Strip:
    """Return the line that marks the gap and says what letting go would mean."""
    ink = inks["failed" if drop.is_refused else "focus"]
    row = Row(width).put("✗ " if drop.is_refused else "▸ ", ink)
    row.put(f"{drop.words} " if drop.words else "", ink + Style(bold=True))
    return row.put("━" * row.left, ink).strip()
