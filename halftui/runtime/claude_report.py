"""Turns the Claude CLI's messages into happenings, and remembers how the conversation stands."""

from collections.abc import Iterator
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    ContentBlock,
    Message,
    ResultError,
    ResultMessage,
    ServerToolResultBlock,
    ServerToolUseBlock,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from halftui.domain.happenings import (
    Happening,
    Heard,
    Metered,
    Printed,
    Reached,
    Retrying,
    Returned,
    Said,
    Started,
    Thought,
    Used,
)
from halftui.runtime.claude_stream import GARBAGE, HEARD
from halftui.runtime.outcome import Result
from halftui.runtime.summaries import summarise

LARGEST = 2**53  # of numbers that are told: beyond it they have no float, or no whole number
_TOKENS_IN = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_MODEL_TOKENS_IN = ("inputTokens", "cacheCreationInputTokens", "cacheReadInputTokens")


class Report:
    """What became of the conversation so far."""

    def __init__(self, session: str) -> None:
        self.result: Result | None = None
        self.fault = ""  # what the board itself saw go wrong: hang or lost
        self.is_garbled = False
        self.owed: set[str] = set()  # messages that were sent and not taken up yet
        self._session = session
        self._work = ""
        self._has_started = False
        self._is_idle = True  # a CLI that never says otherwise is idle after its result
        self._error = ""  # the last failure of the provider, in the CLI's word
        self._taken: set[str] = set()  # messages that the CLI took up
        self._metered: set[str] = set()  # answers counted since the last result
        self._tokens = [0, 0]  # in and out, counted since the last result

    @property
    def is_over(self) -> bool:
        """True if there is a result and nothing goes on or waits that will bring another one."""
        return self.result is not None and self._is_idle and not self.owed

    def of(self, message: Message) -> Iterator[Happening]:
        """Yield what a message tells."""
        match message:
            case SystemMessage():
                yield from self._system(message.subtype, message.data)
            case AssistantMessage():
                yield from self._answer(message)
            case UserMessage(content=str(), uuid=str(ident)):
                yield from self._reached(ident)
            case UserMessage(content=list() as blocks):
                yield from self._blocks(blocks)
            case ResultMessage():
                yield from self._settle(message)
            case _:
                pass

    def refuse(self, error: ResultError) -> None:
        """Take note of a CLI that ended before it began, such as for an unknown session."""
        text = "; ".join(error.errors) or error.result or str(error)
        causes = (error.terminal_reason or "", error.subtype or "")
        self.result = Result(True, text, error.api_error_status, causes)

    def _reached(self, ident: str) -> Iterator[Happening]:
        """Take note of a message that the CLI has: the first time it works on it, and a result follows.

        What a later board sends again it only acknowledges.
        """
        self.owed.discard(ident)
        if ident not in self._taken:
            self._taken.add(ident)
            self.result = None
            yield Reached(ident)

    def _system(self, subtype: str, told: dict[str, Any]) -> Iterator[Happening]:
        if subtype == "init" and not self._has_started:
            self._has_started = True
            self._work = str(told.get("cwd") or "")
            yield Started(str(told.get("session_id") or self._session), str(told.get("model", "")))
        elif subtype == "api_retry":
            status = told.get("error_status")
            yield Retrying(
                status if isinstance(status, int) else None,
                _whole(told.get("attempt")),
                _number(told.get("retry_delay_ms")) / 1000,
            )
        elif subtype == "session_state_changed":
            self._is_idle = told.get("state") == "idle"
        elif subtype == HEARD:
            yield Heard(_whole(told.get("end")))
        elif subtype == GARBAGE:
            self.is_garbled = True
            yield Printed(str(told.get("text", "")))

    def _answer(self, message: AssistantMessage) -> Iterator[Happening]:
        if message.error:
            self._error = str(message.error)  # its words come again with the result
            return
        yield from self._blocks(message.content)
        if message.message_id and message.message_id not in self._metered:
            self._metered.add(message.message_id)
            usage = message.usage or {}
            tokens_in = sum(_whole(usage.get(name)) for name in _TOKENS_IN)
            tokens_out = _whole(usage.get("output_tokens"))
            self._tokens[0] += tokens_in
            self._tokens[1] += tokens_out
            yield Metered(tokens_in, tokens_out, turns=1)

    def _blocks(self, blocks: list[ContentBlock]) -> Iterator[Happening]:
        for block in blocks:
            match block:
                case TextBlock():
                    if block.text.strip():
                        yield Said(block.text)
                case ThinkingBlock():
                    if block.thinking.strip():
                        yield Thought(block.thinking)
                case ToolUseBlock() | ServerToolUseBlock():
                    given = block.input if isinstance(block.input, dict) else {}
                    yield Used(block.id, block.name, *summarise(block.name, given, self._work))
                case ToolResultBlock() | ServerToolResultBlock():
                    is_ok = not getattr(block, "is_error", False)
                    yield Returned(block.tool_use_id, is_ok, _plain(block.content))

    def _settle(self, message: ResultMessage) -> Iterator[Happening]:
        """Take the result, and count what the answers did not show: the rest and the cost."""
        text = message.result or "; ".join(message.errors or ())
        causes = (self._error, message.terminal_reason or "", message.subtype)
        self.result = Result(message.is_error, text, message.api_error_status, causes)
        spent = [use for use in (message.model_usage or {}).values() if isinstance(use, dict)]
        tokens_in = sum(_whole(use.get(name)) for use in spent for name in _MODEL_TOKENS_IN)
        tokens_out = sum(_whole(use.get("outputTokens")) for use in spent)
        rest = Metered(
            max(0, tokens_in - self._tokens[0]),
            max(0, tokens_out - self._tokens[1]),
            sum(_number(use.get("costUSD")) for use in spent),
        )
        self._metered.clear()
        self._tokens = [0, 0]
        if rest != Metered():
            yield rest


def _plain(content: Any) -> str:
    """Return a tool result's words; what is no text is only named."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    parts = content if isinstance(content, list) else []
    return "\n".join(
        str(part.get("text", f"[{part.get('type', 'unknown')}]")) for part in parts if isinstance(part, dict)
    )


def _number(value: Any) -> float:
    return float(min(value, LARGEST)) if isinstance(value, int | float) and value >= 0 else 0.0


def _whole(value: Any) -> int:
    return int(_number(value))
