"""The credential proxy, against the scripted model and against bare HTTP servers."""

import asyncio
import gzip
import io
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from halftui.demo.model import ScriptedModel
from halftui.domain.happenings import Answer, Ended, Outcome
from halftui.errors import Misconfigured, Unavailable
from halftui.runtime.base import Brief
from halftui.runtime.claude import ClaudeRuntime
from halftui.runtime.meter import Limit, Usage
from halftui.runtime.proxy import LONGEST_BODY, MOST_HELD, MOST_LINKS, Credential, Judge, Owner, serve
from tests.runtime.doubles import FixedDesk, Stage

SECRET = "sk-ant-canary-4711"
KEY = Credential("api-key", SECRET)
TOKEN = Credential("oauth", SECRET)
SENT = {
    "Authorization": "Bearer sk-ant-oat01-placeholder",
    "X-Api-Key": "placeholder",
    "Cookie": "a=b",
    "Proxy-Authorization": "Basic xyz",
    "anthropic-beta": "one-2025-01-01, oauth-2025-04-20",
    "anthropic-version": "2023-06-01",
}


def keep(limits: list[Limit], *, again: bool = False) -> Judge:
    """Return a judge that keeps what it is told."""

    async def judge(_: Credential, limit: Limit) -> bool:
        limits.append(limit)
        return again

    return judge


def always(credential: Credential) -> Callable[[], Awaitable[Credential]]:
    async def source() -> Credential:
        return credential

    return source


@asynccontextmanager
async def agent(socket: Path) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(str(socket))
    async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
        yield session


@asynccontextmanager
async def upstream(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    app = web.Application(client_max_size=2 * LONGEST_BODY)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def body(text: str = "Hi. SCRIPT:[]", **more: object) -> dict[str, object]:
    messages = [{"role": "user", "content": text}]
    return {"model": "opus", "messages": messages, "tools": [{"name": "x"}], **more}


@pytest.mark.parametrize("credential", [KEY, TOKEN])
async def test_the_agents_credentials_are_replaced(tmp_path: Path, credential: Credential) -> None:
    async with (
        ScriptedModel() as model,
        serve(tmp_path / "s", always(credential), model.url) as socket,
        agent(socket) as session,
        session.post("/v1/messages?beta=true", json=body(), headers=SENT) as answer,
    ):
        assert answer.status == 200
        assert SECRET not in await answer.text() + str(answer.headers)
    headers = dict(model.requests[0].headers)
    assert "placeholder" not in str(headers)
    assert headers["anthropic-version"] == "2023-06-01"
    assert not {"cookie", "proxy-authorization"} & set(headers)
    flags = headers["anthropic-beta"].split(",")
    if credential.kind == "api-key":
        assert (headers["x-api-key"], headers.get("authorization")) == (SECRET, None)
        assert flags == ["one-2025-01-01"]
    else:
        assert (headers.get("x-api-key"), headers["authorization"]) == (None, f"Bearer {SECRET}")
        assert flags == ["one-2025-01-01", "oauth-2025-04-20"]


async def raw_status(socket: Path, method: str, path: str) -> int:
    """Return the status for a request line that no HTTP client would send like that."""
    reader, writer = await asyncio.open_unix_connection(socket)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n"
    writer.write(f'{head}\r\n{{"model":1}}'.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages"),
        ("POST", "/v1/messages/batches"),
        ("POST", "/v1/files"),
        ("POST", "/v1/messages/../files"),
        ("POST", "/v1/messages/"),
        ("POST", "//v1/messages"),
        ("POST", "/v1/messages%2Fbatches"),
        ("DELETE", "/v1/messages"),
        ("POST", "/api/oauth/claude_cli/create_api_key"),
    ],
)
async def test_only_the_messages_api_is_open(tmp_path: Path, method: str, path: str) -> None:
    async with (
        ScriptedModel() as model,
        serve(tmp_path / "s", always(KEY), model.url) as socket,
    ):
        assert await raw_status(socket, method, path) == 403
    assert model.count == 0


