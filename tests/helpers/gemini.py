"""Gemini CLI at a pinned version, and a scripted stand-in for the API that it speaks with."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from halftui.runtime import gemini
from halftui.runtime.npm import packages
from tests.helpers import npm

KEY = "gemini-canary-7c1d"

Part = Mapping[str, Any]


def programs() -> Path:
    """Return a folder of programs with Gemini in it. Fails in CI, else skips, if npm reaches no registry."""
    name = "-".join(packages(gemini.PACKAGE)).replace("/", "-")
    return npm.installed(f"{name}/{gemini.FOLDER}", *packages(gemini.PACKAGE)).parent


def program() -> str:
    """Return a command line that starts the CLI, as `programs` has it."""
    return f"{npm.NODE} {programs()}/gemini/node_modules/.bin/gemini"


def uses(tool: str, **given: Any) -> Part:
    """Return a part in which the model uses a tool."""
    return {"functionCall": {"name": tool, "args": given}}


@dataclass
class StandIn:
    """The API: it answers one part after the other, whatever it is asked."""

    parts: list[Part]
    url: str = ""
    keys: set[str] = field(default_factory=set)
    asked: list[Any] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the Gemini API, `MODEL:streamGenerateContent` or another."""
        self.keys.add(request.headers.get("x-goog-api-key", ""))
        asked = await request.json()
        if "stream" not in request.path:
            return web.json_response(_said({"text": "{}"}) | {"totalTokens": 1})
        self.asked.append(asked)
        part = self.parts.pop(0) if self.parts else {"text": "Nothing is left."}
        body = f"data: {json.dumps(_said(part))}\n\n"
        return web.Response(text=body, content_type="text/event-stream")


def _said(part: Part) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}
    return {"candidates": [candidate], "usageMetadata": usage}


@asynccontextmanager
async def stand_in(*parts: Part) -> AsyncIterator[StandIn]:
    """Serve the stand-in on loopback."""
    model = StandIn(list(parts))
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/{path:.*}", model.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield model
    finally:
        await runner.cleanup()
