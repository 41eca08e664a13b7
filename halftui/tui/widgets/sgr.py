"""Colours of program output: SGR sequences to styled spans, and nothing else."""

import re
from functools import lru_cache

from rich.color import Color
from rich.style import Style

Span = tuple[str, Style]

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}
_FORE = (*range(30, 38), *range(90, 98))
_BACK = (*range(40, 48), *range(100, 108))
LONGEST = 64  # characters of parameters; a longer sequence is not meant as a colour

State = tuple[Color | None, Color | None, frozenset[str]]
PLAIN: State = (None, None, frozenset())


def plain(line: str) -> str:
    """Return a line without its SGR sequences."""
    return _shown(_SGR.sub("", line)) if "\x1b" in line else line


def spans(line: str) -> list[Span]:
    """Return a cleaned line as spans of text and style; colours end with the line.

    Blinking and concealed text are shown as any other, as is text in the colour of its ground.
    """
    pieces = _SGR.split(line)
    state, found = PLAIN, []
    for place, piece in enumerate(pieces):
        if place % 2:
            state = _after(state, piece)
        elif piece:
            found.append((_shown(piece), _style(state)))
    return found


def _shown(text: str) -> str:
    return text.replace("\x1b", "\u241b")  # a line cut within a sequence leaves half of it


@lru_cache(2048)
def _after(state: State, parameters: str) -> State:
    if len(parameters) > LONGEST:
        return state
    fore, back, flags = state
    codes = [int(code or 0) for code in re.split("[;:]", parameters.replace("::", ":"))]
    while codes:
        code = codes.pop(0)
        if code == 0:
            fore, back, flags = PLAIN
        elif code in _ON:
            flags |= {_ON[code]}
        elif code in _OFF:
            flags -= set(_OFF[code])
        elif code in (38, 48):
            colour = _extended(codes)
            fore, back = (colour or fore, back) if code == 38 else (fore, colour or back)
        elif code in (39, 49):
            fore, back = (None, back) if code == 39 else (fore, None)
        elif code in _FORE:
            fore = Color.from_ansi(_FORE.index(code))
        elif code in _BACK:
            back = Color.from_ansi(_BACK.index(code))
    return fore, back, flags


def _extended(codes: list[int]) -> Color | None:
    """Take the colour after a 38 or 48 off `codes`."""
    form = codes.pop(0) if codes else 0
    if form == 5 and codes:
        return Color.from_ansi(codes.pop(0) & 255)
    if form == 2 and len(codes) >= 3:
        red, green, blue = (codes.pop(0) & 255 for _ in range(3))
        return Color.from_rgb(red, green, blue)
    return None


@lru_cache(2048)
def _style(state: State) -> Style:
    fore, back, flags = state
    if fore == back:
        fore = back = None
    return Style(color=fore, bgcolor=back) + Style.parse(" ".join(sorted(flags)))
