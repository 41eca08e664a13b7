"""The board's tools over MCP: a real client through the real bridge, and clients that mean harm."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from halftui.domain.board_tools import TOOLS
from halftui.domain.happenings import Answer
from halftui.errors import Refused
from halftui.runtime import board_server, bridge
from tests.runtime.doubles import FixedDesk

LIST = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}\n'


@asynccontextmanager
async def _link(path: Path) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_unix_connection(path, limit=2**22)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _answer(path: Path, line: bytes) -> Any:
    async with _link(path) as (reader, writer):
        writer.write(line)
        return json.loads(await reader.readline() or b"null")


async def test_a_real_client_lists_and_uses_them(tmp_path: Path) -> None:
    desk = FixedDesk(Answer("the red one"))
    async with board_server.serve(tmp_path, desk) as path:
        assert path.stat().st_mode & 0o777 == 0o600
        command = StdioServerParameters(command=sys.executable, args=["-I", bridge.__file__, str(path)])
        async with Client(stdio_client(command)) as client:
            told = (await client.list_tools()).tools
            assert [tool.name for tool in told] == ["ask", *(tool.name for tool in TOOLS)]
            noted = await client.call_tool("note_progress", {"text": "half"})
            asked = await client.call_tool("ask", {"question": "Which?", "options": ["red", "blue"]})
    assert (noted.is_error, desk.used) == (False, [("note_progress", {"text": "half"})])
    assert [getattr(block, "text", "") for block in asked.content] == ["the red one"]
    assert [option.label for option in desk.asked[0].options] == ["red", "blue"]
    assert not path.exists()


@pytest.mark.parametrize(
    "given",
    [{}, {"question": ""}, {"question": 7}, {"question": "x", "options": [1]}, {"question": ["x"]}, 3],
)
async def test_a_question_without_words_is_none(tmp_path: Path, given: Any) -> None:
    desk = FixedDesk(Answer("never"))
    async with board_server.serve(tmp_path, desk) as path:
        call = {"id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": given}}
        answer = await _answer(path, json.dumps(call).encode() + b"\n")
    assert answer["result"]["isError"]
    assert not desk.asked


@pytest.mark.parametrize(
    "line",
    [b"[]\n", b"7\n", b"{}\n", b"no json\n", b"[" * 100_000 + b"\n", b"x" * 2**21 + b"\n", b"\xff\n",
     b'{"id": 1, "method": "resources/list"}\n', b'{"id": 1, "method": "tools/call", "params": []}\n'],
)  # fmt: skip
async def test_what_is_no_request_uses_nothing_and_harms_no_other_link(tmp_path: Path, line: bytes) -> None:
    desk = FixedDesk(Answer("never"))
    async with board_server.serve(tmp_path, desk) as path, _link(path) as (reader, writer):
        try:
            answer = await _answer(path, line)
        except ConnectionError:
            answer = None
        assert answer is None or "error" in answer or answer["result"]["isError"]
        writer.write(LIST)
        assert len(json.loads(await reader.readline())["result"]["tools"]) == len(TOOLS) + 1
    assert not desk.used
    assert not desk.asked


class _Waiting(FixedDesk):
    async def ask(self, question: Any) -> Answer:
        self.asked.append(question)
        never: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        return await never


async def test_an_open_question_stops_neither_other_calls_nor_the_end(tmp_path: Path) -> None:
    desk = _Waiting(Answer())
    call = {"id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "Which?"}}}
    async with board_server.serve(tmp_path, desk) as path, _link(path) as (reader, writer):
        writer.write(json.dumps(call).encode() + b"\n" + LIST)
        assert "tools" in json.loads(await reader.readline())["result"]
    assert len(desk.asked) == 1


class _Refusing(FixedDesk):
    async def ask(self, question: Any) -> Answer:
        raise Refused("too many questions", "wait")


async def test_a_question_that_is_refused_is_answered_so(tmp_path: Path) -> None:
    call = {"id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": {"question": "Which?"}}}
    async with board_server.serve(tmp_path, _Refusing(Answer())) as path:
        answer = await _answer(path, json.dumps(call).encode() + b"\n")
    assert answer["result"]["isError"]
    assert "too many questions" in answer["result"]["content"][0]["text"]


async def test_more_links_than_an_agent_needs_are_refused(tmp_path: Path) -> None:
    async with board_server.serve(tmp_path, FixedDesk(Answer())) as path:
        links = [await asyncio.open_unix_connection(path) for _ in range(board_server.MOST_LINKS + 1)]
        answers = []
        for reader, writer in links:
            writer.write(LIST)
            answers.append(await reader.readline())
            writer.transport.abort()
    assert [bool(answer) for answer in answers] == [True] * board_server.MOST_LINKS + [False]