async def test_only_the_checked_path_goes_on(tmp_path: Path) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.json_response({})

    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), f"{url}/prefix/") as socket,
    ):
        for path in ("/v1/%6dessages?beta=true&x=%2F", "http://evil.example/v1/messages"):
            assert await raw_status(socket, "POST", path) == 200
    assert seen == ["/prefix/v1/messages?beta=true&x=%2F", "/prefix/v1/messages"]


async def test_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    async with (
        ScriptedModel() as model,
        serve(tmp_path / "s", always(KEY), model.url) as socket,
        agent(socket) as session,
        session.post("/v1/messages", data=io.BytesIO(b"x" * (LONGEST_BODY + 1))) as answer,
    ):
        assert answer.status == 413
        assert (await answer.json())["error"]["type"] == "request_too_large"
    assert model.count == 0


async def test_a_large_body_passes(tmp_path: Path) -> None:
    sent = io.BytesIO(json.dumps(body("x" * 9 * 2**20)).encode())
    async with (
        ScriptedModel() as model,
        serve(tmp_path / "s", always(KEY), model.url) as socket,
        agent(socket) as session,
        session.post("/v1/messages", data=sent) as answer,
    ):
        assert answer.status == 200
    assert model.count == 1


async def test_an_answer_passes_piece_by_piece(tmp_path: Path) -> None:
    is_read = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: one\n\n")
        await asyncio.wait_for(is_read.wait(), 60)  # only comes if the first piece came through
        await response.write(b"event: two\n\n")
        return response

    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), url) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        assert await answer.content.readany() == b"event: one\n\n"
        is_read.set()
        assert await answer.content.readany() == b"event: two\n\n"


async def test_usage_and_limits_are_told(tmp_path: Path) -> None:
    start = {"message": {"model": "opus", "usage": {"input_tokens": 7, "output_tokens": 1,
             "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3}}}  # fmt: skip
    events = [start, {"delta": {"text": '"usage"'}}, {"usage": {"output_tokens": 40}}]
    wire = "".join(f"event: x\ndata: {json.dumps(event)}\n\n" for event in events).encode()

    async def handler(request: web.Request) -> web.StreamResponse:
        headers = {
            "content-type": "text/event-stream",
            "anthropic-ratelimit-unified-status": "allowed_warning",
            "Anthropic-Ratelimit-Unified-5h-Utilization": "0.91",
            "set-cookie": "a=b",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        for place in range(0, len(wire), 7):
            await response.write(wire[place : place + 7])
        return response

    used: list[Usage] = []
    limits: list[Limit] = []
    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), url, on_usage=used.append, judge=keep(limits)) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        assert await answer.read() == wire
        assert answer.headers["anthropic-ratelimit-unified-status"] == "allowed_warning"
        assert "set-cookie" not in answer.headers
    assert used == [Usage("opus", 7, 40, 5, 3)]
    assert limits == [Limit(200, {"status": "allowed_warning", "5h-utilization": "0.91"})]


async def test_a_refusal_passes_with_its_limit(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"no": 1}, status=429, headers={"retry-after": "17"})

    limits: list[Limit] = []
    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), url, judge=keep(limits)) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        assert (answer.status, await answer.json()) == (429, {"no": 1})
        assert answer.headers["retry-after"] == "17"
    assert limits == [Limit(429, {}, 17.0)]


