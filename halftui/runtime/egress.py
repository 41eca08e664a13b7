"""Lets an agent's program reach the hosts that it is allowed, and no others: a web proxy on a socket.

A name is resolved once, all its addresses have to be public, and the connection goes to one of those that
were looked at: a name that means another address a moment later leads nowhere.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import SOCK_STREAM
from urllib.parse import urlsplit

from halftui.domain.egress import Hosts, canonical, is_public, may_reach
from halftui.runtime import relay
from halftui.runtime.proxy import Owner, give, prepare, remove_own

SOCKET = "egress.sock"
RELAY = "relay.py"  # beside the socket, where the sandbox shows it read-only
PORT = 3128  # of the sandbox's own loopback, which nobody else is on
MOST_LINKS = 64  # of one attempt
LONGEST_HEAD = 16_384
CHUNK = 65_536
HEAD_SECONDS = 20.0
RESOLVE_SECONDS = 10.0
CONNECT_SECONDS = 20.0
SILENCE_SECONDS = 3_600.0
PART_SECONDS = 60.0  # in which the other side has to take what is left for it
PENALTY_SECONDS = 0.2  # before a refusal is answered: who asks in a loop fills no log

_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_DROPPED = {  # of one connection, or that the proxy says itself
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection",
    "te", "trailer", "upgrade",
}  # fmt: skip

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Net:
    """How hosts are found, and connected to by one of their addresses; both raise OSError."""

    resolve: Callable[[str, int], Awaitable[Sequence[str]]]
    dial: Callable[[str, int], Awaitable[Streams]]


@dataclass(slots=True)
class Passage:
    """One connection of an agent: where to, what passed, and why it was refused if it was."""

    host: str = "?"
    port: int = 0
    sent: int = 0  # bytes, to the host
    received: int = 0
    refused: str = ""
    began: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        place = f"{self.host}:{self.port}"
        if self.refused:
            return f"network: {place} refused: {self.refused}"
        took = time.monotonic() - self.began
        return f"network: {place}, {self.sent:,} bytes sent, {self.received:,} received in {took:.1f} s"


Tell = Callable[[Passage], None]
Allowed = Callable[[], Awaitable[Hosts]]


class Refusal(Exception):
    """A connection is not made; the text says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a program asks of the proxy; `head` goes to the host first, then `body` bytes of the program's."""

    host: str
    port: int
    head: bytes = b""
    body: int = 0
    is_tunnel: bool = False


async def _resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def _dial(address: str, port: int) -> Streams:
    """Connect to an address. Raises OSError."""
    return await asyncio.open_connection(address, port)


INTERNET = Net(_resolve, _dial)


@asynccontextmanager
async def serve(
    folder: Path,
    allowed: Allowed,
    tell: Tell,
    *,
    holds: Callable[[], bool] = lambda: True,
    owner: Owner | None = None,
    net: Net = INTERNET,
) -> AsyncIterator["Way"]:
    """Listen on `folder`/egress.sock and yield the way; at its end all connections are cut and told of.

    `allowed` is asked for each connection; `holds` says whether this board still has the attempt.
    Raises Misconfigured if the folder can't be made.
    """
    path = await asyncio.to_thread(prepare, folder, SOCKET, owner)
    await asyncio.to_thread(put_relay, folder, owner)
    way = Way(allowed, tell, holds, net)
    server = await asyncio.start_unix_server(way.attend, path, limit=LONGEST_HEAD)
    mine = path.stat().st_ino
    try:
        await asyncio.to_thread(give, path, owner, 0o600)
        yield way
    finally:
        server.close()
        await way.cut()
        remove_own(path, mine)


def command(sockets: str, port: int = PORT, name: str = SOCKET) -> tuple[str, ...]:
    """Return what starts a program with a port that leads to a socket, `sockets` being where it sees that."""
    return ("python3", "-I", f"{sockets}/{RELAY}", str(port), f"{sockets}/{name}")


def environment() -> dict[str, str]:
    """Return what tells programs of the proxy."""
    address, itself = f"http://{relay.HERE}:{PORT}", "localhost,127.0.0.1,::1"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
    return dict.fromkeys(names, address) | {"NO_PROXY": itself, "no_proxy": itself}


