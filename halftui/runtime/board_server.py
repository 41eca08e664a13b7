"""Serves the board's tools to a program in a sandbox: MCP, a message a line, on a socket of the attempt.

Who may connect is who may open the socket: the attempt's own agent. The few messages of the protocol are
spoken here and not by its library, which takes 0.7 s of CPU to import and differs from version to version.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from halftui import __version__
from halftui.domain.board_tools import ASK, TOOLS, BoardTool, Reply
from halftui.domain.happenings import Option, Question
from halftui.errors import HalfTUIError
from halftui.runtime import bridge
from halftui.runtime.base import Desk

SOCKET = "board.sock"
BRIDGE = "bridge.py"  # beside the socket, where the sandbox shows it read-only
SERVER = "board"
PROTOCOL = "2025-06-18"  # told to clients that name no version; the messages used are the same in all
LONGEST_LINE = 2**20
MOST_LINKS = 8  # of one attempt; an agent needs one
MOST_CALLS = 16  # at a time on one link
NO_METHOD, BAD_MESSAGE = -32601, -32600  # of JSON-RPC 2.0


@asynccontextmanager
async def serve(folder: Path, desk: Desk) -> AsyncIterator[Path]:
    """Listen on `folder`/board.sock, for this user alone, and yield the path; at the end all links are cut.

    A sandbox with another user is given the folder, and the socket in it, when it starts.
    """
    path = folder / SOCKET
    path.unlink(missing_ok=True)
    await asyncio.to_thread(_put_bridge, folder)
    links: set[asyncio.Task[None]] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(links) >= MOST_LINKS:
            writer.close()
            return
        links.add(task)
        try:
            await _Link(reader, writer, desk).run()
        except asyncio.CancelledError:
            pass  # by the end below, which waits for it
        finally:
            links.discard(task)
            writer.transport.abort()

    server = await asyncio.start_unix_server(attend, path, limit=LONGEST_LINE)
    path.chmod(0o600)
    try:
        yield path
    finally:
        server.close()
        for link in (left := tuple(links)):
            link.cancel()
        await asyncio.gather(*left)
        path.unlink(missing_ok=True)


def launch(sockets: str, python: str) -> list[str]:
    """Return what starts the bridge to the tools, `sockets` being the folder as the program sees it."""
    return [python, "-I", f"{sockets}/{BRIDGE}", f"{sockets}/{SOCKET}"]


def _put_bridge(folder: Path) -> None:
    place = folder / BRIDGE
    place.unlink(missing_ok=True)
    place.write_text(Path(bridge.__file__).read_text("utf-8"), "utf-8")
    place.chmod(0o400)


class _Link:
    """One client of the tools."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, desk: Desk) -> None:
        self._reader = reader
        self._writer = writer
        self._desk = desk
        self._free = asyncio.Semaphore(MOST_CALLS)

    async def run(self) -> None:
        """Answer until the client hangs up, or says what is no line of the protocol."""
        calls: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            # A line that is too long, or no JSON, ends the link as a hang-up does.
            with contextlib.suppress(ValueError, RecursionError, OSError):
                while line := await self._reader.readline():
                    message = json.loads(line)
                    await self._free.acquire()
                    calls.add(task := group.create_task(self._answer(message)))
                    task.add_done_callback(calls.discard)
            for call in calls:
                call.cancel()

    async def _answer(self, message: Any) -> None:
        try:
            if (answer := await self._of(message)) is not None:
                self._writer.write(json.dumps({"jsonrpc": "2.0", **answer}).encode() + b"\n")
                await self._writer.drain()
        except OSError:
            self._writer.transport.abort()  # the client is gone; the reader sees it, too
        finally:
            self._free.release()

    async def _of(self, message: Any) -> dict[str, Any] | None:
        """Return the answer to a message; None to a notification."""
        match message:
            case {"id": ident, "method": "initialize"}:
                return {"id": ident, "result": _greeting(_parameters(message))}
            case {"id": ident, "method": "ping"}:
                return {"id": ident, "result": {}}
            case {"id": ident, "method": "tools/list"}:
                return {"id": ident, "result": {"tools": [_told(tool) for tool in (ASK, *TOOLS)]}}
            case {"id": ident, "method": "tools/call"}:
                reply = await self._use(_parameters(message))
                content = [{"type": "text", "text": reply.text}]
                return {"id": ident, "result": {"content": content, "isError": not reply.is_ok}}
            case {"id": ident, "method": method}:
                return {"id": ident, "error": {"code": NO_METHOD, "message": f"there is no {method}"}}
            case {"method": _}:
                return None
        return {"id": None, "error": {"code": BAD_MESSAGE, "message": "this is no request"}}

    async def _use(self, asked: Mapping[str, Any]) -> Reply:
        """Use a tool. A call has no name that another board would know: an agent of a lost board is ended."""
        tool, given = asked.get("name"), asked.get("arguments") or {}
        if not isinstance(tool, str) or not isinstance(given, dict):
            return Reply("a call needs a name and arguments", is_ok=False)
        request = str(uuid.uuid4())
        if tool != ASK.name:
            return await self._desk.use(tool, given, request)
        if (question := _question(given, request)) is None:
            return Reply("ask takes a question in words, and options in words", is_ok=False)
        try:
            return Reply((await self._desk.ask(question)).text)
        except HalfTUIError as error:
            return Reply(str(error), is_ok=False)


def _parameters(message: Mapping[str, Any]) -> Mapping[str, Any]:
    found = message.get("params")
    return found if isinstance(found, dict) else {}


def _greeting(asked: Mapping[str, Any]) -> dict[str, Any]:
    wanted = asked.get("protocolVersion")
    return {
        "protocolVersion": wanted if isinstance(wanted, str) else PROTOCOL,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": SERVER, "version": __version__},
    }


def _told(tool: BoardTool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.purpose, "inputSchema": tool.schema}


def _question(given: Mapping[str, Any], request: str) -> Question | None:
    text, labels = given.get("question"), given.get("options") or []
    if not isinstance(text, str) or not text.strip() or not isinstance(labels, list):
        return None
    if not all(isinstance(label, str) for label in labels):
        return None
    return Question("question", text, tuple(Option(label) for label in labels[:20]), request=request)
