"""The board's side of the Agent Client Protocol: takes in what an agent reports, and answers what it asks."""

from collections.abc import Callable
from typing import Any, TypeVar

from acp import RequestError
from acp import schema as wire

from halftui.domain.happenings import Happening, Question, Returned, Said, Thought, Used
from halftui.runtime.base import Brief, Desk
from halftui.runtime.summaries import one_line, summarise

LONGEST_DETAIL = 16_384
LONGEST_PIECE = 65_536  # of what the agent says without a pause
MOST_CALLS = 10_000  # tool calls that are remembered
T = TypeVar("T")
_ALLOWS = ("allow_once", "allow_always")
_REFUSES = ("reject_once", "reject_always")


class BoardClient:
    """A client without files or terminals of its own: the agent works in its sandbox with its own tools."""

    def __init__(self, brief: Brief, desk: Desk, report: Callable[[Happening], None], work: str = "") -> None:
        self._brief = brief
        self._desk = desk
        self._report = report
        self._work = work
        self._words = ""
        self._thoughts = ""
        self._last = ""
        self._told: dict[str, None] = {}  # the tool calls that were reported
        self._printed: dict[str, str] = {}  # what those print that run now

    def begin(self) -> None:
        """Begin a turn."""
        self._last = ""

    def finish(self) -> str:
        """End a turn and return its last words."""
        self._flush()
        return self._last

    def on_connect(self, conn: Any) -> None:
        """Take note of nothing: the conversation holds the connection."""

    async def session_update(self, session_id: str, update: Any, **kwargs: Any) -> None:
        """Report what the agent says and does."""
        match update:
            case wire.AgentMessageChunk(content=wire.TextContentBlock(text=text)):
                self._words += text
                if len(self._words) > LONGEST_PIECE:
                    self._flush()
            case wire.AgentThoughtChunk(content=wire.TextContentBlock(text=text)):
                self._thoughts += text
                if len(self._thoughts) > LONGEST_PIECE:
                    self._flush()
            case wire.ToolCallStart():
                self._use(update)
            case wire.ToolCallProgress():
                self._go_on(update)

    async def request_permission(
        self,
        session_id: str,
        tool_call: wire.ToolCallUpdate,
        options: list[wire.PermissionOption],
        **kwargs: Any,
    ) -> wire.RequestPermissionResponse:
        """Let a person decide, or the sandbox where it confines the agent."""
        self._use(tool_call)
        is_allowed = self._brief.is_free
        if not is_allowed:
            summary, detail = self._summary(tool_call)
            request = f"{self._brief.attempt}:{tool_call.tool_call_id}"
            tool = tool_call.kind or "tool"
            asked = Question("permission", summary, tool=tool, detail=detail, request=request)
            is_allowed = (await self._desk.ask(asked)).is_allowed
        wanted = _ALLOWS if is_allowed else _REFUSES
        chosen = next((o for kind in wanted for o in options if o.kind == kind), None)
        if chosen is None:
            return wire.RequestPermissionResponse(outcome=wire.DeniedOutcome(outcome="cancelled"))
        outcome = wire.AllowedOutcome(outcome="selected", option_id=chosen.option_id)
        return wire.RequestPermissionResponse(outcome=outcome)

    async def ext_method(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is not of the protocol."""
        raise RequestError.method_not_found(method)

    async def ext_notification(self, method: str, params: dict[str, Any]) -> None:
        """Pass over what is not of the protocol."""

    def __getattr__(self, name: str) -> Any:
        """Refuse files and terminals, which this client did not offer."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def refuse(*args: Any, **kwargs: Any) -> Any:
            raise RequestError.method_not_found(name)

        return refuse

    def _use(self, call: wire.ToolCallStart | wire.ToolCallProgress | wire.ToolCallUpdate) -> None:
        """Report a tool call where it is first told of: some agents begin with asking for permission."""
        if call.tool_call_id not in self._told:
            _remember(self._told, call.tool_call_id, None)
            self._flush()
            self._report(Used(call.tool_call_id, call.kind or "tool", *self._summary(call)))

    def _go_on(self, update: wire.ToolCallProgress) -> None:
        """Keep what a tool prints, and report its end; some agents tell output beside the protocol."""
        call = update.tool_call_id
        match update.field_meta:
            case {"terminal_output_delta": {"data": str() as more}}:
                _remember(self._printed, call, (self._printed.get(call, "") + more)[:LONGEST_DETAIL])
        if update.status in ("completed", "failed"):
            self._use(update)
            text = _text(update.content) or self._printed.pop(call, "")
            self._report(Returned(call, update.status == "completed", text))

    def _summary(self, call: Any) -> tuple[str, str]:
        title = one_line(call.title or call.kind or "tool")
        given = call.raw_input if isinstance(call.raw_input, dict) else {}
        if given.get("cwd") == self._work:  # as usual, and another folder for each bead
            given = {name: value for name, value in given.items() if name != "cwd"}
        detail = summarise(call.kind or "tool", given)[1] or _text(call.content)
        return title, detail[:LONGEST_DETAIL]

    def _flush(self) -> None:
        if self._thoughts.strip():
            self._report(Thought(self._thoughts))
        if self._words.strip():
            self._report(Said(self._words))
            self._last = self._words
        self._words = self._thoughts = ""


def _remember(kept: dict[str, T], call: str, value: T) -> None:
    """Keep something of a tool call; of too many, the first is forgotten."""
    kept[call] = value
    if len(kept) > MOST_CALLS:
        del kept[next(iter(kept))]


def _text(content: Any) -> str:
    """Return the words and changes of a tool call's content."""
    parts = []
    for one in content or ():
        match one:
            case wire.ContentToolCallContent(content=wire.TextContentBlock(text=text)):
                parts.append(text)
            case wire.FileEditToolCallContent(path=path):
                parts.append(f"changes {path}")
    return "\n".join(parts)
