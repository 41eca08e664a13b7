"""One guest's channel: what is written to it, how much of that is still on its way, and the cut-off."""

from __future__ import annotations

import asyncio
import contextlib
import io
from typing import TYPE_CHECKING

from halftui.ssh.limits import Limits

if TYPE_CHECKING:
    import asyncssh

PRINTED_AT_ONCE = 32_768  # bytes
STDERR = 1  # SSH_EXTENDED_DATA_STDERR, RFC 4254
WAIT_SECONDS = 0.02  # between looks at a guest who reads slowly


class Line:
    """A channel with a bounded backlog. Its methods belong to the event loop."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], limits: Limits) -> None:
        self._channel = channel
        self._connection = channel.get_connection()
        self._limits = limits
        self.loop = asyncio.get_running_loop()
        self.is_open = True
        self.sent = 0  # bytes
        self._slow_since: float | None = None

    @property
    def backlog(self) -> int:
        """The bytes that are written and not yet with the system's network."""
        # The channel's own count misses what waits in the transport, for which nothing public asks.
        transport = getattr(self._connection, "_transport", None)
        waiting = transport.get_write_buffer_size() if transport is not None else 0
        return int(self._channel.get_write_buffer_size()) + int(waiting)

    @property
    def is_slow(self) -> bool:
        """Whether so much is on its way that frames are left out. Cuts off who reads nothing for long."""
        if self.backlog <= self._limits.backlog:
            self._slow_since = None
            return False
        now = self.loop.time()
        self._slow_since = self._slow_since or now
        if now - self._slow_since > self._limits.congested:
            self.cut()
        return True

    @property
    def is_drained(self) -> bool:
        """Whether drawing may go on."""
        return self.backlog <= self._limits.drained

    def write(self, data: bytes, *, is_error: bool = False) -> None:
        """Send bytes; what a guest does not read any more is let go."""
        if not self.is_open:
            return
        try:
            self._channel.write(data, STDERR if is_error else None)
        except OSError:
            self.is_open = False
        self.sent += len(data)

    async def send(self, data: bytes, *, is_error: bool = False) -> None:
        """Send bytes and wait until there is room for more. Raises BrokenPipeError if nobody reads."""
        self.write(data, is_error=is_error)
        while self.is_open and self.is_slow:  # noqa: ASYNC110 - nobody is told when a transport has drained
            await asyncio.sleep(WAIT_SECONDS)
        if not self.is_open:
            raise BrokenPipeError

    def cut(self) -> None:
        """End the whole connection at once, with all that waits to be sent."""
        self.is_open = False
        self._connection.abort()


class Out(io.RawIOBase):
    """A line as a file that threads write to."""

    def __init__(self, line: Line, *, is_error: bool, is_terminal: bool) -> None:
        self._line = line
        self._is_error = is_error
        self._is_terminal = is_terminal
        self.is_done = False  # what still comes is dropped

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether the guest has a terminal."""
        return self._is_terminal

    def write(self, data: object) -> int:
        """Send bytes and wait for room. Raises BrokenPipeError if nobody reads."""
        if not self._line.is_open and not self.is_done:
            raise BrokenPipeError
        sent = bytes(data)  # type: ignore[call-overload]  # any buffer, as the base class has it
        if self.is_done:
            return len(sent)
        work = self._line.send(sent, is_error=self._is_error)
        asyncio.run_coroutine_threadsafe(work, self._line.loop).result()
        return len(sent)


class Text(io.TextIOWrapper):
    """A line as a text file that threads print to."""

    def __init__(self, line: Line, *, is_error: bool, is_terminal: bool) -> None:
        out = Out(line, is_error=is_error, is_terminal=is_terminal)
        ends = "\r\n" if is_terminal else "\n"
        super().__init__(io.BufferedWriter(out, PRINTED_AT_ONCE), encoding="utf-8", newline=ends)
        self._line, self._out = line, out

    def flush(self) -> None:
        """Send what was printed. Raises BrokenPipeError if nobody reads, even if nothing was printed."""
        super().flush()
        if not self._line.is_open and not self._out.is_done:
            raise BrokenPipeError

    def finish(self) -> None:
        """Send what is left; what can't be sent is dropped, without complaint when this is collected."""
        with contextlib.suppress(BrokenPipeError):
            self.flush()
        self._out.is_done = True
        self.close()


class In(io.RawIOBase):
    """What a guest sends, as a file that threads read from."""

    def __init__(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        self._reader = reader
        self._loop = loop

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: object) -> int:
        """Wait for bytes and return how many came, 0 at the end."""
        room = memoryview(buffer)  # type: ignore[arg-type]  # any buffer, as the base class has it
        found = asyncio.run_coroutine_threadsafe(self._reader.read(len(room)), self._loop).result()
        room[: len(found)] = found
        return len(found)
