"""Runs the Claude CLI in a sandbox and speaks with it through the agent SDK."""

import asyncio
import contextlib
import importlib.metadata
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import claude_agent_sdk
from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    Message,
    ProcessError,
    ResultError,
    SystemMessage,
)
from claude_agent_sdk._errors import MessageParseError
from claude_agent_sdk._internal.transport.subprocess_cli import SubprocessCLITransport

from halftui.domain.happenings import Ended, Happening, Heard
from halftui.errors import AttemptFailed, Misconfigured, Unavailable
from halftui.failpoints import failpoint
from halftui.runtime.base import Abilities, Brief, Command, Desk, Inside, Letter, Process, ProcessExit
from halftui.runtime.claude_report import Report
from halftui.runtime.claude_stream import GARBAGE, Stream, garbage
from halftui.runtime.claude_tools import BOARD, board_server, permission
from halftui.runtime.outcome import Remains, Result, classify

LONGEST_SYSTEM = 120_000  # bytes; Linux takes 128 KiB in one argument
CONNECT_SECONDS = 45.0
LONGEST_CONNECT = 55.0  # the SDK itself gives up after 60 s, with an error that says less
END_SECONDS = 15.0
RETRIES = 40
WEEK_IN_MS = 7 * 24 * 3600 * 1000

# The real credential never enters a sandbox: the board's proxy replaces these.
_PLACEHOLDERS = {
    "oauth": ("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-placeholder"),
    "api-key": ("ANTHROPIC_API_KEY", "placeholder"),
}
_SETTINGS = {
    # The base URL must be plain http, or the CLI speaks TLS into the socket.
    "ANTHROPIC_BASE_URL": "http://localhost",
    "CLAUDE_CODE_ENTRYPOINT": "sdk-py",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    # The CLI then says when no work goes on behind a result that will bring another result.
    "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS": "1",
    # A question may wait for a person for days: it must neither run out nor move aside.
    "MCP_TOOL_TIMEOUT": str(WEEK_IN_MS),
    "CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS": "0",
}
# Tools that leave the bead's clone, or promise something for after the attempt's end.
_FORBIDDEN = (
    "EnterWorktree",
    "ExitWorktree",
    "CronCreate",
    "CronDelete",
    "CronList",
    "ScheduleWakeup",
)
# The board's tools as the command line declares them; the server itself lives in the board.
# Without alwaysLoad the CLI hides them behind its tool search.
_DECLARED: Any = {"type": "sdk", "name": BOARD, "alwaysLoad": True}


