"""The way of agents' programs to the hosts that are allowed, against servers on this machine."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halftui.domain.egress import Hosts
from halftui.domain.egress import parse as hosts
from halftui.runtime import egress
from halftui.runtime.egress import Net, Passage, Refusal, Streams, parse

PUBLIC, OTHER, OWN = "93.184.215.14", "1.1.1.1", "169.254.169.254"


@dataclass
class Outside:
    """The internet as these tests have it: what names mean, and a server behind every address."""

    names: dict[str, list[list[str]]] = field(default_factory=dict)  # the answers in turn, the last one stays
    port: int = 0
    dialled: list[tuple[str, int]] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    answer: bytes = b"hello"

    async def resolve(self, host: str, port: int) -> list[str]:
        answers = self.names.get(host)
        if not answers:
            raise OSError("no such host")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def dial(self, address: str, port: int) -> Streams:
        self.dialled.append((address, port))
        if address == OTHER:
            raise ConnectionRefusedError
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            self.heard.append(await reader.read(100_000))
            writer.write(self.answer)
            await writer.drain()
            writer.close()


@dataclass
class Scene:
    """A proxy that listens."""

    outside: Outside
    folder: Path
    told: list[Passage]
    allowed: str

    async def say(self, text: str | bytes) -> bytes:
        """Say something to the proxy, and return all that it answers."""
        reader, writer = await asyncio.open_unix_connection(self.folder / egress.SOCKET)
        writer.write(text.encode() if isinstance(text, str) else text)
        answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def scene(
    folder: Path, allowed: str = "a.example,b.example:8443", holds: Callable[[], bool] = lambda: True
) -> AsyncIterator[Scene]:
    outside = Outside({"a.example": [[PUBLIC]], "b.example": [[OTHER, PUBLIC]]})
    at = Scene(outside, folder / "s", [], allowed)

    async def asked() -> Hosts:
        return hosts(at.allowed)

    server = await asyncio.start_server(outside.serve, "127.0.0.1", 0)
    outside.port = server.sockets[0].getsockname()[1]
    net = Net(outside.resolve, outside.dial)
    async with server, egress.serve(at.folder, asked, at.told.append, holds=holds, net=net):
        yield at


@pytest.fixture(autouse=True)
def _no_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "PENALTY_SECONDS", 0.0)


async def test_a_tunnel_to_an_allowed_host(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        said = await at.say("CONNECT A.example.:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\nsecret handshake")
    assert said == b"HTTP/1.1 200 Connection established\r\n\r\nhello"
    assert at.outside.heard == [b"secret handshake"]
    assert at.outside.dialled == [(PUBLIC, 443)]
    (told,) = at.told
    assert (told.host, told.port, told.sent, told.received, told.refused) == ("a.example", 443, 16, 5, "")
    assert "a.example:443, 16 bytes sent, 5 received" in str(told)


async def test_the_next_address_is_tried(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        assert (await at.say("CONNECT b.example:8443 HTTP/1.1\r\n\r\nx")).endswith(b"hello")
    assert at.outside.dialled == [(OTHER, 8443), (PUBLIC, 8443)]


async def test_a_plain_request_is_made_once_and_in_the_hosts_own_name(tmp_path: Path) -> None:
    head = (
        "POST http://a.example/x?y=1#z HTTP/1.1\r\nHost: evil.example\r\nProxy-Authorization: Basic x\r\n"
        "Connection: keep-alive\r\nContent-Length: 4\r\nAccept: */*\r\n\r\nbody"
    )
    async with scene(tmp_path) as at:
        assert await at.say(head + "GET http://evil.example/ HTTP/1.1\r\n\r\n") == b"hello"
    assert b"".join(at.outside.heard).startswith(
        b"POST /x?y=1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n"
    )
    assert b"evil" not in b"".join(at.outside.heard)
    assert b"Basic" not in b"".join(at.outside.heard)


REFUSED = {
    "not on the list": "CONNECT evil.example:443 HTTP/1.1",
    "a name below": "CONNECT x.a.example:443 HTTP/1.1",
    "another port": "CONNECT a.example:22 HTTP/1.1",
    "a port of another": "CONNECT b.example:443 HTTP/1.1",
    "an address": f"CONNECT {PUBLIC}:443 HTTP/1.1",
    "the loopback": "CONNECT 127.0.0.1:22 HTTP/1.1",
    "the loopback by name": "CONNECT localhost:22 HTTP/1.1",
    "the loopback of IPv6": "CONNECT [::1]:443 HTTP/1.1",
    "an address as a number": "CONNECT 2130706433:80 HTTP/1.1",
    "no port": "CONNECT a.example HTTP/1.1",
    "a port too high": "CONNECT a.example:66000 HTTP/1.1",
    "a name in front": "CONNECT ann@a.example:443 HTTP/1.1",
    "a name behind": "GET http://a.example@evil.example/ HTTP/1.1",
    "another slash": "GET http://evil.example\\@a.example/ HTTP/1.1",
    "another scheme": "GET https://a.example/ HTTP/1.1",
    "files by name": "GET file:///etc/passwd HTTP/1.1",
    "the proxy itself": "GET / HTTP/1.1\r\nHost: a.example",
    "a folded header": "GET http://a.example/ HTTP/1.1\r\nA: b\r\n c: d",
    "a bare line feed": "GET http://a.example/ HTTP/1.1\r\nA: b\nHost: evil.example",
    "two lengths": "POST http://a.example/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 9",
    "no length": "POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked",
    "a wrong length": "POST http://a.example/ HTTP/1.1\r\nContent-Length: +1",
    "another protocol": "GET http://a.example/ HTTP/2",
    "nothing": "",
    "noise": "\x00\xff" * 40,
    "what is too long": "GET http://a.example/ HTTP/1.1\r\nA: " + "b" * egress.LONGEST_HEAD,
}


async def test_what_is_refused_reaches_nobody_and_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        for why, head in REFUSED.items():
            said = await at.say(f"{head}\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 403 Forbidden\r\n"), why
    assert at.outside.dialled == []
    assert [bool(passage.refused) for passage in at.told] == [True] * len(REFUSED)
    assert "network: evil.example:443 refused: it is not on the list" in map(str, at.told)


@pytest.mark.parametrize("answers", [[[OWN]], [[PUBLIC, OWN]], [["::ffff:127.0.0.1"]], [[]]])
async def test_a_name_for_an_address_of_ones_own_is_refused(tmp_path: Path, answers: list[list[str]]) -> None:
    async with scene(tmp_path) as at:
        at.outside.names["a.example"] = answers
        said = await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\n")
    assert b"not of the public internet" in said
    assert at.outside.dialled == []


async def test_a_name_that_changes_its_mind_leads_nowhere_else(tmp_path: Path) -> None:
    """What was looked at is what is connected to; the next time the name is looked at anew."""
    async with scene(tmp_path) as at:
        at.outside.names["a.example"] = [[PUBLIC], [OWN]]
        assert b"200" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")
        assert b"403" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")
    assert at.outside.dialled == [(PUBLIC, 443)]


async def test_the_list_is_asked_each_time_and_the_epoch_too(tmp_path: Path) -> None:
    is_held = True
    async with scene(tmp_path, holds=lambda: is_held) as at:
        at.allowed = "b.example"
        assert b"not on the list" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")
        at.allowed, is_held = "a.example", False
        assert b"does not hold" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")
        at.outside.names["a.example"] = []
        is_held = True
        assert b"no address" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")
        at.outside.names["a.example"] = [[OTHER]]
        assert b"does not answer" in await at.say("CONNECT a.example:443 HTTP/1.1\r\n\r\nx")


async def test_much_comes_whole(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.outside.answer = bytes(range(256)) * 40_000
        said = await at.say("GET http://a.example/ HTTP/1.1\r\n\r\n")
    assert said == at.outside.answer
    assert at.told[0].received == len(said)


async def test_at_its_end_all_connections_are_cut_and_told_of(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        at.outside.answer = b""
        reader, writer = await asyncio.open_unix_connection(at.folder / egress.SOCKET)
        writer.write(b"CONNECT a.example:443 HTTP/1.1\r\n\r\n")
        assert b"200" in await reader.readuntil(b"\r\n\r\n")
        assert at.told == []
        assert stat.S_IMODE((at.folder / egress.SOCKET).stat().st_mode) == 0o600
        assert stat.S_IMODE((at.folder / egress.RELAY).stat().st_mode) == 0o400
    assert [str(passage).partition(",")[0] for passage in at.told] == ["network: a.example:443"]
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    assert not (at.folder / egress.SOCKET).exists()


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([
    "CONNECT ", "GET ", "http://", "a.example", ":443", "/", "?", "#", "@", "\\", " HTTP/1.1", "\r\n", "\n",
    "\t", "Host: ", "evil.example", "Content-Length: 3", "Transfer-Encoding: chunked", "\x00", "é", " ",
]), max_size=14))  # fmt: skip
def test_any_head_leads_to_one_host_or_nowhere(parts: list[str]) -> None:
    try:
        wanted = parse("".join(parts).encode("latin-1") + b"\r\n\r\n")
    except Refusal:
        return
    assert wanted.host in ("a.example", "evil.example") or wanted.host.endswith(".example")
    if not wanted.is_tunnel:
        head = wanted.head.decode("latin-1")
        assert head.count("\r\n\r\n") == 1
        assert head.endswith("\r\n\r\n")
        names = [line for line in head.split("\r\n") if line.lower().startswith("host:")]
        assert names == [f"Host: {wanted.host}" + ("" if wanted.port == 80 else f":{wanted.port}")]
        assert "\n" not in head.replace("\r\n", "")
