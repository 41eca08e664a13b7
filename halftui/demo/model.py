"""A model that plays a script: an HTTP server that speaks the Messages API's streaming form."""

import asyncio
import contextlib
import hashlib
import json
import re
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from halftui.errors import Misconfigured
from halftui.runtime.script import MARK, Call, Fault, Scenario, Script, Turn, play

KEPT_REQUESTS = 200
KEPT_REFUSALS = 1000
PIECE = 24  # characters of words in one delta

# What the Claude CLI puts around a person's words; it is no part of them.
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
_WORK = re.compile(r"orking directory:\s*(\S+)")
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
# Of each kind of block: the delta's field, the delta's type, and what the block starts with.
_DELTAS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "text": ("text", "text_delta", {"text": ""}),
    "thinking": ("thinking", "thinking_delta", {"thinking": "", "signature": ""}),
    "tool_use": ("partial_json", "input_json_delta", {"input": {}}),
}
_CREDIT = "Your credit balance is too low to access the Anthropic API."


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the model saw it; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    model: str
    is_side: bool  # a call that the CLI makes for itself: a title, a probe of the quota


class ScriptedModel:
    """The server, as an async context manager; it keeps the last requests for tests to look at.

    It keeps no conversation: it finds its place from the messages of each request. `$WORK` in a
    call's input becomes the agent's working directory.
    """

    def __init__(
        self, scenario: Scenario | None = None, *, socket: Path | None = None, pace: float = 0.0
    ) -> None:
        self.requests: deque[Request] = deque(maxlen=KEPT_REQUESTS)
        self.count = 0  # all requests to /v1/messages, also those no longer kept
        self._scenario = scenario
        self._socket = socket
        self._pace = pace
        self._refusals: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`, or `unix:///PATH`."""
        if self._socket is not None:
            return f"unix://{self._socket}"
        if self._runner is None:
            raise Misconfigured("The scripted model does not listen yet.")
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count_tokens)
        app.router.add_route("*", "/{path:.*}", _unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        if self._socket is not None:
            await web.UnixSite(self._runner, self._socket).start()
        else:
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _count_tokens(self, request: web.Request) -> web.Response:
        return web.json_response({"input_tokens": len(await request.read()) // 4})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        is_side = not body.get("tools")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.count += 1
        self.requests.append(Request(request.path, headers, str(body.get("model")), is_side))
        try:
            turn = _side_answer(body) if is_side else self._turn(body)
        except Misconfigured as error:
            return _refuse(400, error.message)
        with contextlib.suppress(ConnectionError):  # the client left; nobody is there to tell
            return await self._answer(request, body, turn)
        return web.Response(status=499)

    def _turn(self, body: Mapping[str, Any]) -> Turn:
        """Return what the script says at this place of the conversation."""
        text, place = _place(body["messages"], is_marked=self._scenario is None)
        script: Script = play(text, self._scenario)
        if place >= len(script):
            return Turn(text="Done.")
        turn = script[place]
        if turn.is_failure and turn.times is not None:
            key = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
            if len(self._refusals) > KEPT_REFUSALS:
                self._refusals.clear()
            self._refusals[key] += 1
            if self._refusals[key] > turn.times:
                return Turn(turn.text, turn.thought, turn.calls, delay=turn.delay, pace=turn.pace)
        return turn

    async def _answer(self, request: web.Request, body: Mapping[str, Any], turn: Turn) -> web.StreamResponse:
        await asyncio.sleep(turn.delay)
        if turn.fault is Fault.HANG:
            await asyncio.Event().wait()
        if turn.fault is Fault.CREDIT:
            return _refuse(400, _CREDIT)
        if turn.fault is Fault.LIMIT:
            refusal = _refuse(429, "This request would exceed your account's rate limit.")
            refusal.headers.update(_used_up())
            return refusal
        if turn.status is not None:
            return _refuse(turn.status, "The script says so.")
        if body.get("stream"):
            return await self._stream(request, body, turn)
        # After a broken stream the CLI asks once more without streaming: that must break too.
        if turn.fault is Fault.GARBAGE:
            return web.Response(text="{{{ no json", content_type="application/json")
        if turn.fault is Fault.CUT:
            _hang_up(request)
        return web.json_response(_whole(body, turn))

    async def _stream(self, request: web.Request, body: Mapping[str, Any], turn: Turn) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if turn.fault is Fault.GARBAGE:
            await response.write(b"event: message_start\ndata: {{{ no json\n\n\x00\xff\xfe\n\n")
            return response
        events = list(_events(body, turn))
        if turn.fault is Fault.CUT:
            events = events[: max(2, len(events) // 2)]
        async for event in _paced(events, turn.pace or self._pace):
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        if turn.fault is Fault.CUT:
            _hang_up(request)
        return response


def _used_up() -> dict[str, str]:
    """Return the headers of a subscription whose five hours are used up for another hour."""
    reset = str(int(time.time()) + 3600)
    prefix = "anthropic-ratelimit-unified"
    return {
        f"{prefix}-status": "rejected",
        f"{prefix}-reset": reset,
        f"{prefix}-representative-claim": "five_hour",
        f"{prefix}-5h-status": "rejected",
        f"{prefix}-5h-reset": reset,
        f"{prefix}-5h-utilization": "1.0",
        "retry-after": "3600",
    }


def _hang_up(request: web.Request) -> None:
    """Break the connection in the middle of an answer."""
    if request.transport is not None:
        request.transport.abort()


async def _unknown(request: web.Request) -> web.Response:
    return _refuse(404, f"There is no {request.path} here.")


def _refuse(status: int, message: str) -> web.Response:
    error = {"type": _ERRORS.get(status, "api_error"), "message": message}
    return web.json_response({"type": "error", "error": error}, status=status)


def _place(messages: list[Mapping[str, Any]], *, is_marked: bool) -> tuple[str, int]:
    """Return the person's latest words (those that carry a script, if `is_marked`), and how many
    answers the model gave since then."""
    place, was_answer = 0, False
    for message in reversed(messages):
        is_answer = message["role"] == "assistant"
        # An answer with several calls can come back as several messages in a row.
        place += is_answer and not was_answer
        was_answer = is_answer
        words = _words(message) if message["role"] == "user" else ""
        if words and (MARK in words or not is_marked):
            return words, place
    return "", place


def _words(message: Mapping[str, Any]) -> str:
    """Return what a person said in a message; empty if it only carries results of tools."""
    content = message["content"]
    if isinstance(content, str):
        return _REMINDER.sub("", content).strip()
    if any(block.get("type") == "tool_result" for block in content):
        return ""
    texts = [block["text"] for block in content if block.get("type") == "text"]
    return _REMINDER.sub("", "\n".join(texts)).strip()


def _side_answer(body: Mapping[str, Any]) -> Turn:
    """Answer a call without tools: in JSON where a schema is asked for, else in a word."""
    schema = (body.get("output_config") or {}).get("format", {}).get("schema")
    if schema is None:
        return Turn(text="ok")
    names = schema.get("properties", {})
    return Turn(text=json.dumps({name: _example(kind) for name, kind in names.items()}))


def _example(schema: Mapping[str, Any]) -> Any:
    return {"boolean": False, "number": 0, "integer": 0, "array": [], "object": {}}.get(
        str(schema.get("type")), "Scripted work"
    )


def _usage(body: Mapping[str, Any], turn: Turn) -> dict[str, int]:
    said = len(turn.text) + len(turn.thought) + sum(len(json.dumps(c.input)) for c in turn.calls)
    return {
        "input_tokens": len(json.dumps(body["messages"])) // 4 + 1,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": said // 4 + 1,
    }


def _name(body: Mapping[str, Any], turn: Turn) -> str:
    """Return a message id that is the same for the same request."""
    seed = json.dumps([body["messages"], turn.text, len(turn.calls)])
    return hashlib.sha256(seed.encode()).hexdigest()[:24]


def _blocks(body: Mapping[str, Any], turn: Turn) -> list[dict[str, Any]]:
    """Return the answer's content blocks, whole."""
    blocks: list[dict[str, Any]] = []
    if turn.thought:
        blocks.append({"type": "thinking", "thinking": turn.thought, "signature": "scripted"})
    if turn.text:
        blocks.append({"type": "text", "text": turn.text})
    found = _WORK.search(json.dumps([body.get("system"), body["messages"]]).replace("\\n", "\n"))
    work = found.group(1) if found else "."
    for number, call in enumerate(turn.calls):
        blocks.append(_block(call, f"toolu_{_name(body, turn)}{number}", work))
    return blocks


def _block(call: Call, name: str, work: str) -> dict[str, Any]:
    tool = "mcp__board__ask" if call.tool == "ask" else call.tool
    inputs = json.loads(json.dumps(dict(call.input)).replace("$WORK", work))
    return {"type": "tool_use", "id": name, "name": tool, "input": inputs}


def _message(body: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    return {
        "id": f"msg_{_name(body, turn)}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_usage(body, turn), "output_tokens": 1},
    }


def _whole(body: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    reason = "tool_use" if turn.calls else "end_turn"
    return {
        **_message(body, turn),
        "content": _blocks(body, turn),
        "stop_reason": reason,
        "usage": _usage(body, turn),
    }


def _events(body: Mapping[str, Any], turn: Turn) -> Iterator[dict[str, Any]]:
    """Yield the stream's events in the order of the Messages API."""
    yield {"type": "message_start", "message": _message(body, turn)}
    for index, block in enumerate(_blocks(body, turn)):
        yield from _block_events(index, block)
    reason = "tool_use" if turn.calls else "end_turn"
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": _usage(body, turn)["output_tokens"]},
    }
    yield {"type": "message_stop"}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    field, delta, empty = _DELTAS[kind]
    words = json.dumps(block["input"]) if kind == "tool_use" else block[field]
    yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
    for start in range(0, len(words), PIECE):
        piece = {"type": delta, field: words[start : start + PIECE]}
        yield {"type": "content_block_delta", "index": index, "delta": piece}
    if kind == "thinking":
        piece = {"type": "signature_delta", "signature": block["signature"]}
        yield {"type": "content_block_delta", "index": index, "delta": piece}
    yield {"type": "content_block_stop", "index": index}


async def _paced(events: list[dict[str, Any]], pace: float) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        if pace and event["type"] == "content_block_delta":
            await asyncio.sleep(pace)
        yield event
