"""A real agent in a container reaches the hosts that its board allows, as far as its bead leaves them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from halftui.engine.gate import Credentials, opener
from halftui.ops import boards, transcripts, views
from halftui.runtime.egress import Net, Streams
from tests.helpers.boards import Scene, scene, script

pytestmark = pytest.mark.docker
FETCH = (
    "python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())' http://{}/"
    " >> seen 2>&1; git add -A; git commit -qm seen"
)


async def _resolve(host: str, port: int) -> Sequence[str]:
    return ["93.184.215.14"]


@asynccontextmanager
async def _net() -> AsyncIterator[Net]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfrom afar")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)

    async def dial(_: str, __: int) -> Streams:
        return await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])

    async with server:
        yield Net(_resolve, dial)


def _fetches(*hosts: str) -> str:
    turns = [{"tool": "Bash", "input": {"command": FETCH.format(h), "description": "x"}} for h in hosts]
    return script(*turns, {"text": "Done."})


def _notes(at: Scene, bead: str) -> list[str]:
    entries = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
    return [text for _, _, kind, text in entries if kind == "note" and text.startswith("network: ")]


async def test_it_reaches_what_is_listed_and_each_connection_is_told(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    async with (
        _net() as net,
        scene(tmp_path, "claude", "docker", permissions="auto", docker_host=docker_host) as at,
    ):
        house = at.house
        gate = opener(
            Credentials(house.store, house.vault, house.env), at.model.url, house.store, house.service.lines,
            net=net,
        )  # fmt: skip
        house.service.write(boards.edit, at.board.id, egress="good.example,other.example")
        listed = at.add("Look around", _fetches("good.example", "evil.example"), egress="good.example")
        none = at.add("Stay here", _fetches("good.example"), egress="none")
        assert (at.see(listed).egress, at.see(none).egress) == ("good.example", "")
        async with at.working(gate=gate):
            await at.until(lambda: {at.see(bead).card.state for bead in (listed, none)} == {"review"}, 90)
    seen = (tmp_path / f"home/beads/{listed}/work/seen").read_text()
    assert "from afar" in seen
    assert "403" in seen
    notes = _notes(at, listed)
    assert [note.partition(",")[0] for note in notes if "refused" not in note] == ["network: good.example:80"]
    assert "network: evil.example:80 refused: it is not on the list" in notes
    assert _notes(at, none) == []
    assert "from afar" not in (tmp_path / f"home/beads/{none}/work/seen").read_text()
    assert not list((tmp_path / "home/run").iterdir())


async def test_where_nobody_is_confined_it_is_said(tmp_path: Path) -> None:
    async with scene(tmp_path, "shell") as at:
        at.house.service.write(boards.edit, at.board.id, command="env > it", egress="good.example")
        bead = at.add("Look around")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        entries = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
        assert any("confines nobody" in text for _, _, _, text in entries)
        assert "3128" not in (tmp_path / f"home/beads/{bead}/work/it").read_text()
        assert at.house.service.read(views.board, at.board.id).egress == "good.example"


async def test_the_web_is_searched_where_that_is_listed_and_nowhere_else(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    search = {"tool": "WebSearch", "input": {"query": "cats"}}
    async with scene(tmp_path, "claude", "docker", permissions="auto", docker_host=docker_host) as at:
        at.house.service.write(boards.edit, at.board.id, egress="web-search")
        listed = at.add("Search", script(search, {"text": "Done."}))
        closed = at.add("Stay here", script(search, {"text": "Done."}), egress="none")
        async with at.working():
            await at.until(lambda: {at.see(bead).card.state for bead in (listed, closed)} == {"review"}, 90)
    said = {
        bead: str(at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries)
        for bead in (listed, closed)
    }
    assert "WebSearch" in said[listed]
    assert "web_search_20250305 is not open here" in said[closed]
    assert "not open here" not in said[listed]
