"""The line protocol of the CLI, whatever the bytes are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain.happenings import Answer, Ended, Happening, Heard, Outcome, Printed
from halftui.errors import Unavailable
from halftui.runtime.base import Brief
from halftui.runtime.claude import ClaudeRuntime
from halftui.runtime.claude_stream import GARBAGE, Stream, parse
from halftui.runtime.lines import Framer
from tests.runtime.doubles import FixedDesk, SaidProcess

MESSAGES: list[dict[str, Any]] = [
    {"type": "system", "subtype": "init", "session_id": "s", "cwd": "/work", "x": "ü🙂\u2028"},
    {"type": "assistant", "message": {"id": "m", "model": "x", "content": []}},
    {"type": "keep_alive"},
]
WIRE = b"".join(json.dumps(message, ensure_ascii=False).encode() + b"\r\n\n" for message in MESSAGES)
BRIEF = Brief("a", "b", "Do it.", "You are Toast.", "s")


async def read(chunks: list[bytes]) -> list[dict[str, Any]]:
    stream = Stream(SaidProcess(chunks))
    await stream.say_goodbye()  # so that the end of the output is no error
    return [message async for message in stream.read_messages()]


async def test_a_cut_at_every_byte_changes_nothing() -> None:
    for cut in range(len(WIRE) + 1):
        assert await read([WIRE[:cut], WIRE[cut:]]) == MESSAGES
    assert await read([WIRE[i : i + 1] for i in range(len(WIRE))]) == MESSAGES
    assert await read([WIRE.rstrip()]) == MESSAGES


@pytest.mark.parametrize(
    "line",
    [
        b"[SandboxDebug] hello",
        b'{"type": "assistant", ',
        b'{"type": "user"}{"type": "user"}',
        b"\xff\xfe\x00garbage",
        b"[1, 2]",
        b"null",
        b"{}",
        b'{"type": 3}',
        b"[" * 100_000,
        b'{"type": "x", "n": ' + b"9" * 5000 + b"}",
        b'{"type": "control_request"}',
        b'{"type": "control_request", "request_id": "r", "request": "no"}',
        b'{"type": "control_request", "request_id": 1, "request": {"subtype": "x"}}',
        b'{"type": "control_response", "response": "no"}',
        b'{"type": "control_response"}',
        b'{"type": "control_cancel_request", "request_id": ["x"]}',
        b'{"type": "transcript_mirror"}',
        b'{"type": "user", "x": [' + b"{}," * 1_000_001 + b"{}]}",
    ],
    ids=lambda line: repr(line[:40]),
)
def test_an_unreadable_line_becomes_garbage(line: bytes) -> None:
    message = parse(line)
    assert message is not None
    assert message["subtype"] == GARBAGE
    assert len(message["text"]) <= 500


def test_half_a_surrogate_pair_can_be_stored() -> None:
    message = parse(b'{"type": "x", "text": "a\\ud83dz \\ud83d\\ude42"}')
    assert message == {"type": "x", "text": "a?z 🙂"}


@given(st.lists(st.binary(max_size=40)), st.integers(1, 20))
def test_framing_is_splitting(chunks: list[bytes], longest: int) -> None:
    framer = Framer(longest)
    lines = [line for chunk in chunks for line in framer.feed(chunk)]
    lines += framer.rest()
    whole = b"".join(chunks).split(b"\n")
    expected = whole[:-1] + ([whole[-1]] if whole[-1] else [])
    assert lines == [line for line in expected if len(line) <= longest]
    assert framer.dropped == len(expected) - len(lines)


def test_a_line_without_end_takes_bounded_memory() -> None:
    framer = Framer(1000)
    for _ in range(10_000):
        assert framer.feed(b"x" * 1000) == []
        assert sum(map(len, framer._parts)) <= 1000
    assert framer.feed(b"\nnext\n") == [b"next"]
    assert framer.dropped == 1


async def test_every_line_is_written_in_one_piece() -> None:
    process = SaidProcess([])
    await Stream(process).write('{"a": "' + "x" * 2**20 + '"}\n')
    assert [len(piece) for piece in process.written] == [2**20 + 10]


async def test_a_program_that_takes_no_words_is_stopped() -> None:
    class Deaf(SaidProcess):
        async def write(self, data: bytes) -> None:
            raise Unavailable("gone")

    process = Deaf([])
    await Stream(process).write("{}\n")
    assert process.is_stopped


async def converse(process: SaidProcess) -> list[Happening]:
    talk = ClaudeRuntime(connect_seconds=1).converse(BRIEF, process, FixedDesk(Answer()))
    return [happening async for happening in talk if not isinstance(happening, Heard)]


async def test_garbage_alone_is_a_failure() -> None:
    ended = (await converse(SaidProcess([b"garbage\n" * 300], code=1)))[-1]
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.reason) == (Outcome.FAILED, "garbage")


async def test_a_flood_before_the_greeting_does_not_block_it() -> None:
    class Flooding(Greeted):
        async def output(self, start: int = 0) -> Any:
            yield b'{"type": "system", "subtype": "hello"}\n' * 5000
            async for chunk in super().output(start):
                yield chunk

    assert (await converse(Flooding([RESULT + b"\n"])))[-1] == Ended(Outcome.PASSED, "", "Done.", None, 0)


async def test_a_lost_sandbox_is_lost() -> None:
    class Lost(SaidProcess):
        async def wait(self) -> Any:
            raise Unavailable("The engine is away.")

    ended = (await converse(Lost([])))[-1]
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.reason) == (Outcome.LOST, "lost")


class Greeted(SaidProcess):
    """A CLI that greets properly and then says the given lines."""

    async def output(self, start: int = 0) -> Any:
        while not self.written:
            yield b""
        request = json.loads(self.written[0])["request_id"]
        response = {"subtype": "success", "request_id": request, "response": {}}
        yield json.dumps({"type": "control_response", "response": response}).encode() + b"\n"
        for chunk in self._chunks:
            yield chunk


RESULT = json.dumps(
    {
        "type": "result",
        "subtype": "success",
        "duration_ms": 1,
        "duration_api_ms": 1,
        "is_error": False,
        "num_turns": 1,
        "session_id": "s",
        "result": "Done.",
    }
).encode()


@pytest.mark.parametrize(
    "line",
    [
        b"plain words",
        b'{"type": "assistant"}',
        b'{"type": "assistant", "message": "no"}',
        b'{"type": "assistant", "message": {"content": [1], "model": "x"}}',
        b'{"type": "assistant", "message": {"content": [{"type": "text"}], "model": "x"}}',
        b'{"type": "user", "message": []}',
        b'{"type": "result"}',
        b'{"type": "result", "subtype": [], "modelUsage": 3}',
        b'{"type": "system"}',
        b'{"type": "rate_limit_event", "rate_limit_info": null}',
        b'{"type": "control_response", "response": []}',
    ],
)
async def test_a_hostile_line_does_not_end_the_conversation(line: bytes) -> None:
    happenings = await converse(Greeted([line + b"\n", RESULT + b"\n"]))
    assert any(isinstance(happening, Printed) for happening in happenings)
    assert happenings[-1] == Ended(Outcome.PASSED, "", "Done.", None, 0)


async def test_an_end_without_result_after_garbage_is_garbage() -> None:
    ended = (await converse(Greeted([b"{{{\n"], code=0)))[-1]
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.reason) == (Outcome.FAILED, "garbage")


async def test_a_large_message_passes() -> None:
    text = "x" * (3 * 2**20)
    answer = {"content": [{"type": "text", "text": text}], "model": "x"}
    message = {"type": "assistant", "message": answer}
    happenings = await converse(Greeted([json.dumps(message).encode() + b"\n", RESULT + b"\n"]))
    assert len(getattr(happenings[0], "text", "")) == len(text)