class ClaudeRuntime:
    """The Runtime of the Claude CLI.

    `retries` is how often the CLI asks a failing provider, or a board that is away, again, with
    growing delays: 10 take three minutes, 40 twenty. `connect_seconds` bounds the greeting,
    `end_seconds` the farewell. `env` is added to the program's environment and must hold no secret.
    """

    kind = "claude"
    abilities = Abilities(resume=True, questions=True, permissions=True, cost=True, talk=True, tools=True)

    def __init__(
        self,
        credential: str = "oauth",
        *,
        retries: int = RETRIES,
        connect_seconds: float = CONNECT_SECONDS,
        end_seconds: float = END_SECONDS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        if credential not in _PLACEHOLDERS:
            raise Misconfigured(f"There is no credential kind {credential!r}.")
        self._credential = credential
        self._retries = retries
        self._connect_seconds = min(connect_seconds, LONGEST_CONNECT)
        self._end_seconds = end_seconds
        self._env = dict(env or {})

    def program(self) -> Path:
        """Return the CLI that the SDK's wheel brings. Raises Unavailable without it."""
        path = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
        if not path.is_file():
            raise Unavailable(
                "The installed claude-agent-sdk brings no Claude CLI.",
                "install it from a wheel for this platform",
            )
        return path

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return the CLI's command line and environment. Raises Misconfigured."""
        if len(brief.system.encode()) > LONGEST_SYSTEM:
            raise Misconfigured("What the agent is told of itself is too long for a command line.")
        options = replace(_options(brief), cli_path=inside.tool)
        # Private, and the only place that knows the CLI's flags; a contract test compares them.
        argv = SubprocessCLITransport(prompt="", options=options)._build_command()
        return Command(argv, self._environment(inside))

    def _environment(self, inside: Inside) -> dict[str, str]:
        name, placeholder = _PLACEHOLDERS[self._credential]
        return {
            **_SETTINGS,
            "CLAUDE_AGENT_SDK_VERSION": importlib.metadata.version("claude-agent-sdk"),
            "CLAUDE_CODE_MAX_RETRIES": str(self._retries),
            "ANTHROPIC_UNIX_SOCKET": f"{inside.sockets}/api.sock",
            "HOME": inside.home,
            name: placeholder,
            **self._env,
        }

    async def converse(self, brief: Brief, process: Process, desk: Desk) -> AsyncGenerator[Happening, None]:
        """Hand over the brief and yield what happens until the CLI ended.

        Leaving early, by closing the iterator, leaves the program running.
        """
        stream = Stream(process, brief.heard)
        report = Report(brief.session)
        client = ClaudeSDKClient(_answering(brief, desk), transport=stream)
        try:
            if await self._greet(client, brief, report):
                messages = _messages(client)
                desk.attend(ClaudeSpeaker(client, brief.session, report.owed))
                is_past = bool(brief.heard)
                async for message in messages:
                    for happening in report.of(message):
                        if not is_past:
                            yield happening
                        elif isinstance(happening, Heard):
                            is_past = happening.end < (brief.heard or 0)
                    if report.is_over and not is_past:
                        break
                desk.attend(None)
                if report.is_over:
                    failpoint("result.before")
                    for happening in await self._part(stream, messages, report):
                        yield happening
                    failpoint("result.after")
        except Unavailable:
            report.fault = "lost"
        finally:
            desk.attend(None)
            await client.disconnect()
        report.is_garbled |= stream.is_garbled
        yield await self._end(process, report)

    async def _greet(self, client: ClaudeSDKClient, brief: Brief, report: Report) -> bool:
        """Connect and send the prompt; False if the CLI does not listen, and then why."""
        try:
            with translate():
                async with asyncio.timeout(self._connect_seconds):
                    failpoint("initialize.before")
                    await client.connect()
                    failpoint("initialize.after")
                    failpoint("prompt.before")
                    await client.query(_message(_first(brief), brief.prompt), session_id=brief.session)
                    failpoint("prompt.after")
            return True
        except ResultError as error:
            report.refuse(error)
        except AttemptFailed as error:
            report.result = Result(is_error=True, text=error.message)
        except ProcessError:
            pass  # it ended; its exit code tells more
        except TimeoutError:
            report.fault = "hang"
        return False

    async def _part(
        self, stream: Stream, messages: AsyncIterator[Message], report: Report
    ) -> list[Happening]:
        """Ask the CLI to end, and return what it still says."""
        happenings: list[Happening] = []
        with contextlib.suppress(TimeoutError):  # then it is stopped
            async with asyncio.timeout(self._end_seconds):
                await stream.say_goodbye()
                async for message in messages:
                    happenings += report.of(message)
        return happenings

    async def _end(self, process: Process, report: Report) -> Ended:
        """Wait for the program's end, force it if need be, and give the verdict."""
        remains = Remains(None, result=report.result, fault=report.fault, is_garbled=report.is_garbled)
        try:
            exit_ = await self._exit(process, is_hanging=report.fault == "hang")
            errors = await process.error_tail()
        except Unavailable as error:
            return classify(replace(remains, fault="lost", errors=str(error)))
        return classify(replace(remains, code=exit_.code, is_oom=exit_.oom, errors=errors))

    async def _exit(self, process: Process, *, is_hanging: bool) -> ProcessExit:
        if not is_hanging:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(process.wait(), self._end_seconds)
        return await process.stop()


class ClaudeSpeaker:
    """Passes letters on to the CLI, which takes them up between two turns; `owed` are sent, not yet taken."""

    def __init__(self, client: ClaudeSDKClient, session: str, owed: set[str]) -> None:
        self._client = client
        self._session = session
        self._owed = owed

    async def say(self, letter: Letter) -> None:
        """Send a letter. Raises Unavailable if the CLI is gone."""
        self._owed.add(letter.ident)
        try:
            with translate():
                if letter.is_urgent:
                    await self._client.interrupt()
                await self._client.query(_message(letter.ident, letter.text), session_id=self._session)
        except (ClaudeSDKError, AttemptFailed) as error:
            self._owed.discard(letter.ident)
            raise Unavailable("the agent heard nothing", str(error)) from error


async def _message(ident: str, text: str) -> AsyncIterator[dict[str, Any]]:
    """Yield one message. The CLI takes one id once, so sending it twice is harmless."""
    content = {"role": "user", "content": text}
    yield {"type": "user", "uuid": ident, "message": content, "parent_tool_use_id": None}


@contextmanager
def translate() -> Iterator[None]:
    """Turn the SDK's bare Exception, which it raises for a refused request, into AttemptFailed."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:  # an error with a name of its own is told or found elsewhere
            raise
        raise AttemptFailed(str(error), reason="error") from error


def _first(brief: Brief) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, brief.attempt))


async def _messages(client: ClaudeSDKClient) -> AsyncIterator[Message]:
    """Yield messages until the output ends; one that the SDK can't parse comes as garbage."""
    while True:
        try:
            async for message in client.receive_messages():
                yield message
        except ProcessError:
            return
        except (MessageParseError, KeyError, TypeError, AttributeError, ValueError) as error:
            told = garbage(f"{type(error).__name__}: {error}")
            yield SystemMessage(GARBAGE, told)
        else:
            return


def _options(brief: Brief) -> ClaudeAgentOptions:
    """Return what becomes the CLI's flags. Nothing in the clone or the home configures it."""
    return ClaudeAgentOptions(
        system_prompt={"type": "preset", "preset": "claude_code", "append": brief.system},
        setting_sources=[],
        strict_mcp_config=True,
        mcp_servers={BOARD: _DECLARED},
        allowed_tools=[f"mcp__{BOARD}"],
        tools=list(brief.tools) or None,
        disallowed_tools=list(_FORBIDDEN),
        permission_mode="bypassPermissions" if brief.is_free else "acceptEdits",
        permission_prompt_tool_name="stdio",
        session_id=None if brief.is_resumed else brief.session,
        resume=brief.session if brief.is_resumed else None,
        model=brief.model or None,
        max_turns=brief.max_turns,
        # The CLI then says of each message when it takes it up.
        extra_args={"replay-user-messages": None},
    )


def _answering(brief: Brief, desk: Desk) -> ClaudeAgentOptions:
    """Return what the SDK answers in the board's process; the flags went with the command."""
    return ClaudeAgentOptions(
        mcp_servers={BOARD: board_server(brief, desk)},
        can_use_tool=permission(brief, desk),
        # A bead's text is no command: `/login` and `@/etc/passwd` stay words.
        verbatim_prompts=True,
    )