async def test_another_credential_takes_over_within_one_request(tmp_path: Path) -> None:
    keys = iter((KEY, Credential("oauth", "second"), Credential("oauth", "third")))
    seen: list[str] = []

    async def credential() -> Credential:
        return next(keys)

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("x-api-key") or request.headers["authorization"])
        assert await request.json() == body()
        status = {1: 429, 2: 401}.get(len(seen), 200)
        return web.json_response({"tries": len(seen)}, status=status)

    limits: list[Limit] = []
    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", credential, url, judge=keep(limits, again=True)) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        assert (answer.status, await answer.json()) == (200, {"tries": 3})
    assert seen == [KEY.secret, "Bearer second", "Bearer third"]
    assert limits == [Limit(429, {}), Limit(401, {})]


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert not request.path.startswith("/elsewhere")
        return web.Response(status=307, headers={"location": "/elsewhere"})

    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), url) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body(), allow_redirects=False) as answer,
    ):
        assert answer.status == 307


async def test_a_break_upstream_is_a_break(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'data: {"usage": {"output_tokens": 3}}\n')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with (
        upstream(handler) as url,
        serve(tmp_path / "s", always(KEY), url) as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


async def raising(error: Exception) -> Credential:
    raise error


@pytest.mark.parametrize(
    ("source", "status", "kind"),
    [
        (always(KEY), 502, "api_error"),
        (always(Credential("api-key", SECRET, "no url at all")), 502, "api_error"),
        (lambda: raising(Unavailable("Wait.")), 502, "api_error"),
        (lambda: raising(Unavailable("Wait.", until=datetime.now(UTC))), 429, "rate_limit_error"),
        (lambda: raising(Misconfigured("No subscription.")), 401, "authentication_error"),
    ],
)
async def test_without_a_provider_the_agent_hears_why(
    tmp_path: Path, source: Any, status: int, kind: str
) -> None:
    async with (
        serve(tmp_path / "s", source, "http://127.0.0.1:1") as socket,
        agent(socket) as session,
        session.post("/v1/messages", json=body()) as answer,
    ):
        error = await answer.json()
        assert (answer.status, error["type"], error["error"]["type"]) == (status, "error", kind)
        assert SECRET not in str(error)


async def test_an_agent_that_leaves_ends_the_request(tmp_path: Path) -> None:
    is_gone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": ping\n\n")
        try:
            await asyncio.Event().wait()  # a model that thinks: no write would tell
        finally:
            is_gone.set()
        return response

    async with upstream(handler) as url, serve(tmp_path / "s", always(KEY), url) as socket:
        async with agent(socket) as session, session.post("/v1/messages", json=body()) as answer:
            await answer.content.readany()
            answer.close()
        await asyncio.wait_for(is_gone.wait(), 60)


async def test_the_socket_is_its_owners_alone_and_ends(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "api.sock").write_text("left over")
    async with serve(folder, always(KEY), "http://127.0.0.1:1", owner=Owner(1000, 1000)) as socket:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        assert (folder.stat().st_uid, socket.stat().st_uid, socket.stat().st_gid) == (1000,) * 3
    assert not socket.exists()


async def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    with pytest.raises(Misconfigured, match="107"):
        async with serve(folder, always(KEY)):
            pass
    assert not folder.exists()


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured):
        async with serve(tmp_path / "file" / "s", always(KEY)):
            pass


def test_a_credential_hides_its_secret() -> None:
    assert SECRET not in f"{KEY!r} {KEY} {[TOKEN]}"


async def test_another_credential_can_take_over(tmp_path: Path) -> None:
    credentials = [KEY, Credential("oauth", "sk-ant-oat01-other")]

    async def source() -> Credential:
        return credentials.pop(0)

    async with (
        ScriptedModel(socket=tmp_path / "m.sock") as model,
        serve(tmp_path / "s", source, model.url) as socket,
        agent(socket) as session,
    ):
        for _ in range(2):
            async with session.post("/v1/messages", json=body()) as answer:
                assert answer.status == 200
    first, second = (request.headers for request in model.requests)
    assert (first["x-api-key"], first.get("authorization")) == (SECRET, None)
    assert second["authorization"] == "Bearer sk-ant-oat01-other"


