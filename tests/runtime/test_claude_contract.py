"""What ClaudeRuntime takes for granted of the SDK's private parts and of the bundled CLI."""

import inspect
import json
from pathlib import Path

import claude_agent_sdk
import pytest
from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, Transport
from claude_agent_sdk._errors import MessageParseError
from claude_agent_sdk._internal.query import Query
from claude_agent_sdk._internal.transport.subprocess_cli import SubprocessCLITransport

from halftui.errors import Misconfigured
from halftui.runtime.base import Brief
from halftui.runtime.claude import _FORBIDDEN, _SETTINGS, LONGEST_SYSTEM, ClaudeRuntime
from halftui.runtime.claude_stream import Stream
from halftui.sandbox.base import Inside
from tests.runtime.doubles import SaidProcess

INSIDE = Inside("/work", "/home/agent", "/run/halftui", "/opt/tool")
SESSION = "7b0d9e0e-3d43-4d8f-9c5e-0f8a3c1d2e4f"


def brief(**changes: object) -> Brief:
    fields: dict[str, object] = {
        "attempt": "a",
        "bead": "b",
        "prompt": "secret of the prompt",
        "system": "You are Toast.",
        "session": SESSION,
    }
    return Brief(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_command_line_of_a_new_session() -> None:
    command = ClaudeRuntime().command(brief(), INSIDE)
    declared = {"mcpServers": {"board": {"type": "sdk", "name": "board", "alwaysLoad": True}}}
    assert list(command.argv) == [
        "/opt/tool",
        *("--output-format", "stream-json"),
        "--verbose",
        *("--append-system-prompt", "You are Toast."),
        *("--allowedTools", "mcp__board"),
        *("--disallowedTools", ",".join(_FORBIDDEN)),
        *("--permission-prompt-tool", "stdio"),
        *("--permission-mode", "acceptEdits"),
        f"--session-id={SESSION}",
        *("--mcp-config", json.dumps(declared)),
        "--strict-mcp-config",
        "--setting-sources=",
        "--replay-user-messages",
        *("--input-format", "stream-json"),
    ]


def test_the_command_line_of_a_free_and_resumed_one() -> None:
    told = brief(is_free=True, is_resumed=True, model="opus", max_turns=7)
    argv = list(ClaudeRuntime().command(told, INSIDE).argv)
    assert f"--resume={SESSION}" in argv
    assert not any(word.startswith("--session-id") for word in argv)
    assert argv[argv.index("--permission-mode") + 1] == "bypassPermissions"
    assert argv[argv.index("--model") + 1] == "opus"
    assert argv[argv.index("--max-turns") + 1] == "7"


def test_the_environment_holds_one_placeholder_and_the_socket() -> None:
    for kind, name, other in (
        ("oauth", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY"),
        ("api-key", "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"),
    ):
        runtime = ClaudeRuntime(kind, retries=3, env={"EXTRA": "1"})
        env = runtime.command(brief(), INSIDE).env
        assert "placeholder" in env[name]
        assert other not in env
        assert env["ANTHROPIC_UNIX_SOCKET"] == "/run/halftui/api.sock"
        assert env["ANTHROPIC_BASE_URL"].startswith("http://")
        assert (env["HOME"], env["CLAUDE_CODE_MAX_RETRIES"], env["EXTRA"]) == (
            "/home/agent",
            "3",
            "1",
        )
    with pytest.raises(Misconfigured):
        ClaudeRuntime("cookie")


def test_the_prompt_is_no_part_of_the_command() -> None:
    command = ClaudeRuntime().command(brief(), INSIDE)
    assert "secret of the prompt" not in repr(command)


def test_words_too_long_for_a_command_line_are_refused() -> None:
    with pytest.raises(Misconfigured):
        ClaudeRuntime().command(brief(system="ü" * (LONGEST_SYSTEM // 2 + 1)), INSIDE)


def test_the_wheel_brings_the_cli_and_it_knows_our_settings() -> None:
    binary = ClaudeRuntime().program().read_bytes()
    names = [*_SETTINGS, "ANTHROPIC_UNIX_SOCKET", "CLAUDE_CODE_MAX_RETRIES", "end_session"]
    names += ["model_usage_since_last_result", "session_state_changed", "client_composed"]
    assert [name for name in names if name.encode() not in binary] == []


def test_the_sdks_private_parts() -> None:
    """Every private name that is used, and what is relied on behind public ones."""
    build = SubprocessCLITransport(prompt="", options=ClaudeAgentOptions(cli_path=Path("x")))._build_command
    assert build()[0] == "x"
    assert issubclass(MessageParseError, claude_agent_sdk.ClaudeSDKError)
    assert "transport" in inspect.signature(ClaudeSDKClient).parameters
    abstract: frozenset[str] = Transport.__abstractmethods__
    assert abstract <= set(vars(Stream))
    # The greeting must end before the SDK gives up by itself, at 60 s.
    assert inspect.signature(Query).parameters["initialize_timeout"].default == 60.0


async def test_the_sdk_can_hold_what_the_stream_holds_back() -> None:
    query = Query(transport=Stream(SaidProcess([])), is_streaming_mode=True)
    assert query._message_send.statistics().max_buffer_size == 100
    await query.close()
    query.close_receive_stream()
