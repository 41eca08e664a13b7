"""What a broken or hostile agent of the Agent Client Protocol says costs the board little."""

import asyncio
import json
from typing import Any

import pytest
from acp import schema as wire

from halftui.domain.happenings import Answer, Happening, Heard, Said, Thought, Used
from halftui.runtime.acp import MOST_REQUESTS, Queue, _parsed, _Wire
from halftui.runtime.acp_client import LONGEST_PIECE, BoardClient
from halftui.runtime.base import Brief
from tests.runtime.doubles import FixedDesk, SaidProcess

BRIEF = Brief("a", "b", "Do it.", "You are Toast.", "s")
TELL = {"jsonrpc": "2.0", "method": "session/update", "params": {}}


def _lines(*messages: Any) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def _client() -> tuple[BoardClient, list[Happening]]:
    told: list[Happening] = []
    return BoardClient(BRIEF, FixedDesk(Answer()), told.append), told


async def _holds_back(wire_: _Wire) -> bool:
    """Return True if nothing more is read for now, though there is more."""
    reading = asyncio.ensure_future(wire_.receive())
    for _ in range(20):
        await asyncio.sleep(0)
    is_held = not reading.done()
    reading.cancel()
    return is_held


async def test_nothing_is_read_before_what_was_read_is_taken_in() -> None:
    queue: Queue = asyncio.Queue()
    talk = _Wire(SaidProcess([_lines(TELL), _lines(TELL)]), queue)
    first = asyncio.ensure_future(talk.receive())
    assert isinstance(await queue.get(), Heard)
    queue.task_done()
    assert await first == TELL
    assert await _holds_back(talk)


async def test_too_many_requests_wait_for_the_answers_to_those_before() -> None:
    queue: Queue = asyncio.Queue()
    asked = [{**TELL, "id": n} for n in range(MOST_REQUESTS + 1)]
    talk = _Wire(SaidProcess([_lines(*asked)]), queue)
    talk._lines.extend(_lines(*asked).splitlines())
    for request in asked[:-1]:
        assert await talk.receive() == request
    last = asyncio.ensure_future(talk.receive())
    await asyncio.sleep(0)
    assert not last.done()
    await talk.send({"jsonrpc": "2.0", "id": 0, "result": None})
    assert await last == asked[-1]


@pytest.mark.parametrize(
    "line",
    [
        b'{"id": [1], "result": {}}',
        b'{"id": 1, "error": "no"}',
        b'{"id": 1, "error": {"code": [], "message": "x"}}',
        b'{"method": ["x"]}',
        b'{"method": "x", "id": {}}',
        b"[]",
        b"[" * 100_000,
        b'{"method": "x", "params": [' + b"{}," * 1_000_001 + b"{}]}",
    ],
)
def test_what_the_library_can_not_take_is_passed_over(line: bytes) -> None:
    assert _parsed(line) is None


async def test_endless_words_come_in_pieces() -> None:
    client, told = _client()
    piece = wire.TextContentBlock(type="text", text="x" * 1_000)
    for _ in range(LONGEST_PIECE // 1_000 + 1):
        await client.session_update(
            "s", wire.AgentMessageChunk(session_update="agent_message_chunk", content=piece)
        )
        await client.session_update(
            "s", wire.AgentThoughtChunk(session_update="agent_thought_chunk", content=piece)
        )
    assert {type(one) for one in told} == {Said, Thought}
    assert client.finish().startswith("x"), "the last words stand"


async def test_of_endless_tool_calls_the_first_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.runtime.acp_client.MOST_CALLS", 3)
    client, told = _client()
    for name in ("a", "b", "c", "d", "b", "a"):
        call = wire.ToolCallStart(session_update="tool_call", tool_call_id=name, title=name)
        await client.session_update("s", call)
    assert [one.call for one in told if isinstance(one, Used)] == ["a", "b", "c", "d", "a"]