@pytest.mark.parametrize("credential", [KEY, TOKEN])
async def test_the_real_cli_works_through_the_proxy(tmp_path: Path, credential: Credential) -> None:
    runtime = ClaudeRuntime(credential.kind)
    stage = Stage.under(tmp_path, str(runtime.program()))
    used: list[Usage] = []
    bash = {"tool": "Bash", "input": {"command": "env | grep -c canary; cat /proc/$PPID/environ"}}
    prompt = f"SCRIPT:{json.dumps([bash, {'text': 'Done.'}])}"
    session = "7b0d9e0e-3d43-4d8f-9c5e-0f8a3c1d2e4f"
    brief = Brief("a", "b", prompt, "You are Toast.", session, is_free=True)
    async with (
        ScriptedModel(socket=tmp_path / "m.sock") as model,
        serve(Path(stage.inside.sockets), always(credential), model.url, on_usage=used.append),
    ):
        happenings = await stage.run(runtime, brief, FixedDesk(Answer()))
    assert happenings[-1] == Ended(Outcome.PASSED, "", "Done.", None, 0)
    assert SECRET not in repr(happenings)
    assert all(SECRET in str(request.headers) for request in model.requests)
    assert len(used) == model.count == 2
    assert all(usage.tokens_in > 100 and usage.tokens_out > 0 for usage in used)


async def test_one_agent_does_not_take_the_boards_files(tmp_path: Path) -> None:
    """Connections beyond a number are hung up on, before they said anything; who leaves makes room."""
    async with serve(tmp_path / "s", always(KEY), "http://127.0.0.1:9") as path:
        held = [await asyncio.open_unix_connection(path) for _ in range(MOST_LINKS)]
        await asyncio.sleep(0.1)  # until all are taken in
        reader, writer = await asyncio.open_unix_connection(path)
        assert await reader.read() == b""
        writer.close()
        for _, each in held:
            each.close()
        await asyncio.gather(*(each.wait_closed() for _, each in held))
        async with agent(path) as session:
            for _ in range(1_000):
                with suppress(aiohttp.ClientError):
                    async with session.get("/v1/models") as answer:
                        assert answer.status == 403
                        break
                await asyncio.sleep(0.05)
            else:
                pytest.fail("nobody is let in any more")


async def test_what_all_requests_hold_is_bounded(tmp_path: Path) -> None:
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: {LONGEST_BODY}\r\n\r\n".encode()
    async with serve(tmp_path / "s", always(KEY), "http://127.0.0.1:9") as path:
        links = []
        for _ in range(MOST_HELD // LONGEST_BODY + 1):  # none of them whole
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(head + bytes(LONGEST_BODY - 1))
            with suppress(ConnectionError):
                await writer.drain()
            links.append((reader, writer))
        answers = [asyncio.create_task(reader.readline()) for reader, _ in links]
        done, waiting = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        assert [task.result()[:12] for task in done] == [b"HTTP/1.1 502"]
        assert len(waiting) == MOST_HELD // LONGEST_BODY
        for _, writer in links:
            writer.transport.abort()
        await asyncio.gather(*answers, return_exceptions=True)


ASKED: dict[str, Any] = {"model": "claude-opus-4-1", "messages": [{"role": "user", "content": "Hi."}]}
URL = {"type": "url", "url": "https://evil.example/?it=went"}


@pytest.mark.parametrize(
    "asked",
    [
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"name": "own"}, {"type": "web_fetch_20250910", "name": "web_fetch"}]},
        {"tools": [{"type": "code_execution_20250522", "name": "code_execution"}]},
        {"tools": [{"type": "mcp_toolset", "mcp_server_name": "evil"}]},
        {"tools": [{"type": ["custom"]}]},
        {"tools": ["web_search"]},
        {"tools": {"type": "custom"}},
        {"mcp_servers": [{"type": "url", "url": "https://evil.example", "name": "evil"}]},
        {"container": {"skills": [{"skill_id": "x"}]}},
        {"messages": [{"role": "user", "content": [{"type": "image", "source": URL}]}]},
        {"system": [{"type": "document", "source": URL}]},
        {"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file"}}]}]},
        {"messages": [{"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "image", "source": URL}]},
        ]}]},
        {"model": "claude-sonnet-4-5"},
        {"model": ["claude-opus-4-1"]},
    ],
    ids=str,
)  # fmt: skip
async def test_what_would_leave_by_the_provider_is_refused(tmp_path: Path, asked: dict[str, Any]) -> None:
    seen: list[str] = []
    async with (
        _counted(seen) as url,
        serve(tmp_path / "s", always(KEY), url, models=["claude-opus-4-1"]) as socket,
        agent(socket) as session,
    ):
        answer = await session.post("/v1/messages", json=ASKED | asked)
        assert (answer.status, (await answer.json())["error"]["type"]) == (400, "invalid_request_error")
        assert seen == []


