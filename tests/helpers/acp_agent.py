"""A small agent of the Agent Client Protocol: it asks once, commits a file, and answers what it is told."""

import asyncio
import subprocess
import sys
import uuid
from typing import Any, cast

import acp
from acp import schema as wire


class SmallAgent:
    """Works on `agent.txt`; the words of a prompt choose what else it does."""

    def __init__(self) -> None:
        self._work = ""
        self._turns = 0
        self._cancelled = asyncio.Event()

    def on_connect(self, conn: Any) -> None:
        self._board = conn

    async def initialize(self, protocol_version: int, **kwargs: Any) -> wire.InitializeResponse:
        return wire.InitializeResponse(protocol_version=acp.PROTOCOL_VERSION)

    async def new_session(self, cwd: str, **kwargs: Any) -> wire.NewSessionResponse:
        if "--locked" in sys.argv:
            raise acp.RequestError.auth_required()
        self._work = cwd
        return wire.NewSessionResponse(session_id=str(uuid.uuid4()))

    async def cancel(self, session_id: str, **kwargs: Any) -> None:
        self._cancelled.set()

    async def prompt(self, session_id: str, prompt: list[Any], **kwargs: Any) -> wire.PromptResponse:
        text = prompt[0].text
        self._turns += 1
        if "DIE" in text:
            sys.exit(3)
        if "STOP" in text:
            return wire.PromptResponse(stop_reason="max_tokens")
        if self._turns > 1:
            await self._say(session_id, f"I heard: {text}")
            return wire.PromptResponse(stop_reason="end_turn")
        await self._work_on(session_id)
        if "WAIT" in text:
            (await asyncio.to_thread(open, f"{self._work}/waiting", "w")).close()
            await self._cancelled.wait()
            return wire.PromptResponse(stop_reason="cancelled")
        await self._say(session_id, "agent.txt ", "is there.")
        return wire.PromptResponse(stop_reason="end_turn")

    async def _work_on(self, session: str) -> None:
        call = acp.start_tool_call("c1", "Write agent.txt", kind="edit", raw_input={"path": "agent.txt"})
        await self._board.session_update(session_id=session, update=call)
        options = [
            wire.PermissionOption(option_id="yes", name="Do", kind="allow_once"),
            wire.PermissionOption(option_id="no", name="Don't", kind="reject_once"),
        ]
        asked = wire.ToolCallUpdate(tool_call_id="c1", title="Write agent.txt", kind="edit")
        answer = await self._board.request_permission(session_id=session, tool_call=asked, options=options)
        is_allowed = answer.outcome.outcome == "selected" and answer.outcome.option_id == "yes"
        if is_allowed:
            command = "echo hi > agent.txt && git add -A && git commit -q -m 'Add agent.txt'"
            await asyncio.to_thread(subprocess.run, ["sh", "-c", command], cwd=self._work, check=True)
        done = acp.update_tool_call("c1", status="completed" if is_allowed else "failed")
        await self._board.session_update(session_id=session, update=done)

    async def _say(self, session: str, *pieces: str) -> None:
        for piece in pieces:
            await self._board.session_update(session_id=session, update=acp.update_agent_message_text(piece))


if __name__ == "__main__":
    asyncio.run(acp.run_agent(cast(acp.Agent, SmallAgent())))
