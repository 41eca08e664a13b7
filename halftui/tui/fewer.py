"""Colours for terminals that have few: the nearest by eye, so that no dark ground turns into a signal.

Rich rounds each of red, green and blue by itself: a warm dark grey becomes a plain dark red.
"""

import colorsys
from functools import lru_cache

from rich.color import Color, ColorSystem, ColorType
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as Ground
from textual.filter import LineFilter

SYSTEMS = {"256": ColorSystem.EIGHT_BIT, "standard": ColorSystem.STANDARD}
# Behind the first sixteen, which every terminal's owner chooses.
_CUBE = tuple((number, Color.from_ansi(number).get_truecolor()) for number in range(16, 256))
_HUED = tuple(each for each in _CUBE if each[0] < 232 and len(set(each[1])) > 1)
_HUES = (
    (0.055, 1),
    (0.19, 3),
    (0.43, 2),
    (0.54, 6),
    (0.7, 4),
    (0.94, 5),
    (1.0, 1),
)  # up to a hue
_BLACK, _SILVER, _GREY, _WHITE, _BRIGHT = 0, 7, 8, 15, 8
_GREYISH, _DARK, _DIM, _BRIGHT_FROM, _PALE = 0.14, 0.35, 0.62, 0.75, 0.9
_DARK_LINE = 0.3  # lines are to be seen where a ground of their darkness would not be


@lru_cache(4096)
def fewer(colour: Color, system: ColorSystem, *, is_ground: bool) -> Color:
    """Return the colour that a terminal of 256 or of 16 shows instead of a full one; others stay."""
    if colour.type is not ColorType.TRUECOLOR or colour.triplet is None:
        return colour
    wanted = colour.triplet
    if system is ColorSystem.STANDARD:
        return Color.from_ansi(_of_sixteen(wanted, _DARK if is_ground else _DARK_LINE))
    hue, _ = _hue(wanted)
    able = _CUBE if hue is None else _HUED
    return Color.from_ansi(min(able, key=lambda each: _distance(wanted, each[1]))[0])


def _distance(one: ColorTriplet, other: ColorTriplet) -> float:
    """Return how far two colours seem apart, squared ("redmean")."""
    mean = (one.red + other.red) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (2 + mean / 256) * red * red + 4 * green * green + (2 + (255 - mean) / 256) * blue * blue


def _hue(wanted: ColorTriplet) -> tuple[float | None, float]:
    """Return a colour's hue, none for what is grey or dark, and how light it is."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in wanted))
    return (None if saturation * value < _GREYISH or value < _DARK else hue), value


def _of_sixteen(wanted: ColorTriplet, dark: float) -> int:
    """Return the number of a colour by its hue; what is grey, or dark, by its light alone."""
    hue, value = _hue(wanted)
    if hue is None:
        steps = ((dark, _BLACK), (_DIM, _GREY), (_PALE, _SILVER))
        return next((number for most, number in steps if value < most), _WHITE)
    plain = next(number for most, number in _HUES if hue <= most)
    return plain + _BRIGHT if value > _BRIGHT_FROM else plain


class Fewer(LineFilter):
    """Draws in the colours that a terminal has."""

    def __init__(self, system: ColorSystem) -> None:
        super().__init__()
        self._system = system

    def apply(self, segments: list[Segment], background: Ground) -> list[Segment]:
        """Return the segments in other colours."""
        return [s if s.style is None else Segment(s.text, _dyed(s.style, self._system), s.control)
                for s in segments]  # fmt: skip


@lru_cache(4096)
def _dyed(style: Style, system: ColorSystem) -> Style:
    colour, ground = style.color, style.bgcolor
    return style + Style.from_color(
        colour and fewer(colour, system, is_ground=False), ground and fewer(ground, system, is_ground=True)
    )
