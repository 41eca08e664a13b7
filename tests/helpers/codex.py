"""Codex CLI with its adapter at pinned versions, and a scripted stand-in for the Responses API."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from halftui.runtime import codex
from halftui.runtime.npm import packages
from tests.helpers import npm

KEY = "openai-canary-93d2"
USED = {
    "input_tokens": 100, "input_tokens_details": {"cached_tokens": 40}, "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 110,
}  # fmt: skip

Part = Mapping[str, Any] | int


def programs() -> Path:
    """Return a folder of programs with Codex in it. Fails in CI, else skips, if npm reaches no registry."""
    name = "-".join(packages(codex.ADAPTER)).replace("/", "-")
    return npm.installed(f"{name}/{codex.FOLDER}", *packages(codex.ADAPTER)).parent


def runs(command: str, **more: Any) -> Part:
    """Return a part in which the model runs a command."""
    return _calls("exec_command", {"cmd": command, **more})


def uses(tool: str, **given: Any) -> Part:
    """Return a part in which the model uses a tool of the board."""
    return {**_calls(tool, given), "namespace": "mcp__board"}


def says(text: str) -> Part:
    """Return a part in which the model says something."""
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def _calls(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": json.dumps(given)}


@dataclass
class StandIn:
    """The API: it answers one part after the other, a number being an error's status."""

    parts: list[Part]
    url: str = ""
    keys: list[str] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    empty: Mapping[str, int] = field(default_factory=dict)  # by key, the status of an account that is used up

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the Responses API."""
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.keys.append(key)
        asked = await request.json()
        if request.path != "/v1/responses":
            return web.Response(status=404)
        if status := self.empty.get(key):
            return _error(status)
        self.asked.append(asked)
        part = self.parts.pop(0) if self.parts else says("Nothing is left.")
        if isinstance(part, int):
            return _error(part)
        number = len(self.asked)
        ids = {"id": f"i{number}"} | ({"call_id": f"c{number}"} if part["type"] == "function_call" else {})
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {"id": f"r{number}"}},
            {"type": "response.output_item.done", "output_index": 0, "item": {**part, **ids}},
            {"type": "response.completed", "response": {"id": f"r{number}", "usage": USED, "output": []}},
        ]
        text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        return web.Response(text=text, content_type="text/event-stream")

    def told(self) -> list[str]:
        """Return what the model was told last by the tools that it used."""
        return [str(i.get("output")) for i in self.asked[-1]["input"] if i["type"].endswith("_output")]


def _error(status: int) -> web.Response:
    error = {"message": "no", "type": "requests", "code": "rate_limit_exceeded"}
    headers = {"retry-after": "3600"} if status == 429 else {}
    return web.json_response({"error": error}, status=status, headers=headers)


@asynccontextmanager
async def stand_in(*parts: Part) -> AsyncIterator[StandIn]:
    """Serve the stand-in on loopback."""
    model = StandIn(list(parts))
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", model.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield model
    finally:
        await runner.cleanup()
