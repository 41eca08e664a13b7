"""Scripts, and the model that plays them over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.demo.model import ScriptedModel
from halftui.errors import Misconfigured
from halftui.runtime.script import Call, Fault, Script, Turn, play, read, write

TURNS = st.builds(
    Turn,
    text=st.text(),
    thought=st.text(),
    calls=st.lists(
        st.builds(Call, st.text(min_size=1), st.dictionaries(st.text(), st.integers())), max_size=3
    ).map(tuple),
    status=st.none() | st.integers(400, 599),
    fault=st.none() | st.sampled_from(Fault),
    times=st.none() | st.integers(1, 3),
    delay=st.floats(0, 9),
    pace=st.floats(0, 9),
)


@given(st.lists(TURNS, max_size=4).map(tuple))
def test_a_script_survives_the_wire(script: Script) -> None:
    assert read(json.dumps(write(script))) == script


def test_a_prompt_carries_its_script() -> None:
    words = 'Do it. SCRIPT: [{"tool": "Bash", "input": {"command": "ls"}}, {"text": "x"}] and more'
    assert play(words) == (Turn(calls=(Call("Bash", {"command": "ls"}),)), Turn(text="x"))
    assert play("no script") == ()
    assert play("SCRIPT:nonsense", lambda text: (Turn(text=text),)) == (Turn(text="SCRIPT:nonsense"),)


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"fault": "boom"}]', '[{"tools": [{}]}]', "3"])
def test_an_unreadable_script_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        play(f"SCRIPT:{text}")


Messages = list[dict[str, Any]]
SCRIPT = 'Go. SCRIPT:[{"tool":"Bash","input":{"command":"a"}},{"text":"b"},{"text":"c"}]'


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def answer(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


USE = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
SAID = {"type": "text", "text": "said"}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "SCRIPT:[] in a result"}
BACK: dict[str, Any] = {
    "role": "user",
    "content": [RESULT, {"type": "text", "text": "<system-reminder>x</system-reminder>"}],
}
REMINDER = "<system-reminder>\nThe user said SCRIPT:[]\n</system-reminder>"


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with ScriptedModel() as model:
        yield model


async def post(model: ScriptedModel, messages: Messages, **more: Any) -> Any:
    """Return the answer's JSON, whole."""
    body = {"model": "opus", "messages": messages, "tools": [{}], **more}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{model.url}/v1/messages", json=body) as response,
    ):
        return await response.json()


def told(message: Any) -> str:
    (block,) = message["content"]
    return str(block.get("text", block.get("name")))


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([user(REMINDER, SCRIPT)], "Bash"),
        ([{"role": "user", "content": SCRIPT}], "Bash"),
        ([user(SCRIPT), answer(SAID, USE), BACK], "b"),
        # The CLI may split an answer with several calls into several messages.
        ([user(SCRIPT), answer(USE), answer(USE), BACK, BACK], "b"),
        ([user(SCRIPT), answer(USE), BACK, answer(SAID), BACK], "c"),
        ([user(SCRIPT), answer(USE), BACK, answer(SAID), user("go on")], "c"),
        ([user(SCRIPT), answer(USE), BACK, answer(SAID), user('SCRIPT:[{"text":"new"}]')], "new"),
        ([user(SCRIPT), *[answer(SAID), user("more")] * 5], "Done."),
        ([user("no script at all")], "Done."),
    ],
)
async def test_it_finds_its_place(model: ScriptedModel, messages: Messages, says: str) -> None:
    assert told(await post(model, messages)) == says


async def test_a_scenario_gets_the_latest_words_of_a_person() -> None:
    def scenario(text: str) -> Script:
        return (Turn(text=f"1 {text}"), Turn(text=f"2 {text}"))

    async with ScriptedModel(scenario) as model:
        assert told(await post(model, [user(REMINDER, "hello")])) == "1 hello"
        assert told(await post(model, [user("hello"), answer(USE), BACK])) == "2 hello"
        assert told(await post(model, [user("a"), answer(SAID), user("b")])) == "1 b"


async def test_side_calls_leave_the_script_alone(model: ScriptedModel) -> None:
    assert told(await post(model, [user(SCRIPT)], tools=[])) == "ok"
    schema = {"properties": {"title": {"type": "string"}, "isNewTopic": {"type": "boolean"}}}
    config = {"format": {"type": "json_schema", "schema": schema}}
    titled = told(await post(model, [user(SCRIPT)], tools=[], output_config=config))
    assert json.loads(titled) == {"title": "Scripted work", "isNewTopic": False}
    assert [request.is_side for request in model.requests] == [True, True]


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        ('{"status":429}', "rate_limit_error"),
        ('{"status":529}', "overloaded_error"),
        ('{"status":500}', "api_error"),
        ('{"status":401}', "authentication_error"),
        ('{"fault":"credit"}', "invalid_request_error"),
        ("nonsense", "invalid_request_error"),
    ],
)
async def test_it_refuses_as_the_script_says(model: ScriptedModel, turn: str, kind: str) -> None:
    refused = await post(model, [user(f"SCRIPT:[{turn}]")], stream=True)
    assert (refused["type"], refused["error"]["type"]) == ("error", kind)


async def test_it_recovers_after_some_times(model: ScriptedModel) -> None:
    messages = [user('SCRIPT:[{"status":529,"times":2,"text":"fine"}]')]
    kinds = [(await post(model, messages))["type"] for _ in range(4)]
    assert kinds == ["error", "error", "message", "message"]


async def test_a_hang_ends_with_the_model(tmp_path: Path) -> None:
    async with ScriptedModel(socket=tmp_path / "m.sock") as model:
        connector = aiohttp.UnixConnector(model.url.removeprefix("unix://"))
        async with aiohttp.ClientSession("http://localhost", connector=connector) as session:
            body = {"messages": [user('SCRIPT:[{"fault":"hang"}]')], "tools": [{}]}
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await session.post("/v1/messages", json=body)


async def test_an_answer_streams_in_pieces_with_pauses(model: ScriptedModel) -> None:
    words = "x" * 100
    body = {
        "model": "opus",
        "stream": True,
        "tools": [{}],
        "messages": [user(f'SCRIPT:[{{"thought":"hm","text":"{words}","pace":0.02}}]')],
    }
    loop = asyncio.get_running_loop()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{model.url}/v1/messages?beta=true", json=body) as response,
    ):
        events: list[tuple[float, dict[str, Any]]] = [
            (loop.time(), json.loads(line[6:]))
            async for line in response.content
            if line.startswith(b"data: ")
        ]
    names = [event["type"] for _, event in events]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    deltas = [event["delta"] for _, event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == words
    assert "".join(delta.get("thinking", "") for delta in deltas) == "hm"
    assert events[-1][0] - events[0][0] > 0.08


async def test_it_keeps_a_bounded_record(model: ScriptedModel) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(250):
            body = {"messages": [user("x")], "model": "opus"}
            headers = {"X-Api-Key": "k"}
            url = f"{model.url}/v1/messages"
            async with session.post(url, json=body, headers=headers) as response:
                await response.read()
    assert (model.count, len(model.requests)) == (250, 200)
    assert model.requests[-1].headers["x-api-key"] == "k"


async def test_other_paths(model: ScriptedModel) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{model.url}/v1/messages/count_tokens"
        async with session.post(url, json={"messages": []}) as response:
            assert (await response.json())["input_tokens"] > 0
        async with session.get(f"{model.url}/v1/models") as response:
            assert response.status == 404