@pytest.mark.parametrize(
    "asked",
    [
        {"tools": [{"name": "own", "input_schema": {"type": "object", "source": URL["type"]}}]},
        {"tools": [{"type": "custom", "name": "a"}, {"type": "bash_20250124", "name": "bash"}]},
        {"tools": [{"type": "text_editor_20250728", "name": "e"}, {"type": "memory_20250818", "name": "m"}]},
        {"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}},
        ]}]},
        {"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "1", "name": "own", "input": {"source": URL}},
        ]}]},
        {"model": "claude-opus-4-1-20250805"},
        {"model": "claude-haiku-4-5"},
    ],
    ids=str,
)  # fmt: skip
async def test_what_stays_with_the_provider_passes(tmp_path: Path, asked: dict[str, Any]) -> None:
    seen: list[str] = []
    async with (
        _counted(seen) as url,
        serve(tmp_path / "s", always(KEY), url, models=["claude-opus-4-1"]) as socket,
        agent(socket) as session,
    ):
        assert (await session.post("/v1/messages", json=ASKED | asked)).status == 200
        assert seen == ["/v1/messages"]


@pytest.mark.parametrize(
    "sent",
    [
        b'{"tools": [{"type": "web_search_20250305"}], "model": "m", "tools": []}',
        b'{"model": "m", "messages": [{"a": 1, "a": 2}]}',
        '{"model": "m"}'.encode("utf-16"),
        b"[]",
        b"",
        b"[" * 100_000,
        b'{"model": "\xff"}',
    ],
    ids=lambda sent: str(sent[:20]),
)
async def test_what_two_could_read_in_two_ways_is_refused(tmp_path: Path, sent: bytes) -> None:
    seen: list[str] = []
    async with _counted(seen) as url, serve(tmp_path / "s", always(KEY), url) as socket:
        async with agent(socket) as session:
            assert (await session.post("/v1/messages", data=sent)).status == 400
        assert seen == []


async def test_what_is_packed_is_refused(tmp_path: Path) -> None:
    seen: list[str] = []
    packed = {"Content-Encoding": "gzip"}
    async with (
        _counted(seen) as url,
        serve(tmp_path / "s", always(KEY), url) as socket,
        agent(socket) as session,
    ):
        asked = gzip.compress(b'{"model": "m"}')
        assert (await session.post("/v1/messages", data=asked, headers=packed)).status == 400
        assert seen == []


async def test_what_unfolds_to_gigabytes_is_refused(tmp_path: Path) -> None:
    seen: list[str] = []
    async with (
        _counted(seen) as url,
        serve(tmp_path / "s", always(KEY), url) as socket,
        agent(socket) as session,
    ):
        asked = b'{"model": "m", "messages": [' + b"{}," * 1_000_001 + b"{}]}"
        assert (await session.post("/v1/messages", data=io.BytesIO(asked))).status == 400
        assert seen == []


@asynccontextmanager
async def _counted(seen: list[str]) -> AsyncIterator[str]:
    """Yield the address of a provider that writes down each request's path."""

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response({})

    async with upstream(handler) as url:
        yield url