def put_relay(folder: Path, owner: Owner | None) -> None:
    """Put the relay into a socket folder; the folder is made if it is not there. Blocks."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / RELAY
    place.unlink(missing_ok=True)
    place.write_text(Path(relay.__file__).read_text("utf-8"), "utf-8")
    give(place, owner, 0o400)


class Way:
    """The open way of one attempt."""

    def __init__(self, allowed: Allowed, tell: Tell, holds: Callable[[], bool], net: Net) -> None:
        self._allowed = allowed
        self._tell = tell
        self._holds = holds
        self._net = net
        self._links: set[asyncio.Task[None]] = set()

    async def cut(self) -> None:
        """End all connections; each is told of by then."""
        for link in (left := tuple(self._links)):
            link.cancel()
        await asyncio.gather(*left)

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the program."""
        task = asyncio.current_task()
        if task is None or len(self._links) >= MOST_LINKS:
            writer.transport.abort()
            return
        self._links.add(task)
        passage = Passage()
        try:
            await self._answer(reader, writer, passage)
        except asyncio.CancelledError:
            pass  # by `cut`, which waits for it
        finally:
            self._links.discard(task)
            writer.transport.abort()
            self._tell(passage)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage
    ) -> None:
        try:
            await self._pass(reader, writer, passage)
        except Refusal as error:
            passage.refused = str(error)
            await asyncio.sleep(PENALTY_SECONDS)
            writer.write(_refusal(passage.refused))
        await _part(writer)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passage: Passage
    ) -> None:
        wanted = await _read(reader)
        passage.host, passage.port = wanted.host, wanted.port
        theirs, ours = await self._connect(wanted)
        try:
            if wanted.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ours.write(wanted.head)
            passage.sent += len(wanted.head)
            body = None if wanted.is_tunnel else wanted.body
            async with asyncio.TaskGroup() as group:
                group.create_task(self._copy(reader, ours, passage, "sent", body))
                group.create_task(self._copy(theirs, writer, passage, "received"))
            await _part(ours)
        finally:
            ours.transport.abort()

    async def _connect(self, wanted: Wanted) -> Streams:
        if not self._holds():
            raise Refusal("this board does not hold the attempt any more")
        if not may_reach(await self._allowed(), wanted.host, wanted.port):
            raise Refusal("it is not on the list")
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                addresses = await self._net.resolve(wanted.host, wanted.port)
        except (OSError, UnicodeError) as error:
            raise Refusal("it has no address") from error
        if not addresses or not all(map(is_public, addresses)):
            raise Refusal("an address of it is not of the public internet")
        for address in dict.fromkeys(addresses):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._net.dial(address, wanted.port)
            except OSError:
                continue
        raise Refusal("it does not answer")

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, passage: Passage, count: str,
        most: int | None = None,
    ) -> None:  # fmt: skip
        """Pass bytes on, `most` of them, until one side ends or the attempt is another board's."""
        left = CHUNK if most is None else most
        try:
            while left and self._holds():
                async with asyncio.timeout(SILENCE_SECONDS):
                    chunk = await source.read(min(left, CHUNK))
                if not chunk:
                    break
                sink.write(chunk)
                await sink.drain()
                setattr(passage, count, getattr(passage, count) + len(chunk))
                left -= 0 if most is None else len(chunk)
            # A request is over when its last byte is there; some servers take more than that for a hang-up.
            if most is None and sink.can_write_eof():
                sink.write_eof()
        except OSError:  # a TimeoutError is one, too
            sink.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Wanted:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except (EOFError, OSError, asyncio.LimitOverrunError) as error:
        raise Refusal("that is no request to a proxy") from error
    return parse(head)


def parse(head: bytes) -> Wanted:
    """Read the head of a request to a proxy (RFC 9110, 9112). Raises Refusal for what is not plainly one."""
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    fields = [found.groups() for line in lines if (found := _HEADER.fullmatch(line))]
    if version not in ("HTTP/1.0", "HTTP/1.1") or len(fields) != len(lines) or not target.isprintable():
        raise Refusal("that is no request to a proxy")
    if method == "CONNECT":
        host, port = _place(target, None)
        return Wanted(host, port, is_tunnel=True)
    if not re.fullmatch(r"[A-Z]{1,20}", method) or not target.startswith("http://"):
        raise Refusal("the proxy takes CONNECT and http:// alone")
    return _plain(method, target, [(name.lower(), name, value) for name, value in fields])


def _plain(method: str, target: str, fields: list[tuple[str, str, str]]) -> Wanted:
    """Return a request as the host itself is asked, once: nothing may follow it on this connection."""
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise Refusal("that is no address") from error
    host, port = _place(parts.netloc, 80)
    sizes = {value.strip() for name, _, value in fields if name == "content-length"}
    size = sizes.pop() if len(sizes) == 1 else "0"
    if (
        sizes
        or any(name == "transfer-encoding" for name, _, _ in fields)
        or not re.fullmatch(r"[0-9]{1,15}", size)
    ):
        raise Refusal("a request has to say its length")
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    kept = [f"{name}: {value}" for low, name, value in fields if low not in _DROPPED]
    place = host if port == 80 else f"{host}:{port}"
    told = [f"Content-Length: {size}"] if int(size) else []
    lines = [f"{method} {path} HTTP/1.1", f"Host: {place}", "Connection: close", *told, *kept, "", ""]
    return Wanted(host, port, "\r\n".join(lines).encode("latin-1"), int(size))


def _place(text: str, usual: int | None) -> tuple[str, int]:
    """Return host and port. Raises Refusal for an address, a local name, or what is neither."""
    name, colon, number = text.partition(":")
    host = canonical(name)
    port = int(number) if re.fullmatch(r"[0-9]{1,5}", number) else 0 if colon else usual or 0
    if not host or not 1 <= port <= 65_535:
        raise Refusal(f"{text[:80]!r} is no host that can be reached")
    return host, port


def _refusal(why: str) -> bytes:
    body = f"{why}\n".encode()
    head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _part(writer: asyncio.StreamWriter) -> None:
    """Close a connection when all that was written to it is on its way."""
    writer.close()
    try:
        async with asyncio.timeout(PART_SECONDS):
            await writer.wait_closed()
    except OSError:
        pass  # the other side did not wait for the rest; a TimeoutError is one, too
