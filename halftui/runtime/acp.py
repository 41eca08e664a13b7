"""Runs agents that speak the Agent Client Protocol."""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import acp
from acp import PROTOCOL_VERSION, RequestError
from acp import schema as wire

from halftui.domain.happenings import Happening, Heard, Metered, Reached, Started
from halftui.errors import Unavailable
from halftui.runtime import board_server
from halftui.runtime.acp_client import BoardClient
from halftui.runtime.base import Brief, Command, Desk, Inside, Letter, Process
from halftui.runtime.lines import Framer, is_heavy
from halftui.runtime.outcome import Remains, Result, classify
from halftui.runtime.preset import ANY, Preset

LONGEST_LINE = 32 * 2**20
MOST_REQUESTS = 64  # of the agent's that wait for an answer; of its questions, fewer may
GREETING_SECONDS = 60.0
END_SECONDS = 5.0
_CODES = {-32000: "authentication_failed", 429: "rate_limit"}  # of the protocol, and of HTTP as some tell it
_BAD_ENDS = {"max_tokens": "max_turns", "max_turn_requests": "max_turns"}

Queue = asyncio.Queue[Happening | None]
Servers = list[wire.HttpMcpServer | wire.SseMcpServer | wire.AcpMcpServer | wire.McpServerStdio]


class AcpRuntime:
    """The Runtime of the Agent Client Protocol. What it works on is its clone; a board that died ends it."""

    def __init__(self, preset: Preset = ANY) -> None:
        self.kind = preset.kind
        self.abilities = preset.abilities
        self._preset = preset
        self._inside: Inside | None = None

    def program(self) -> Path | None:
        """Return what to show of this machine. Raises Unavailable if the agent is not installed."""
        return self._preset.program()

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return the agent's command line."""
        self._inside = inside
        return self._preset.command(brief, inside)

    async def converse(self, brief: Brief, process: Process, desk: Desk) -> AsyncGenerator[Happening, None]:
        """Prompt the agent until there is nothing more to say, and yield what happens."""
        inside = self._inside
        if inside is None or brief.is_adopted:  # its answers went to a board that is gone; its clone is left
            await process.stop()
            yield classify(Remains(None, fault="lost", errors="its board died"))
            return
        happenings: Queue = asyncio.Queue()
        talk = _Conversation(self._preset, brief, process, desk, happenings, inside.work)
        # A task of its own and not one of a group, since a group can't be held open over a yield.
        servers = [] if self._preset.has_servers else _servers(brief, inside)
        speaking = asyncio.create_task(talk.run(servers))
        try:
            while (happening := await happenings.get()) is not None:
                yield happening
                happenings.task_done()
            remains = await speaking
        finally:
            desk.attend(None)
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaking
        yield classify(remains)


class _Forgotten(Exception):
    """The agent does not know the session that it was to go on with."""

    def __init__(self, session: str, error: RequestError) -> None:
        super().__init__(f"No conversation found with session ID {session}: {error}")


