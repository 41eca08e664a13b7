"""What the board answers a Claude agent: its questions, and whether a tool may run."""

from collections.abc import Awaitable, Callable
from typing import Any

from claude_agent_sdk import (
    McpSdkServerConfig,
    PermissionResultAllow,
    PermissionResultDeny,
    SdkMcpTool,
    ToolPermissionContext,
    create_sdk_mcp_server,
    tool,
)

from halftui.domain.board_tools import ASK, TOOLS, BoardTool
from halftui.domain.happenings import Option, Question
from halftui.runtime.base import Brief, Desk
from halftui.runtime.summaries import summarise

BOARD = "board"
CALL = "halftui_call"  # where the stream puts the id of the tool call among a tool's arguments
REFUSAL = "A person refused this. Go on without it, or hand in what you have."

Verdict = PermissionResultAllow | PermissionResultDeny


def board_server(brief: Brief, desk: Desk) -> McpSdkServerConfig:
    """Return the MCP server, in the board's own process, whose tools the agent may always use."""

    @tool(ASK.name, ASK.purpose, ASK.schema)
    async def ask(given: dict[str, Any]) -> dict[str, Any]:
        options = tuple(Option(label) for label in given.get("options", ()))
        request = str(given.get(CALL, ""))
        answer = await desk.ask(Question("question", given["question"], options, request=request))
        return {"content": [{"type": "text", "text": answer.text}]}

    return create_sdk_mcp_server(BOARD, tools=[ask, *(_served(one, desk) for one in TOOLS)])


def _served(told: BoardTool, desk: Desk) -> SdkMcpTool[Any]:
    """Return a tool of the board as the SDK serves it."""

    @tool(told.name, told.purpose, told.schema)
    async def use(given: dict[str, Any]) -> dict[str, Any]:
        reply = await desk.use(
            told.name, {k: v for k, v in given.items() if k != CALL}, str(given.get(CALL, ""))
        )
        return {"content": [{"type": "text", "text": reply.text}], "is_error": not reply.is_ok}

    return use


def permission(
    brief: Brief, desk: Desk
) -> Callable[[str, dict[str, Any], ToolPermissionContext], Awaitable[Verdict]]:
    """Return the SDK's `can_use_tool`: what the CLI is not sure of is asked of a person.

    The CLI lets through by itself what only reads inside the clone; in a free sandbox everything.
    """

    async def decide(name: str, given: dict[str, Any], context: ToolPermissionContext) -> Verdict:
        request = context.tool_use_id or ""
        if name == "AskUserQuestion":
            return await _answer_all(given, desk, request)
        if brief.is_free:
            return PermissionResultAllow()
        summary, detail = summarise(name, given)
        question = Question("permission", summary, tool=name, detail=detail, request=request)
        answer = await desk.ask(question)
        if answer.is_allowed:
            return PermissionResultAllow()
        return PermissionResultDeny(message=answer.text or REFUSAL)

    return decide


async def _answer_all(given: dict[str, Any], desk: Desk, request: str) -> Verdict:
    """Put each of the CLI's own questions to a person, one after the other."""
    answers: dict[str, str] = {}
    for number, asked in enumerate(given.get("questions", ())):
        options = tuple(
            Option(str(option.get("label", "")), str(option.get("description", "")))
            for option in asked.get("options", ())
        )
        text = str(asked.get("question", ""))
        question = Question("question", text, options, request=f"{request}:{number}")
        answers[text] = (await desk.ask(question)).text
    return PermissionResultAllow(updated_input={**given, "answers": answers})
