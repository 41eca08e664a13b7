"""Speaks with a Docker engine's Unix socket where bytes stream for long, without a thread."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from halftui.errors import Conflict, HalfTUIError, Misconfigured, NotFound, Unavailable

HEADER = 8
CHUNK = 64 * 1024
CONNECT_PATIENCE = 5.0  # seconds
STDOUT = 1  # the number of that stream in a frame
RECORD = 80  # bytes of a frame in the engine's log, beside its text
# How the engine's log spells a text: these bytes in two, other controls, <, >, & and some of Unicode in six.
_TWO = b'"\\\n\r'
_ONE = bytes({*range(32, 256)} - {*_TWO, *b"<>&\xe2\xef"})
REMEDY = "start Docker, or choose the local sandbox"


@dataclass(slots=True)
class Frames:
    """Takes apart the engine's multiplexed stream, however it was cut into chunks.

    A frame is `[stream, 0, 0, 0, length as 4 bytes, big end first]` and its payload (Engine API,
    "Attach to a container").
    """

    count: int = 0  # of frames that began
    _head: bytearray = field(default_factory=bytearray)
    _stream: int = 0
    _left: int = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (stream, bytes) as far as the chunk goes; a payload may come in pieces."""
        at = 0
        while at < len(chunk):
            if self._left:
                piece = chunk[at : at + self._left]
                self._left -= len(piece)
                yield self._stream, piece
            else:
                piece = chunk[at : at + HEADER - len(self._head)]
                self._take(piece)
            at += len(piece)

    def _take(self, piece: bytes) -> None:
        self._head += piece
        if len(self._head) == HEADER:
            self._stream, self._left = self._head[0], int.from_bytes(self._head[4:])
            self._head.clear()
            self.count += 1


def size_in_log(text: bytes) -> int:
    """Return how many bytes a text takes in the engine's log (json-file) at the most."""
    special = text.translate(None, _ONE)
    return len(text) + 5 * len(special) - 4 * sum(special.count(byte) for byte in _TWO)


@contextlib.asynccontextmanager
async def call(
    socket: Path, method: str, target: str, *, upgrade: bool = False, body: object = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Send a request, with `body` as JSON if there is one; give the streams where the answer's body starts.

    Raises what `refusal` says of a status from 400 on, and Unavailable if the engine is gone.
    """
    try:
        async with asyncio.timeout(CONNECT_PATIENCE):
            reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError as error:  # a TimeoutError is one too
        raise Unavailable(f"no Docker engine answers at {socket}", REMEDY) from error
    try:
        writer.write(_request(method, target, body, upgrade=upgrade))
        status = await _status(reader)
        if status >= 400:
            raise refusal(status, _message(await reader.read()))
        yield reader, writer
    except (OSError, EOFError) as error:
        raise Unavailable(f"the Docker engine at {socket} hung up", REMEDY) from error
    finally:
        writer.transport.abort()  # closing would wait for what a stuck engine never takes
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def refusal(status: int, message: str) -> HalfTUIError:
    """Return the error that an engine's HTTP status stands for."""
    kinds = {400: Misconfigured, 404: NotFound, 409: Conflict}
    return kinds.get(status, Unavailable)(f"Docker says: {message.strip()}")


def _request(method: str, target: str, body: object, *, upgrade: bool) -> bytes:
    # HTTP/1.0 spares the chunked coding: the body ends with the connection.
    version, extra = ("1.1", "Connection: Upgrade\r\nUpgrade: tcp\r\n") if upgrade else ("1.0", "")
    sent = b"" if body is None else json.dumps(body).encode()
    kind = "Content-Type: application/json\r\n" if sent else ""
    length = f"Content-Length: {len(sent)}\r\n"
    head = f"{method} {target} HTTP/{version}\r\nHost: docker\r\n{length}{kind}{extra}\r\n"
    return head.encode() + sent


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1])


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError):
        return body.decode(errors="replace")