class _Conversation:
    """One agent, from its greeting to its end."""

    def __init__(
        self, preset: Preset, brief: Brief, process: Process, desk: Desk, happenings: Queue, work: str
    ) -> None:
        self._preset = preset
        self._brief = brief
        self._process = process
        self._desk = desk
        self._happenings = happenings
        self._letters: deque[Letter] = deque()
        self._work = work
        self._client = BoardClient(brief, desk, happenings.put_nowait, work)
        self._wire = _Wire(process, happenings)
        self._agent = acp.connect_to_agent(self._client, self._wire)
        self._session = ""

    async def run(self, servers: Servers) -> Remains:
        """Speak until the end, and return what is left then."""
        try:
            result = await self._speak(servers)
            remains = Remains(0, result=result)  # a server that is told to go exits as it likes
        except RequestError as error:
            remains = Remains(0, result=_refusal(error))
        except _Forgotten as error:
            remains = Remains(0, result=Result(is_error=True, text=str(error)))
        except TimeoutError:
            remains = Remains(None, fault="hang")
        except (ConnectionError, Unavailable) as error:
            remains = Remains(None, errors=str(error))
        finally:
            self._desk.attend(None)
            await self._agent.close()
            self._happenings.put_nowait(None)
        return await self._end(remains)

    async def say(self, letter: Letter) -> None:
        """Take a letter for the next turn; an urgent one ends the turn that runs."""
        self._letters.append(letter)
        if letter.is_urgent:
            try:
                await self._agent.cancel(session_id=self._session)
            except ConnectionError as error:
                raise Unavailable("the agent heard nothing", str(error)) from error

    async def _speak(self, servers: Servers) -> Result:
        async with asyncio.timeout(GREETING_SECONDS):
            await self._agent.initialize(
                protocol_version=PROTOCOL_VERSION,
                client_capabilities=wire.ClientCapabilities(field_meta=dict(self._preset.extras)),
            )
            self._session = await self._open(servers)
        self._happenings.put_nowait(Started(self._session))
        self._desk.attend(self)
        result = await self._turn(f"{self._brief.system}\n\n{self._brief.prompt}")
        while self._letters:
            letter = self._letters.popleft()
            self._happenings.put_nowait(Reached(letter.ident))
            result = await self._turn(letter.text)
        return result

    async def _open(self, servers: Servers) -> str:
        """Open a session, or the earlier one again, and return its id."""
        if not self._brief.is_resumed:
            return (await self._agent.new_session(cwd=self._work, mcp_servers=servers)).session_id
        try:
            await self._agent.resume_session(
                cwd=self._work, session_id=self._brief.session, mcp_servers=servers
            )
        except RequestError as error:
            raise _Forgotten(self._brief.session, error) from error
        return self._brief.session

    async def _turn(self, text: str) -> Result:
        self._client.begin()
        answer = await self._agent.prompt(session_id=self._session, prompt=[acp.text_block(text)])
        words = self._client.finish()
        usage = answer.usage
        if not self._preset.is_metered:
            used = (usage.input_tokens, usage.output_tokens) if usage else (0, 0)
            self._happenings.put_nowait(Metered(*used, turns=1))
        self._wire.note()  # what is metered is kept with what is heard
        if failed := self._preset.failure(answer.field_meta or {}):
            return failed
        if answer.stop_reason == "cancelled" and self._client.refusal and not self._letters:
            return await self._turn(self._client.refusal)  # some break off over it, and wait for words
        if answer.stop_reason == "end_turn":
            return Result(is_error=False, text=words)
        return Result(
            True, f"it stopped: {answer.stop_reason}", causes=(_BAD_ENDS.get(answer.stop_reason, ""),)
        )

    async def _end(self, remains: Remains) -> Remains:
        """End the program, and tell how it ended where it did so by itself."""
        try:
            if remains.result is None and remains.fault != "hang":
                exit_ = await asyncio.wait_for(self._process.wait(), END_SECONDS)
                errors = await self._process.error_tail()
                return replace(remains, code=exit_.code, is_oom=exit_.oom, errors=errors)
            await self._process.stop()
        except TimeoutError:
            await self._process.stop()
            return replace(remains, fault="hang")
        except Unavailable as error:
            return replace(remains, fault="lost", errors=str(error))
        return remains


class _Wire:
    """The protocol's messages over a sandbox's byte streams."""

    def __init__(self, process: Process, happenings: Queue) -> None:
        self._process = process
        self._happenings = happenings
        self._framer = Framer(LONGEST_LINE)
        self._lines: deque[bytes] = deque()
        self._chunks: AsyncIterator[bytes] = process.output()
        self._free = asyncio.Semaphore(MOST_REQUESTS)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        try:
            await self._process.write(json.dumps(message).encode() + b"\n")
        except Unavailable as error:
            raise ConnectionError(str(error)) from error
        finally:
            if "method" not in message:  # an answer
                self._free.release()

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message; None at the end. A line that is none is passed over.

        Nothing is read while the board has not taken in what came before, or answered what was asked.
        """
        while True:
            while self._lines:
                if (message := _parsed(self._lines.popleft())) is not None:
                    if "method" in message and "id" in message:
                        await self._free.acquire()
                    return message
            self.note()
            try:
                await self._happenings.join()
                self._lines.extend(self._framer.feed(await anext(self._chunks)))
            except (StopAsyncIteration, Unavailable):
                return None
            except asyncio.CancelledError:  # between two pieces nobody else would end the connection
                if isinstance(self._chunks, AsyncGenerator):
                    await self._chunks.aclose()
                raise

    def note(self) -> None:
        """Report how far the output is heard."""
        self._happenings.put_nowait(Heard(self._framer.end))

    async def close(self) -> None:
        """Leave the program alone: who holds it ends it."""


def _servers(brief: Brief, inside: Inside) -> Servers:
    """Return how the agent starts the bridge to the board's tools; there is no secret in it."""
    if not brief.has_tools:
        return []
    program, *args = board_server.launch(inside.sockets, inside.python)
    return [wire.McpServerStdio(name=board_server.SERVER, command=program, args=args, env=[])]


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line's message; None if it is none that the library, which trusts their form, can take."""
    try:
        message = None if is_heavy(line) else json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if _is_sound(message) else None


def _is_sound(message: Any) -> bool:
    match message:
        case {"method": str()}:
            return isinstance(message.get("id", 0), int | str)
        case {"id": int(), "result": _} | {"id": int(), "error": {"code": int(), "message": str()}}:
            return True
    return False


def _refusal(error: RequestError) -> Result:
    return Result(is_error=True, text=str(error), causes=(_CODES.get(error.code, ""),))
