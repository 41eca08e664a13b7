"""A guest's terminal as the seat of a shell in an agent's container."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured
from halftui.ssh.hosting import Wish

if TYPE_CHECKING:
    from halftui.ssh.driver import ChannelDriver
    from halftui.ssh.guest import GuestApp
    from halftui.ssh.session import Session

CHUNK = 4_096
MOST_HELD = 8  # pieces of what is typed, before the guest has to wait
FALLBACK = (80, 24)


class ChannelSeat:
    """The terminal at the other end of a channel."""

    def __init__(self, session: Session, keys: Callable[[], Awaitable[bytes]]) -> None:
        self._session = session
        self._keys = keys

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        terminal = self._session.terminal
        return (terminal.width, terminal.height) if terminal is not None else FALLBACK

    async def read(self) -> bytes:
        """Return what is typed next, b"" once the guest is gone."""
        return await self._keys() if self._session.line.is_open else b""

    async def write(self, data: bytes) -> None:
        """Draw, and wait until there is room for more."""
        with contextlib.suppress(BrokenPipeError):
            await self._session.line.send(data)

    async def resized(self) -> None:
        """Wait until it has another size."""
        await self._session.turned.wait()
        self._session.turned.clear()


async def show(session: Session, wish: Wish) -> int:
    """Show the shell that a guest's command asked for; return its exit code."""
    if session.terminal is None:
        raise Misconfigured("a shell needs a terminal", "ssh -t")
    hosting = session.server.hosting
    seat = ChannelSeat(session, partial(session.reader.read, CHUNK))
    shells = hosting.shells(hosting.service_of(session.member.actor))
    end = await shells.visit(wish.bead, wish.command, lambda: contextlib.nullcontext(seat))
    session.line.write(f"{wish.bead}: {clean_line(end.how)}\r\n".encode(), is_error=True)
    return end.code


class Keys:
    """What a guest types while a shell is shown over the board."""

    def __init__(self) -> None:
        self._held: asyncio.Queue[bytes] = asyncio.Queue(MOST_HELD)
        self._is_open = True

    async def put(self, data: bytes) -> None:
        """Take what was typed, once there is room."""
        if self._is_open:
            await self._held.put(data)

    async def get(self) -> bytes:
        """Return what was typed next."""
        return await self._held.get()

    def close(self) -> None:
        """Drop what nobody has read, so that whoever waits for room goes on."""
        self._is_open = False
        while not self._held.empty():
            self._held.get_nowait()


@contextlib.contextmanager
def lent(app: GuestApp, driver: ChannelDriver, session: Session) -> Iterator[ChannelSeat]:
    """Lend the terminal under a guest's board to a shell."""
    app.keys = keys = Keys()
    driver.leave_off()
    try:
        yield ChannelSeat(session, keys.get)
    finally:
        app.keys = None
        keys.close()
        driver.go_on()
