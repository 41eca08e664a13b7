"""Long requests to providers are looked at as short ones are, and nothing else stands still meanwhile."""

import io
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from halftui.runtime import look, proxy
from halftui.runtime.providers import ANTHROPIC, GOOGLE, OPENAI, Fault, Provider
from halftui.runtime.proxy import Credential

LONG = "x" * (look.SHORT + 1)
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
PATH = "/v1/messages"


def _asked(**more: Any) -> bytearray:
    return bytearray(
        json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], **more}).encode()
    )


def _fault(provider: Provider) -> Fault:
    assert provider.fault is not None
    return provider.fault


@pytest.mark.parametrize(
    ("body", "is_quick"),
    [
        (_asked(), True),
        (_asked(system="def f(a, b):\n" * 1000), True),
        (_asked(system=LONG), False),
        (_asked(system=[{}] * look.FEW), False),
        (_asked(system=[1] * look.FEW), False),
        (_asked(system={str(n): 0 for n in range(look.FEW)}), False),
    ],
)
def test_what_takes_long_to_read_is_told_from_what_does_not(body: bytearray, is_quick: bool) -> None:
    assert look.is_quick(body) is is_quick


@pytest.mark.parametrize(
    ("provider", "body", "models"),
    [
        (ANTHROPIC, _asked(system=LONG), ()),
        (ANTHROPIC, _asked(system=LONG, tools=[SEARCH]), ()),
        (ANTHROPIC, _asked(system=LONG), ("opus",)),
        (ANTHROPIC, bytearray(b"[" * 100_000), ()),
        (ANTHROPIC, bytearray(b"\xff" * 300_000), ()),
        (OPENAI, _asked(system=LONG, tools=[{"type": "web_search"}]), ()),
        (GOOGLE, _asked(system=LONG, tools=[{"googleSearch": {}}]), ()),
    ],
)
async def test_another_process_says_the_same(
    provider: Provider, body: bytearray, models: Collection[str]
) -> None:
    expected = _fault(provider)(PATH, bytes(body), models)
    assert await look.look(_fault(provider), PATH, body, models) == expected


async def test_what_can_t_be_read_in_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(target: str, body: bytes, models: Collection[str]) -> str:
        return ""

    assert await look.look(unknown, PATH, _asked(system=LONG), ()) == look.UNREAD
    monkeypatch.setattr(look, "SECONDS", 0.0)
    assert await look.look(_fault(ANTHROPIC), PATH, _asked(), ()) == look.UNREAD


async def test_a_long_request_passes_the_proxy_and_one_with_a_closed_tool_does_not(tmp_path: Path) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(len(await request.read()))
        return web.json_response({"type": "message"})

    async def credential() -> Credential:
        return Credential("api-key", "secret")

    app = web.Application(client_max_size=2**25)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(tmp_path / "up.sock")).start()
        async with (
            proxy.serve(tmp_path / "s", credential, f"unix://{tmp_path}/up.sock") as path,
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as client,
        ):
            for more, status in (({}, 200), ({"tools": [SEARCH]}, 400)):
                body = _asked(system=LONG, **more)
                async with client.post(f"http://x{PATH}", data=io.BytesIO(body)) as told:
                    assert told.status == status
    finally:
        await runner.cleanup()
    assert seen == [len(_asked(system=LONG))]
