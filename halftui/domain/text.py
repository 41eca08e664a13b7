"""The one cleaning of text from outside: agents, repositories, colleagues, files.

A terminal obeys what it is sent, so control sequences that are not colours are dropped, other
control characters are shown as pictures, and characters that reorder or hide text are marked.
"""

import re
from functools import cache

# ESC-introduced strings (OSC, DCS, APC, PM, SOS, and their C1 twins) end at ST, BEL, or the text's end.
_STRINGS = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|\Z|(?=\x1b))"
)
_CSI = re.compile(r"(?:\x1b\[|\x9b)([0-?]*)([ -/]*)([@-~]?)")
_OTHER_ESCAPES = re.compile(r"\x1b[ -/]*[0-~]?")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
# Sets as large as these take a millisecond to compile, and most text has nothing for them to find.
_HIDDEN = (
    "[\u061c\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_CONTROLS = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
_SELECTORS = re.compile("[\ufe00-\ufe0f]")  # they change a mark's width, and terminals disagree
# Marks that are put above or below another: no script needs five, and a flood of them covers other rows.
_MARK = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06dc\u06df-\u06e4"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u0f71-\u0f84\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099\u309a\ufe20-\ufe2f\U0001e8d0-\U0001e8d6]"
)
_FLOODS = f"({_MARK}{{4}}){_MARK}+"
MARKS_AT_END = f"{_MARK}{{0,4}}\\Z"
_PLAIN = re.compile(r"[\x20-\x7e\n]*")
_COLOURED = re.compile(r"[\x20-\x7e\n]*(?:\x1b\[[0-9;:]*m[\x20-\x7e\n]*)*")  # plain but for SGR
HIDDEN_MARK = "\u2423"  # an open box: something invisible stood here
LONGEST_LINE = 8_192


def clean(text: str, *, keeps_colours: bool = False) -> str:
    """Return `text` without anything a terminal would obey; newlines stay, tabs become spaces.

    With `keeps_colours` SGR sequences (`ESC [ … m`) stay as they are. Cleaning twice changes nothing.
    """
    if (_COLOURED if keeps_colours else _PLAIN).fullmatch(text):
        return text
    text = _SELECTORS.sub("", text.replace("\r\n", "\n").expandtabs(4))
    if not keeps_colours:
        return _marked(compiled(_CONTROLS).sub(_picture, _without_sequences(text)))
    parts, last = [], 0
    for match in _SGR.finditer(text):
        parts += [clean(text[last : match.start()]), match.group()]
        last = match.end()
    return "".join([*parts, clean(text[last:])])


def mark_hidden(text: str) -> str:
    """Return text without control characters with what hides or reorders it marked, and floods cut."""
    return text if text.isascii() else _marked(_SELECTORS.sub("", text))


def clean_line(text: str, *, keeps_colours: bool = False, longest: int = LONGEST_LINE) -> str:
    """Return cleaned text as one line of at most `longest` characters; a cut is marked by an ellipsis."""
    line = clean(text, keeps_colours=keeps_colours).replace("\n", " ").strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, as in `1 bead` and `2 beads`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of this module, compiled when it is first used."""
    return re.compile(pattern)


def _marked(text: str) -> str:
    return compiled(_FLOODS).sub(r"\1", compiled(_HIDDEN).sub(HIDDEN_MARK, text))


def _without_sequences(text: str) -> str:
    while True:
        shorter = _OTHER_ESCAPES.sub("", _CSI.sub("", _STRINGS.sub("", text)))
        if shorter == text:
            return text
        text = shorter


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"
