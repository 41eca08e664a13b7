"""Where things stand at a size of the terminal: how wide each lane is, whether there are rail and dock."""

from collections.abc import Sequence
from typing import NamedTuple

SPINE = 4
LANE = 24  # an open lane wants this many cells
LEAST_WIDTH, LEAST_HEIGHT = 40, 12
ONE_COLUMN, RAIL, TWO_RAILS = 80, 100, 160
DOCK_FROM = 30


class Places(NamedTuple):
    """What a size has room for; widths and heights are in cells, 0 means that there is none."""

    rail: int  # of one rail column
    rails: int
    dock: int
    has_tabs: bool
    fits: bool

    @property
    def rail_width(self) -> int:
        """All rail columns together."""
        return self.rail * self.rails


def places(width: int, height: int) -> Places:
    """Return what there is room for in a terminal of this size."""
    rails = 0 if width < RAIL else 1 if width < TWO_RAILS else 2
    rail = max(28, min(36, width * 7 // 25)) if rails == 1 else 30 if rails else 0
    dock = max(7, min(16, height // 4)) if height >= DOCK_FROM else 0
    fits = width >= LEAST_WIDTH and height >= LEAST_HEIGHT
    return Places(rail, rails, dock, has_tabs=width < ONE_COLUMN, fits=fits)


def widths(room: int, names: Sequence[str], focused: str, *, is_one: bool = False) -> dict[str, int]:
    """Return the width of each lane: 0 is hidden, SPINE is collapsed, the rest are open.

    As many lanes are open as get LANE cells, at least three; they stand side by side, keep the
    focused one among them, and are those around Working if that is possible.
    """
    if is_one:
        return {name: room if name == focused else 0 for name in names}
    count = len(names)
    opened = max(n for n in range(1, count + 1) if n <= min(3, count) or _share(room, n, count) >= LANE)
    at = list(names).index(focused)
    middle = list(names).index("working") if "working" in names else 0
    first = max(min(middle - opened // 2, count - opened), 0)
    first = min(first, at)
    first = max(first, at - opened + 1)
    sizes = dict.fromkeys(names, SPINE)
    for number, name in enumerate(names[first : first + opened]):
        spread = room - SPINE * (count - opened)
        sizes[name] = spread // opened + (number < spread % opened)
    return sizes


def _share(room: int, opened: int, count: int) -> int:
    return (room - SPINE * (count - opened)) // opened
