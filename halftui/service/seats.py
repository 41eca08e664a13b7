"""This process's own terminal, lent to a shell: its keys come raw, and it is given back as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
import tty
from collections.abc import Iterator

from halftui.errors import Misconfigured

CHUNK = 4_096
FALLBACK = (80, 24)


class OwnSeat:
    """The terminal on this process's standard input and output."""

    def __init__(self, keys: int, screen: int) -> None:
        self._keys = keys
        self._screen = screen
        self._typed = asyncio.Event()
        self._turned = asyncio.Event()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        try:
            return os.get_terminal_size(self._screen)
        except OSError:  # it went away
            return FALLBACK

    async def read(self) -> bytes:
        """Return what is typed next, b"" once the terminal is gone."""
        loop = asyncio.get_running_loop()
        self._typed.clear()
        loop.add_reader(self._keys, self._typed.set)
        try:
            await self._typed.wait()
            return os.read(self._keys, CHUNK)
        except OSError:
            return b""
        finally:
            loop.remove_reader(self._keys)

    async def write(self, data: bytes) -> None:
        """Draw, in a thread, since a terminal may take its time."""
        await asyncio.to_thread(self._draw, data)

    async def resized(self) -> None:
        """Wait until it has another size."""
        await self._turned.wait()
        self._turned.clear()

    def turn(self) -> None:
        """Take note that it has another size."""
        self._turned.set()

    def _draw(self, data: bytes) -> None:
        rest = memoryview(data)
        with contextlib.suppress(OSError):  # the terminal went away
            while rest:
                rest = rest[os.write(self._screen, rest) :]


@contextlib.contextmanager
def own_seat() -> Iterator[OwnSeat]:
    """Give this process's terminal with raw keys, and put it back."""
    keys, screen = 0, 1  # whatever stands in for sys.stdin and sys.stdout while an app runs
    if not (os.isatty(keys) and os.isatty(screen)):
        raise Misconfigured("a shell needs a terminal", "over SSH: ssh -t")
    was = termios.tcgetattr(keys)
    seat = OwnSeat(keys, screen)
    loop = asyncio.get_running_loop()
    tty.setraw(keys)
    loop.add_signal_handler(signal.SIGWINCH, seat.turn)
    try:
        yield seat
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)
        with contextlib.suppress(termios.error):  # the terminal went away
            termios.tcsetattr(keys, termios.TCSAFLUSH, was)
