"""Carries the Claude CLI's line protocol over a sandbox's byte streams, whatever the bytes are."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from claude_agent_sdk import ProcessError, Transport

from halftui.errors import Unavailable
from halftui.runtime.base import Process
from halftui.runtime.claude_tools import CALL
from halftui.runtime.lines import Framer, cut, is_heavy

LONGEST_LINE = 32 * 2**20  # bytes; tool results with pictures are a few megabytes
HELD = 50  # messages before the CLI's first answer
SHOWN_GARBAGE = 500  # characters of an unreadable line that are passed on
GARBAGE = "halftui_garbage"  # the subtype under which unreadable lines go on as messages
HEARD = "halftui_heard"  # the subtype of a message that tells how far the output has been passed on

_CONTROL = {"control_request", "control_response", "control_cancel_request"}
_OPENINGS = ("initialize", "notifications/initialized")
_GOODBYE = {
    "type": "control_request",
    "request_id": "halftui_end",
    "request": {"subtype": "end_session"},
}


def parse(line: bytes) -> dict[str, Any] | None:
    """Return a line's message: None for a blank one, a GARBAGE message for one of another kind."""
    if is_heavy(line):
        return garbage(line[:SHOWN_GARBAGE].decode(errors="replace"))
    text = line.decode(errors="replace").strip()
    if not text:
        return None
    try:
        message = json.loads(text)
        if "\\ud" in text.casefold():  # half a surrogate pair, which nothing can store
            message = json.loads(json.dumps(message, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        message = None
    return message if _is_sound(message) else garbage(text)


def garbage(text: str) -> dict[str, Any]:
    """Return the message that stands for an unreadable line."""
    return {"type": "system", "subtype": GARBAGE, "text": text[:SHOWN_GARBAGE]}


def _is_sound(message: Any) -> bool:
    """True if the SDK's reader, which trusts control messages, can take this one.

    An agent's own programs can write into the CLI's output, so anything may stand there.
    """
    match message:
        case {"type": "control_response", "response": {"request_id": str()}}:
            return True
        case {"type": "control_request", "request_id": str(), "request": {"subtype": str()}}:
            return True
        case {"type": "control_cancel_request", "request_id": str()}:
            return True
        case {"type": "control_response" | "control_request" | "control_cancel_request"}:
            return False
        case {"type": "transcript_mirror"}:
            return False
        case {"type": str()}:
            return True
        case _:
            return False


class Stream(Transport):
    """The SDK's view of a Process. Closing it leaves the program running.

    `heard` is given for a program that an earlier board has spoken with: so many bytes of its
    output are the past. From them the requests are asked again that may still wait for an answer;
    then all messages are passed on, the past ones too, since they tell how the conversation stands.
    """

    def __init__(self, process: Process, heard: int | None = None) -> None:
        self._process = process
        self._heard = heard
        self._lock = asyncio.Lock()
        self._is_open = False
        self._is_ending = False
        self._greeting = ""  # the id of the SDK's own first request
        self._has_greeted = asyncio.Event()
        self.is_garbled = False  # True once a line came that nobody can read

    async def connect(self) -> None:
        """Mark the stream as open; the program runs already."""
        self._is_open = True

    async def write(self, data: str) -> None:
        """Send whole lines in one piece: a part of a line would end the CLI.

        A program that can't be written to is stopped, for nobody could answer it any more; the
        reader then sees the end of its output. Raises Unavailable if it can't be stopped either.
        """
        if not self._greeting:
            self._greeting = str(json.loads(data).get("request_id", "none"))
            self._has_greeted.set()
        async with self._lock:
            try:
                await self._process.write(data.encode(errors="replace"))
            except Unavailable:
                await self._process.stop()

    async def say_goodbye(self) -> None:
        """Ask the CLI to end its session and exit."""
        self._is_ending = True
        await self.write(json.dumps(_GOODBYE) + "\n")

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the CLI's messages. Raises ProcessError if the output ends before a goodbye.

        What comes before the CLI's answer to the greeting is held back, and of a program that was
        just started only its last part is kept: the SDK takes 100 messages while nobody listens
        yet, and then waits without an end.
        """
        held: deque[dict[str, Any]] | None = deque(maxlen=HELD if self._heard is None else None)
        async for message in self._present():
            self.is_garbled |= message.get("subtype") == GARBAGE
            if held is None or message["type"] in _CONTROL:
                yield message
            else:
                held.append(message)
            if held is not None and self._is_greeted_by(message):
                for earlier in held:
                    yield earlier
                held = None
        if held is not None and self._heard is not None:
            # It ended while no board was there. What it left is told as if it had been greeted.
            await self._has_greeted.wait()
            yield {"type": "control_response", "response": _agreed(self._greeting)}
        for earlier in held or ():
            if self._heard is not None or earlier.get("subtype") != HEARD:
                yield earlier
        if not self._is_ending:
            # Without an error the SDK would wait a minute for answers that can't come.
            raise ProcessError("The output ended")

    def _is_greeted_by(self, message: dict[str, Any]) -> bool:
        is_answer = message["type"] == "control_response"
        return is_answer and bool(message["response"]["request_id"] == self._greeting)

    async def _present(self) -> AsyncIterator[dict[str, Any]]:
        """Yield all messages but the requests of the past that need no answer any more."""
        heard = self._heard or 0
        waiting = _Waiting()
        async for message in self._parsed():
            if not heard:
                yield message
                continue
            waiting.take(message)
            if message["type"] not in _CONTROL:
                yield message
            if message.get("subtype") == HEARD and message["end"] >= heard:
                heard = 0
                for request in waiting.requests():
                    yield request

    async def _parsed(self) -> AsyncIterator[dict[str, Any]]:
        framer = Framer(LONGEST_LINE)
        async for chunk in cut(self._process.output(), self._heard or 0):
            lines = framer.feed(chunk)
            for line in lines:
                if (message := parse(line)) is not None:
                    yield _adapted(message)
            if lines:
                yield {"type": "system", "subtype": HEARD, "end": framer.end}
        for line in framer.rest():
            if (message := parse(line)) is not None:
                yield _adapted(message)
        if framer.dropped:
            yield garbage(f"{framer.dropped} lines were too long to read")

    async def end_input(self) -> None:
        """Say that no more input comes."""
        with contextlib.suppress(Unavailable):
            await self._process.close_input()

    async def close(self) -> None:
        """Leave the program alone; it may outlive the board."""
        self._is_open = False

    def is_ready(self) -> bool:
        """True between `connect` and `close`."""
        return self._is_open


class _Waiting:
    """The requests in a stretch of output that may still wait for an answer.

    One whose tool has returned does not; one that was answered just before a board died may be
    asked again, which changes nothing: the CLI takes no notice of an answer to a settled request.
    """

    def __init__(self) -> None:
        self._openings: dict[str, dict[str, Any]] = {}  # of the board's tools, by method
        self._requests: dict[str, dict[str, Any]] = {}
        self._calls: dict[str, str] = {}  # request by the id of its tool call

    def take(self, message: dict[str, Any]) -> None:
        """Look at the next message."""
        match message:
            case {"type": "control_request", "request_id": request, "request": asked}:
                if _method(asked) in _OPENINGS:
                    self._openings[_method(asked)] = message
                    return
                self._requests[request] = message
                if call := _call_of(asked):
                    self._calls[call] = request
            case {"type": "control_cancel_request", "request_id": request}:
                self._requests.pop(request, None)
            case {"type": "user", "message": {"content": list() as blocks}}:
                for block in blocks:
                    done = block.get("tool_use_id") if isinstance(block, dict) else None
                    self._requests.pop(self._calls.get(str(done), ""), None)

    def requests(self) -> list[dict[str, Any]]:
        """Return them in their order, after those that open the board's own tool server."""
        openings = [self._openings[method] for method in _OPENINGS if method in self._openings]
        return [*openings, *self._requests.values()]


def _method(asked: dict[str, Any]) -> str:
    sent = asked.get("message")
    return str(sent.get("method", "")) if isinstance(sent, dict) else ""


def _call_of(asked: dict[str, Any]) -> str:
    """Return the id of the tool call that a request of the CLI is about; empty if of none."""
    match asked:
        case {"message": {"params": {"_meta": {"claudecode/toolUseId": str(call)}}}}:
            return call
        case {"tool_use_id": str(call)}:
            return call
    return ""


def _agreed(request: str) -> dict[str, Any]:
    return {"subtype": "success", "request_id": request, "response": {}}


def _adapted(message: dict[str, Any]) -> dict[str, Any]:
    """Put things where the SDK passes them on: a result's own usage, a board tool's call id.

    The CLI counts `modelUsage` and the total cost over all processes of a session; only
    `model_usage_since_last_result`, which the SDK drops, is this process's own. A tool of the
    board learns of its call nothing but the arguments.
    """
    if message["type"] == "result":
        own = message.get("model_usage_since_last_result")
        message["modelUsage"] = own if isinstance(own, dict) else {}
    elif message["type"] == "control_request":
        match message["request"]:
            case {"message": {"method": "tools/call", "params": {"arguments": dict() as given}}}:
                given[CALL] = _call_of(message["request"])
    return message
