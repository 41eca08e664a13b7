"""A Textual driver on an SSH channel: bytes out, keys in, nothing of this process's own terminal."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TextIO, cast

import textual.app
from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.geometry import Size
from textual.message import Message

from halftui.ssh.line import Line
from halftui.tui.terminal import Careful

LONE_ESCAPE_SECONDS = constants.ESCAPE_DELAY + 0.01
LONGEST_PASTE = 4 * 2**20  # characters; one that does not end would be kept for ever
PASTE_END = "\x1b[201~"
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?1004h\x1b[>25u\x1b[?2026$p\x1b[?2004h\x1b[?7l"
LEAVE = "\x1b[?2004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
MOUSE_ON = "\x1b[?1000h\x1b[?1003h\x1b[?1006h"
MOUSE_OFF = "\x1b[?1006l\x1b[?1003l\x1b[?1000l"


class Guest(Protocol):
    """What the driver expects of its app besides being one."""

    line: Line
    tone: Callable[[str], str]
    begun: asyncio.Event  # set once keys are taken


class Parser(XTermParser):
    """The parser of keys; the base class's cache of one method would keep every app there ever was."""

    def _parse_extended_key(self, sequence: str) -> list[events.Key] | None:  # type: ignore[override]
        return XTermParser._parse_extended_key.__wrapped__(self, sequence)


class ChannelDriver(Careful):
    """Draws on the guest's terminal. Expects an app that is a Guest."""

    def __init__(
        self, app: textual.app.App[Any], *, debug: bool = False, mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._guest = cast(Guest, app)
        self._parts: list[str] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parser = Parser()
        self._unsaid = 0  # characters that were no message yet
        self._missed: str | None = None  # the last of a paste that is too long, until it ends
        self._is_on = False
        self._is_lent = False
        self.stirred = self._loop.time()  # when the guest last did something

    def write(self, data: str) -> None:
        """Keep what is to be sent; it goes at the next turn of the loop, if nobody flushes before."""
        if self._is_lent:
            return
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> None:
        """Send what was written."""
        text, self._parts = "".join(self._parts), []
        if text:
            self._guest.line.write(self._guest.tone(text).encode("utf-8", "replace"))

    def start_application_mode(self) -> None:
        """Take the guest's terminal."""
        self._is_on = True
        self.write(ENTER + (MOUSE_ON if self._mouse else ""))
        self.flush()
        width, height = self._size or (80, 24)
        self.resize(width, height)
        self._guest.begun.set()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        if self._is_on:
            self._is_on = False
            self.write((MOUSE_OFF if self._mouse else "") + LEAVE)
            self.flush()

    def _enable_mouse_support(self) -> None:
        self._mouse = True
        self.write(MOUSE_ON)

    def _disable_mouse_support(self) -> None:
        self._mouse = False
        self.write(MOUSE_OFF)

    def leave_off(self) -> None:
        """Let something else draw on the terminal and take its keys."""
        self.stop_application_mode()
        self._is_lent = True

    def go_on(self) -> None:
        """Take the terminal again; what the app shows has to be drawn anew."""
        self._is_lent, self._is_on = False, True
        self.write(ENTER + (MOUSE_ON if self._mouse else ""))

    def disable_input(self) -> None:
        """Take no more keys."""
        self._is_on = False

    def resize(self, width: int, height: int) -> None:
        """Tell the app that the guest's terminal has another size."""
        size = Size(width, height)
        self.send_message(events.Resize(size, size))

    def send_message(self, message: Message) -> None:
        """Hand a message to the app; both are on this loop."""
        self._app.post_message(message)

    def feed(self, data: bytes) -> None:
        """Take in what the guest typed."""
        text = self._heard(self._decoder.decode(data))
        if not text or not self._is_on:
            return
        self.stirred = self._loop.time()
        try:
            self._unsaid += len(text)
            for message in self._parser.feed(text):
                self._unsaid = 0
                self.process_message(message)
            if self._unsaid > LONGEST_PASTE:
                self._begin_anew()
                self._missed = ""
        except (ValueError, OverflowError):  # numbers that stand for no key: what follows starts anew
            self._begin_anew()
        self._loop.call_later(LONE_ESCAPE_SECONDS, self._tick)

    def _heard(self, text: str) -> str:
        """Return what is left without the rest of a paste that was too long: none of it may act as keys."""
        if self._missed is None:
            return text
        _, end, rest = (self._missed + text).partition(PASTE_END)
        self._missed = None if end else (self._missed + text)[-len(PASTE_END) :]
        return rest

    def _begin_anew(self) -> None:
        self._parser, self._unsaid = Parser(), 0

    def _tick(self) -> None:
        if self._is_on:
            for message in self._parser.tick():
                self.process_message(message)

    def open_url(self, url: str, new_tab: bool = True) -> None:
        """Open nothing: the browser here is not the guest's."""

    def deliver_binary(
        self, binary: BinaryIO | TextIO, *, delivery_key: str, save_path: Path,
        open_method: Literal["browser", "download"] = "download", encoding: str | None = None,
        mime_type: str | None = None, name: str | None = None,
    ) -> None:  # fmt: skip
        """Save nothing: the files here are not the guest's."""


def leave_output_alone() -> None:
    """Keep apps from catching the process's output: when several do, the last to end leaves it lost."""

    @contextlib.contextmanager
    def untouched(_target: object) -> Iterator[None]:
        yield

    for name in ("redirect_stdout", "redirect_stderr"):
        setattr(textual.app, name, untouched)
