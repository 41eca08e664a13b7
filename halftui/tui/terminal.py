"""What a terminal can do: letters beyond ASCII, and a mouse that somebody else may want."""

from collections.abc import Callable
from copy import copy
from typing import IO, Any

from rich.segment import Segment
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App
from textual.color import Color
from textual.driver import Driver
from textual.filter import LineFilter
from textual.message import Message

# One cell each, so that nothing moves. What people wrote stays, apart from the marks among it.
_PLAIN = {
    "─▔▁╌": "-", "━": "=", "│┃╎▏▕": "|", "╭╮╰╯┏┓┗┛┌┐└┘├┤┬┴┼┣┫┳┻╋┡┩╀╇": "+", "▌▸▶▷→↳": ">", "◆●": "*",
    "○◌·•∙": ".", "◐": "@",
    "✓": "v", "✗✘×": "x", "‖": "=", "…": "~", "–—": "-", "█▇▆▅▓": "#", "▄▃▂▒": "=", "░": ".", "↑": "^",
    "↓": "v",
    "←◀": "<", "▾▼": "v", "▲": "^", "│▏": "|", "“”": '"', "‘’": "'", "\xa0": " ",
}  # fmt: skip
ASCII = str.maketrans({sign: plain for signs, plain in _PLAIN.items() for sign in signs})
_BRAILLE = {code: "*" for code in range(0x2801, 0x2900)} | {0x2800: " "}


class Ascii(LineFilter):
    """Draws marks and frames with letters that every terminal has."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with other marks."""
        return [s if s.text.isascii() else Segment(plain(s.text), s.style, s.control) for s in segments]


def plain(text: str) -> str:
    """Return a text with the marks in ASCII; other letters stay."""
    return text.translate(ASCII).translate(_BRAILLE)


class Outlet:
    """A file that a terminal stands behind; what is written after the terminal went away goes nowhere.

    Textual's thread that writes would end by the error, and whoever leaves the app would wait for ever for it
    to take what was not written.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._is_there = True

    def fileno(self) -> int:
        """Return the file's number."""
        return self._file.fileno()

    def write(self, text: str) -> None:
        """Write to the terminal, if it is there."""
        self._try(self._file.write, text)

    def flush(self) -> None:
        """Hand on what was written, if the terminal is there."""
        self._try(self._file.flush)

    def _try(self, act: Callable[..., object], *of: str) -> None:
        if self._is_there:
            try:
                act(*of)
            except OSError:
                self._is_there = False


class Careful(Driver):
    """A driver that outlives its terminal, and tells of a pointer without a button.

    It does so before it makes up for the release that was lost. The base class lets go at the last place
    where the pointer was seen pressed, so that what is dragged would fall there; told before, whoever carries
    something puts it back.
    """

    def __init__(self, app: App[Any], **how: Any) -> None:
        super().__init__(app, **how)
        self._frame: list[str] = []  # the parts of one that is being written
        if (file := getattr(self, "_file", None)) is not None:  # those without a terminal have none
            self._file = Outlet(file)

    def process_message(self, message: Message) -> None:
        """Hand a message to the app."""
        if isinstance(message, events.MouseMove) and not message.button and self._down_buttons:
            self.send_message(copy(message))
        super().process_message(message)

    def write(self, data: str) -> None:
        """Write to the terminal; a whole frame goes out at once, so that nobody wakes up for its parts."""
        if data == SYNC_START or self._frame:
            self._frame.append(data)
            if data != SYNC_END:
                return
            data = "".join(self._frame)
            self._frame.clear()
        super().write(data)  # type: ignore[safe-super]  # it stands before a driver that writes


def be_careful(app: App[None]) -> None:
    """Let an app that does not run yet take care of lost releases."""
    app.driver_class = type("CarefulDriver", (Careful, app.driver_class), {})


def let_mouse(app: App[None], *, is_ours: bool) -> None:
    """Let the terminal report its mouse to us, or keep it."""
    name = "_enable_mouse_support" if is_ours else "_disable_mouse_support"
    if (
        turn := getattr(app._driver, name, None)
    ) is not None:  # no public way; drivers without a mouse have none
        turn()


def is_here(app: App[None]) -> bool:
    """Return whether the person sits at this machine; over SSH, things would open on the one that serves."""
    return app._driver is not None and app._driver.can_suspend  # no public way asks before it is tried


def draw_plain(app: App[Any]) -> None:
    """Draw all that an app shows with letters that every terminal has."""
    app._filters.append(Ascii())  # no public way adds one; `get_line_filters` reads them from here


def draw_in_few(app: App[Any]) -> None:
    """Draw all that an app shows in the colours that its terminal has, if they are few."""
    if (depth := app.console.color_system) in ("256", "standard"):
        from halftui.tui.fewer import SYSTEMS, Fewer

        app._filters.append(Fewer(SYSTEMS[depth]))  # as above
