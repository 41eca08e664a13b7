"""Turns full colours into those that a guest's terminal can show.

Rich keeps the first rendering of each style whatever the terminal, so in a process that draws for several
every app draws in full colours and the difference is made here, on the bytes' way out.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Literal

from rich.color import Color
from rich.color_triplet import ColorTriplet

from halftui.tui.fewer import SYSTEMS, fewer

Depth = Literal["truecolor", "256", "standard", "none"]

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_FOREGROUND, _BACKGROUND = "38", "48"


def toner(depth: Depth) -> Callable[[str], str]:
    """Return what turns the text that is sent to a terminal of that depth into what it shows."""
    if depth == "truecolor":
        return str
    return partial(_SGR.sub, partial(_toned, depth))


def _toned(depth: Depth, found: re.Match[str]) -> str:
    return _sequence(found[1], depth)


@lru_cache(16_384)
def _sequence(words: str, depth: Depth) -> str:
    kept: list[str] = []
    parts = iter(words.split(";"))
    for part in parts:
        if part in (_FOREGROUND, _BACKGROUND):
            kept += _lesser(part, next(parts, ""), parts, depth)
        elif depth != "none" or not _is_colour(part):
            kept.append(part)
    return f"\x1b[{';'.join(kept)}m" if kept else ""


def _lesser(ground: str, form: str, parts: Iterator[str], depth: Depth) -> list[str]:
    """Return one colour in fewer ones; its numbers are taken from `parts`."""
    if form == "2":
        red, green, blue = (int(next(parts, "") or 0) & 255 for _ in range(3))
        colour = Color.from_triplet(ColorTriplet(red, green, blue))
    else:
        colour = Color.from_ansi(int(next(parts, "") or 0) & 255)
    if depth == "none":
        return []
    is_ground, system = ground == _BACKGROUND, SYSTEMS[depth]
    lesser = fewer(colour, system, is_ground=is_ground).downgrade(system)
    return list(lesser.get_ansi_codes(foreground=not is_ground))


def _is_colour(part: str) -> bool:
    number = int(part or 0)
    return 30 <= number <= 49 or 90 <= number <= 107
