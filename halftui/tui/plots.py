"""Plots in cells: columns of eighths for days, bars for shares."""

from collections.abc import Sequence

EIGHTHS = " ▁▂▃▄▅▆▇█"
FULL, EMPTY = "█", "░"


def columns(values: Sequence[float], width: int, height: int) -> list[str]:
    """Return `height` rows, the upper first, in which each value is a column, all in `width` cells.

    The highest reaches the top; a value above 0 is seen however small it is.
    """
    if not values or width <= 0 or height <= 0:
        return [""] * max(height, 0)
    each = max(width // len(values), 1)
    shown = values[-width:]
    most = max(shown) or 1.0
    levels = [0 if v <= 0 else max(round(v / most * height * 8), 1) for v in shown]
    thick = max(each - 1, 1) if each > 1 else 1
    return [
        "".join((EIGHTHS[max(min(level - 8 * row, 8), 0)] * thick).ljust(each) for level in levels)
        for row in reversed(range(height))
    ]


def bar(share: float, width: int) -> str:
    """Return a share of 1 as a bar of `width` cells; more than all is drawn as all."""
    full = round(max(min(share, 1.0), 0.0) * width)
    return FULL * full + EMPTY * (width - full)
