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
from halftui.runtime.lines import Framer

LONGEST_LINE = 32 * 2**20  # bytes; tool results with pictures are a few megabytes
HELD = 50  # messages before the CLI's first answer
SHOWN_GARBAGE = 500  # characters of an unreadable line that are passed on
GARBAGE = "halftui_garbage"  # the subtype under which unreadable lines go on as messages

_CONTROL = {"control_request", "control_response", "control_cancel_request"}
_GOODBYE = {
    "type": "control_request",
    "request_id": "halftui_end",
    "request": {"subtype": "end_session"},
}


def parse(line: bytes) -> dict[str, Any] | None:
    """Return a line's message: None for a blank one, a GARBAGE message for one of another kind."""
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
    """The SDK's view of a Process. Closing it leaves the program running."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._lock = asyncio.Lock()
        self._is_open = False
        self._is_ending = False
        self.is_garbled = False  # True once a line came that nobody can read

    async def connect(self) -> None:
        """Mark the stream as open; the program runs already."""
        self._is_open = True

    async def write(self, data: str) -> None:
        """Send whole lines in one piece: a part of a line would end the CLI.

        A program that can't be written to is stopped, for nobody could answer it any more; the
        reader then sees the end of its output. Raises Unavailable if it can't be stopped either.
        """
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

        What comes before the CLI's first answer is held back, and only its last part is kept: the
        SDK takes 100 messages while nobody listens yet, and then waits without an end.
        """
        held: deque[dict[str, Any]] | None = deque(maxlen=HELD)
        async for message in self._parsed():
            self.is_garbled |= message.get("subtype") == GARBAGE
            if held is None or message["type"] in _CONTROL:
                yield message
            else:
                held.append(message)
            if held is not None and message["type"] == "control_response":
                for earlier in held:
                    yield earlier
                held = None
        for earlier in held or ():
            yield earlier
        if not self._is_ending:
            # Without an error the SDK would wait a minute for answers that can't come.
            raise ProcessError("The output ended")

    async def _parsed(self) -> AsyncIterator[dict[str, Any]]:
        framer = Framer(LONGEST_LINE)
        async for chunk in self._process.output():
            for line in framer.feed(chunk):
                message = parse(line)
                if message is not None:
                    yield _with_own_usage(message)
        for line in framer.rest():
            message = parse(line)
            if message is not None:
                yield _with_own_usage(message)
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


def _with_own_usage(message: dict[str, Any]) -> dict[str, Any]:
    """Put a result's own usage where the SDK looks for the model usage.

    The CLI counts `modelUsage` and the total cost over all processes of a session; only
    `model_usage_since_last_result`, which the SDK does not pass on, is this process's own.
    """
    own = message.get("model_usage_since_last_result")
    if message.get("type") == "result":
        message["modelUsage"] = own if isinstance(own, dict) else {}
    return message
