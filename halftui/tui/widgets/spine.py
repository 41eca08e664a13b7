"""A lane without room: its name downwards, and below that how many cards it has."""

from textual.strip import Strip

from halftui.tui import draw
from halftui.tui.draw import Row
from halftui.tui.places import SPINE
from halftui.tui.themes import Inks


def line(y: int, height: int, heading: str, total: int, inks: Inks, ink: str) -> Strip:
    """Return what stands inside a row of the frame; the count is written in `ink`."""
    count = draw.amount(total)
    digits = [count] if len(count) <= SPINE - 2 else list(count)  # a long one goes downwards
    if height - 1 > y >= height - 1 - len(digits):
        return Row(SPINE - 2).end(digits[y - height + 1 + len(digits)], inks[ink]).strip()
    return Row(SPINE - 2).end(heading[y - 1 : y] if y else "", inks["heading"]).strip()
