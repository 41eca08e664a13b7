"""Cleans what a program in an agent's container draws on a person's terminal, as it comes.

Let through is what a shell, an editor or a pager needs: text, colours, cursor motion, erasing, the second
screen. All else is dropped: what writes the clipboard, the title or links, asks the terminal for answers,
which would be typed by nobody, or changes how it takes keys. Every sequence that gets out is whole and is on
a list here, so that no terminal can read another one into it.
"""

import codecs
import re

from halftui.domain.text import MARKS_AT_END, compiled, mark_hidden

_PLAIN = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]+|\r\n)+")
_CONTROLS = "\x07\x08\t\n\r"  # bell, back, tab, line feed, carriage return; shifts of the letters are not
_ESCAPES = frozenset("78DEM=>")  # save and put back the cursor, index, next line, reverse index, keypad
_LETTERS = frozenset(("(0", "(B"))  # the line drawing letters, and back
_STRINGS = frozenset("]PX^_")  # what begins OSC, DCS, SOS, PM, APC
_MOTIONS = frozenset("ABCDEFGHILMPSTX@Z`abdef")  # all take numbers only, and change cells or the cursor
_NUMBERS = re.compile(r"\d{0,4}(?:;\d{0,4})?", re.ASCII)  # more, and T means the mouse
_COLOURS = re.compile(r"[0-9;:]*")
_ERASES = {"J": ("", "0", "1", "2"), "K": ("", "0", "1", "2")}  # 3J would take the person's own scrollback
_MODES = {"4": "l"}  # insert; by its number what a terminal that is nobody's has
_PRIVATE = {
    "1": "l", "7": "h", "12": "l", "25": "h", "47": "l", "1000": "l", "1002": "l", "1003": "l", "1006": "l",
    "1047": "l", "1049": "l", "2004": "l",
}  # fmt: skip
_REST = {"\x1b=": "\x1b>", "\x1b(0": "\x1b(B"}  # what takes a sequence back
_LONGEST = 64  # characters of a sequence; what goes on is none
_MARGINS = "\x1b[r"  # moves the cursor, so it is kept aside meanwhile


class Sieve:
    """One terminal's way in: what is fed in pieces comes out clean, whatever the pieces.

    It keeps count of what the program switched on, so that `finish` can switch it off.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # a sequence that is not whole yet
        self._in_string = False
        self._marks = ""  # that the text ended with, so that a flood in pieces is one all the same
        self._left: dict[str, str] = {}  # what is switched on, and what switches it off

    def feed(self, data: bytes) -> bytes:
        """Return what of these bytes may be drawn now."""
        return self._sifted(self._decoder.decode(data))

    def finish(self) -> bytes:
        """Return what puts the terminal's modes and colours back; what was not whole is dropped."""
        self._decoder.reset()
        self._held, self._in_string = "", False
        undone = "".join(reversed(self._left.values()))
        self._left.clear()
        return f"{undone}\x1b[0m".encode()

    def _sifted(self, text: str) -> bytes:
        out: list[str] = []
        at = 0
        while at < len(text):
            if not self._held and not self._in_string and (run := _PLAIN.match(text, at)):
                out.append(self._shown(run.group()))
                at = run.end()
            else:
                out.append(self._take(text[at]))
                at += 1
        return "".join(out).encode()

    def _take(self, sign: str) -> str:
        """Return what one character that is no plain text lets out."""
        if "\x80" <= sign <= "\x9f":  # the same in one character: U+009B is ESC [
            begun = self._take("\x1b")
            return begun + self._take(chr(ord(sign) - 0x40))
        if sign == "\x1b":  # ends whatever was begun, as on every terminal
            self._held, self._in_string = sign, False
            return ""
        if self._in_string:
            self._in_string = sign not in "\x07\x18\x1a"
            return ""
        if not self._held:
            if sign == "\n":
                self._marks = ""  # they would be put above another row's
            return sign if sign in _CONTROLS else ""
        if not " " <= sign <= "~":  # a control within a sequence: it holds, the sequence does not
            self._held = ""
            return self._sifted(sign).decode()
        return self._lengthen(sign)

    def _lengthen(self, sign: str) -> str:
        self._held += sign
        held = self._held
        if len(held) == 2 and sign in _STRINGS:
            self._held, self._in_string = "", True
            return ""
        if sign < ("@" if held[1] == "[" else "0") or held == "\x1b[":
            self._held = held if len(held) < _LONGEST else held[:2] + "!"  # so long is nothing on the list
            return ""
        self._held = ""
        return self._sequence(held[2:-1], sign) if held[1] == "[" and len(held) > 2 else self._escape(held)

    def _escape(self, held: str) -> str:
        kind = held[1:]
        if kind not in _ESCAPES and kind not in _LETTERS:
            return ""
        if held in _REST:
            self._left[_REST[held]] = _REST[held]
        else:
            self._left.pop(held, None)
        return held

    def _sequence(self, numbers: str, final: str) -> str:
        """Return a CSI sequence if it is on the list."""
        if final in "hl":
            return self._switched(numbers, final)
        if final == "r" and _NUMBERS.fullmatch(numbers):
            self._left[_MARGINS] = f"\x1b7{_MARGINS}\x1b8"
            return f"\x1b[{numbers}r"
        is_listed = (
            (final == "m" and _COLOURS.fullmatch(numbers))
            or (final in _MOTIONS and _NUMBERS.fullmatch(numbers))
            or (final in "su" and not numbers)
            or numbers in _ERASES.get(final, ())
        )
        return f"\x1b[{numbers}{final}" if is_listed else ""

    def _switched(self, numbers: str, final: str) -> str:
        """Return the modes of a sequence that may be switched."""
        lead, known = ("?", _PRIVATE) if numbers[:1] == "?" else ("", _MODES)
        named = numbers.removeprefix("?")
        kept = [n for n in named.split(";") if n in known] if _COLOURS.fullmatch(named) else []
        for number in kept:
            if final == known[number]:
                self._left.pop(f"{lead}{number}", None)
            else:
                self._left[f"{lead}{number}"] = f"\x1b[{lead}{number}{known[number]}"
        return "".join(f"\x1b[{lead}{number}{final}" for number in kept)

    def _shown(self, text: str) -> str:
        """Return text with what hides or reorders it marked."""
        if text.isascii():
            self._marks = ""
            return text
        whole = mark_hidden(self._marks + text)
        shown = whole[len(self._marks) :]
        ending = compiled(MARKS_AT_END).search(whole)
        self._marks = ending.group() if ending else ""
        return shown
