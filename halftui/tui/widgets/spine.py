"""A lane without room: its name downwards, and below that how many cards it has."""

from rich.style import Style
from textual.strip import Strip

from halftui.tui import draw
from halftui.tui.draw import Row
from halftui.tui.places import SPINE
from halftui.tui.themes import Inks


def line(
    y: int, height: int, heading: str, total: int, inks: Inks, ink: str, edge: Style, *, is_heavy: bool
) -> Strip:
    """Return a row with its frame; the count is written in `ink`."""
    ground = inks["ground"]
    text, is_count = _letter(y, height, heading, draw.amount(total))
    if not text and 0 < y < height - 1:
        return draw.hollow(SPINE - 2, ground, ground + edge, is_heavy=is_heavy)
    inner = Row(SPINE - 2, ground).end(text, inks[ink if is_count else "heading"]).strip()
    return draw.boxed(y, height, inner, ground + edge, is_heavy=is_heavy)


def _letter(y: int, height: int, heading: str, count: str) -> tuple[str, bool]:
    """Return what stands in a row, and whether it is of the count."""
    digits = [count] if len(count) <= SPINE - 2 else list(count)  # a long one goes downwards
    if height - 1 > y >= height - 1 - len(digits):
        return digits[y - height + 1 + len(digits)], True
    return heading[y - 1 : y] if y else "", False
