"""What is asked of OpenAI and Google, what was used and refused, and how Codex's turns fail."""

import json
from collections.abc import Mapping
from pathlib import Path
from socket import create_server
from typing import Any

import aiohttp
import pytest

from halftui.errors import Unavailable
from halftui.main.doctor import checks
from halftui.main.house import House
from halftui.runtime import codex
from halftui.runtime.base import Brief
from halftui.runtime.meter import Limit, Usage, limit
from halftui.runtime.providers import GOOGLE, OPENAI
from halftui.runtime.proxy import Credential, Loopback, serve
from halftui.sandbox.base import Inside
from halftui.settings import Settings
from tests.helpers import gemini
from tests.helpers.boards import make_repository
from tests.helpers.codex import KEY, says, stand_in
from tests.runtime.test_proxy import agent, always

FUNCTION = {"type": "function", "name": "exec_command"}


def _asked(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-9", "input": [], "stream": True, "tools": [FUNCTION], **more}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/responses", _asked(), 200),
        ("/v1/responses", _asked(tools=[{"type": "namespace", "tools": [FUNCTION]}]), 200),
        ("/v1/responses", _asked(model="o-dear"), 400),
        ("/v1/responses", _asked(tools=[FUNCTION, {"type": "web_search"}]), 400),
        ("/v1/responses", _asked(tools=[{"type": "mcp", "server_url": "https://evil.example"}]), 400),
        ("/v1/responses", _asked(tools=[{"type": "namespace", "tools": [{"type": "mcp"}]}]), 400),
        ("/v1/responses", _asked(tools=[{"type": ["function"]}, 7]), 400),
        ("/v1/responses", _asked(tools={"type": "mcp"}), 400),
        ("/v1/responses", _asked(input=[{"content": [{"image_url": "data:image/png;base64,AA=="}]}]), 200),
        ("/v1/responses", _asked(input=[{"content": [{"image_url": "https://evil.example/?x"}]}]), 400),
        ("/v1/responses", _asked(input=[{"output": [{"file_url": "https://evil.example/?x"}]}]), 400),
        ("/v1/responses", [_asked()], 400),
        ("/v1/files", _asked(), 403),
        ("/v1/messages", _asked(), 403),
    ],
)
async def test_what_may_be_asked(tmp_path: Path, path: str, body: Any, status: int) -> None:
    used: list[Usage] = []
    async with stand_in(says("Hi.")) as model:
        key = Credential("openai-key", KEY, model.url)
        async with (
            serve(
                tmp_path / "s", always(key), provider=OPENAI, models=("gpt-9",), on_usage=used.append
            ) as socket,
            agent(socket) as session,
            session.post(path, json=body, headers={"Authorization": "Bearer placeholder"}) as answer,
        ):
            assert answer.status == status
            assert KEY not in await answer.text()
        assert model.keys == ([KEY] if status == 200 else [])
        assert used == ([Usage("", 60, 10, 40)] if status == 200 else [])


async def test_what_is_packed_is_not_passed_on(tmp_path: Path) -> None:
    async with stand_in() as model:
        key = Credential("openai-key", KEY, model.url)
        async with (
            serve(tmp_path / "s", always(key), provider=OPENAI) as socket,
            agent(socket) as session,
            session.post("/v1/responses", data=json.dumps(_asked()), compress="gzip") as answer,
        ):
            assert answer.status == 400
        assert not model.keys


@pytest.mark.parametrize(("said", "status"), [("Bearer it", 200), ("Bearer its", 403), ("", 403)])
async def test_a_port_takes_those_alone_who_say_its_key(tmp_path: Path, said: str, status: int) -> None:
    async with stand_in(says("Hi.")) as model:
        door = create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}/v1/responses"
        source = always(Credential("openai-key", KEY, model.url))
        async with (
            serve(tmp_path / "s", source, provider=OPENAI, loopback=Loopback(door, "it")),
            aiohttp.ClientSession() as session,
            session.post(url, json=_asked(), headers={"Authorization": said} if said else {}) as answer,
        ):
            assert answer.status == status


async def test_a_limit_is_told_shortly(tmp_path: Path) -> None:
    async with stand_in(429) as model:
        key = Credential("openai-key", KEY, model.url)
        async with (
            serve(tmp_path / "s", always(key), provider=OPENAI) as socket,
            agent(socket) as session,
            session.post("/v1/responses", json=_asked()) as answer,
        ):
            assert (answer.status, (await answer.json())["error"]["type"]) == (429, "usage_limit_reached")
            assert "retry-after" not in answer.headers, "Codex would sleep as long as that says"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m"}, 17.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h6m0.5s"}, 3960.5),
        ({"x-ratelimit-remaining-requests": "3", "x-ratelimit-reset-requests": "9h"}, None),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, None),
    ],
)
def test_when_a_limit_ends(headers: dict[str, str], seconds: float | None) -> None:
    assert limit(429, headers) == Limit(429, {}, seconds)
    assert (limit(200, headers) is None) == ("retry-after" not in headers)


CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hi."}]}]}
STREAM = "/v1beta/models/gemini-9:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        (STREAM, CONTENTS, 200),
        (STREAM, {**CONTENTS, "tools": [{"functionDeclarations": []}]}, 200),
        (STREAM, {**CONTENTS, "tools": [{"functionDeclarations": [], "googleSearch": {}}]}, 400),
        (STREAM, {**CONTENTS, "tools": {"urlContext": {}}}, 400),
        (STREAM, {"contents": [{"parts": [{"fileData": {"fileUri": "https://evil.example/?x"}}]}]}, 400),
        (STREAM, [], 400),
        (f"{STREAM}&key=another", CONTENTS, 400),
        ("/v1beta/models/gemini-8:generateContent", CONTENTS, 400),
        ("/v1beta/models/gemini-9:batchGenerateContent", CONTENTS, 403),
        ("/v1beta/files", CONTENTS, 403),
    ],
)
async def test_what_may_be_asked_of_gemini(tmp_path: Path, target: str, body: Any, status: int) -> None:
    used: list[Usage] = []
    async with gemini.stand_in({"text": "Hi."}) as model:
        key = Credential("google-key", gemini.KEY, model.url)
        async with (
            serve(
                tmp_path / "s", always(key), provider=GOOGLE, models=("gemini-9",), on_usage=used.append
            ) as socket,
            agent(socket) as session,
            session.post(target, json=body, headers={"x-goog-api-key": "placeholder"}) as answer,
        ):
            assert answer.status == status
            await answer.read()
        assert model.keys == ({gemini.KEY} if status == 200 else set())
        assert used == ([Usage("", 7, 3)] if status == 200 else [])


def _failed(**told: Any) -> Mapping[str, Any]:
    return {"jetbrains": {"air": {"sessionFailure": {"severity": "error", "title": "no", **told}}}}


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (_failed(category="limit", actions=[]), "rate_limit"),
        (_failed(category="limit", actions=["retry"]), "rate_limit"),
        (_failed(category="limit", actions=["new_session"]), ""),
        (_failed(category="access"), "authentication_failed"),
        (_failed(category="connection", actions=None), "api_error"),
        (_failed(category="new"), ""),
    ],
)
def test_how_a_turn_fails(told: Mapping[str, Any], cause: str) -> None:
    found = codex.failure(told)
    assert found is not None
    assert (found.is_error, found.text, found.causes) == (True, "no", (cause,))


@pytest.mark.parametrize("meta", [{}, {"jetbrains": None}, _failed(severity="warning")])
def test_what_is_no_failure(meta: Mapping[str, Any]) -> None:
    assert codex.failure(meta) is None


def test_doctor_says_what_is_missing(tmp_path: Path) -> None:
    house = House(Settings(home=str(tmp_path / "home")), {"HALFTUI_CONFIG": str(tmp_path / "config")})
    try:
        house.init(make_repository(tmp_path / "shop"), runtime="codex", sandbox="local")
        found = {check.name: check for check in checks(house, tmp_path / "shop")}["codex"]
        assert not found.is_ok
        assert f"--prefix {house.settings.programs_folder}/codex" in found.remedy
    finally:
        house.store.close()


def test_what_is_missing_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as found:
        codex.find(tmp_path)
    assert found.value.hint.startswith(f"run: npm install --ignore-scripts --prefix {tmp_path}/codex @")
    main = tmp_path / "codex/node_modules/@agentclientprotocol/codex-acp/dist/index.js"
    main.parent.mkdir(parents=True)
    main.touch()
    assert codex.find(tmp_path) == tmp_path / "codex"


@pytest.mark.parametrize(
    ("is_free", "is_confined", "asks"),
    [(True, True, False), (True, False, False), (False, True, True), (False, False, False)],
)
def test_its_own_sandbox_goes_only_where_a_container_is_one_and_people_are_asked(
    is_free: bool, is_confined: bool, asks: bool
) -> None:
    brief = Brief("a", "b", "p", "s", "i", is_free=is_free, is_confined=is_confined)
    told = codex.command(brief, Inside("/work", "/home/agent", "/run/halftui", "/opt/halftui/agent"))
    assert ('"approvalPolicy":"untrusted"' in told.env["CODEX_ASKS"]) is asks
    assert ("dangerFullAccess" in str(told)) is asks


@pytest.mark.parametrize(("is_free", "mode"), [(True, "agent-full-access"), (False, "read-only")])
def test_the_command_holds_what_it_was_told(is_free: bool, mode: str) -> None:
    brief = Brief("a", "b", "p", "s", "i", is_free=is_free, model="gpt-9", has_tools=True)
    told = codex.command(brief, Inside("/work", "/home/agent", "/run/halftui", "/opt/halftui/agent"))
    config = json.loads(told.env["CODEX_CONFIG"])
    assert (told.env["INITIAL_AGENT_MODE"], config["model"], config["web_search"]) == (
        mode,
        "gpt-9",
        "disabled",
    )
    assert config["mcp_servers"]["board"]["args"] == [
        "-I",
        "/run/halftui/bridge.py",
        "/run/halftui/board.sock",
    ]
