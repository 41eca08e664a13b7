"""The engine's stream, cut anywhere; and engines that do not answer."""

import asyncio
import itertools
from pathlib import Path

import pytest

from halftui.errors import Conflict, Misconfigured, NotFound, Unavailable
from halftui.sandbox.docker import probe, socket_of
from halftui.sandbox.wire import Frames, call


def frame(stream: int, payload: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4) + payload


PARTS = [(1, b"one\n"), (2, b"oops"), (1, b""), (1, b"\x01\x00\x00\x00\x00\x00\x00\x02"), (2, b"!")]
STREAM = b"".join(frame(*part) for part in PARTS)


def split(*chunks: bytes) -> dict[int, bytes]:
    frames, got = Frames(), {1: b"", 2: b""}
    for stream, piece in itertools.chain.from_iterable(map(frames.feed, chunks)):
        got[stream] += piece
    return got


WHOLE = {1: b"one\n\x01\x00\x00\x00\x00\x00\x00\x02", 2: b"oops!"}


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_a_stream_cut_at_any_byte_is_the_same(cut: int) -> None:
    assert split(STREAM[:cut], STREAM[cut:]) == WHOLE


@pytest.mark.parametrize("size", range(1, len(STREAM)))
def test_a_stream_in_chunks_of_any_size_is_the_same(size: int) -> None:
    assert split(*(STREAM[at : at + size] for at in range(0, len(STREAM), size))) == WHOLE


def test_a_piece_is_given_before_its_frame_is_whole() -> None:
    assert split(frame(1, b"x" * 100)[:50]) == {1: b"x" * 42, 2: b""}


@pytest.mark.parametrize("host", ["tcp://h:2375", "ssh://me@h", "http://h", "/run/docker.sock"])
def test_an_engine_elsewhere_is_refused_with_the_remedy(host: str) -> None:
    with pytest.raises(Misconfigured, match="DOCKER_HOST"):
        socket_of(host)
    with pytest.raises(Misconfigured):
        probe(host)


def test_where_the_engine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///x/y.sock")
    assert socket_of(None) == Path("/x/y.sock")
    monkeypatch.delenv("DOCKER_HOST")
    assert socket_of(None) == Path("/var/run/docker.sock")


async def ask(socket: Path) -> bytes:
    async with call(socket, "GET", "/x") as (reader, _):
        return await reader.read()


async def answer(socket: Path, reply: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()

    return await asyncio.start_unix_server(serve, socket)


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Misconfigured), (404, NotFound), (409, Conflict), (500, Unavailable)],
)
async def test_a_refusal_is_told_in_the_engine_s_words(
    tmp_path: Path, status: int, error: type[Exception]
) -> None:
    reply = f'HTTP/1.1 {status} Oh\r\nA: b\r\n\r\n{{"message": "no such luck"}}'.encode()
    async with await answer(tmp_path / "s", reply):
        with pytest.raises(error, match="no such luck"):
            await ask(tmp_path / "s")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_an_engine_that_hangs_up_is_unavailable(tmp_path: Path, reply: bytes) -> None:
    async with await answer(tmp_path / "s", reply):
        with pytest.raises(Unavailable, match="hung up"):
            await ask(tmp_path / "s")


async def test_no_engine_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="choose the local sandbox"):
        await ask(tmp_path / "none")
    assert await asyncio.to_thread(probe, f"unix://{tmp_path}/none") is None
