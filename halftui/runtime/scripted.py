"""An agent without a model: it plays a script in a sandbox, for the demo and for fast tests."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

from halftui.domain.happenings import (
    Answer,
    Happening,
    Heard,
    Option,
    Printed,
    Question,
    Retrying,
    Returned,
    Said,
    Started,
    Thought,
    Used,
)
from halftui.errors import Misconfigured, Unavailable
from halftui.runtime import player
from halftui.runtime.base import Abilities, Brief, Command, Desk, Inside, Process
from halftui.runtime.lines import Framer, cut
from halftui.runtime.outcome import Remains, Result, classify
from halftui.runtime.script import Fault, Scenario, play, write
from halftui.runtime.summaries import summarise

LONGEST_LINE = 4 * 2**20
_CREDIT = "Credit balance is too low"


class ScriptedRuntime:
    """The Runtime of the player. `python` is the interpreter as the sandbox knows it."""

    kind = "scripted"
    abilities = Abilities(questions=True, permissions=True, tools=True)

    def __init__(self, scenario: Scenario | None = None, *, python: str = sys.executable) -> None:
        self._scenario = scenario
        self._python = python

    def program(self) -> Path:
        """Return the player, which needs nothing but Python."""
        return Path(player.__file__)

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return the player's command line; the script goes to its standard input."""
        return Command([self._python, "-I", inside.tool], {"HOME": inside.home})

    async def converse(self, brief: Brief, process: Process, desk: Desk) -> AsyncGenerator[Happening, None]:
        """Send the script that the prompt or the scenario gives; yield what happens."""
        if not brief.is_adopted:
            yield Started(brief.session, self.kind)
        board = _Board(brief, process, desk)
        try:
            script = write(play(brief.prompt, self._scenario))
            await board.say({"script": script, "is_free": brief.is_free})
            framer = Framer(LONGEST_LINE)
            heard = brief.heard or 0
            async for chunk in cut(process.output(), heard):
                for line in framer.feed(chunk):
                    is_past = framer.end <= heard
                    for happening in await board.hear(line, is_past=is_past):
                        yield happening
                    if not is_past:
                        yield Heard(framer.end)
            exit_ = await process.wait()
            errors = await process.error_tail()
            remains = Remains(exit_.code, is_oom=exit_.oom, errors=errors)
        except Misconfigured as error:
            board.result = Result(is_error=True, text=str(error))
            remains = Remains((await process.stop()).code)
        except Unavailable as error:
            remains = Remains(None, fault="lost", errors=str(error))
        yield classify(replace(remains, result=board.result, is_garbled=board.is_garbled))


class _Board:
    """The board's side of one play."""

    def __init__(self, brief: Brief, process: Process, desk: Desk) -> None:
        self.result: Result | None = None
        self.is_garbled = False
        self._brief = brief
        self._process = process
        self._desk = desk

    async def say(self, message: dict[str, Any]) -> None:
        """Write a line to the player. An adopted one may have ended: its output tells how."""
        with contextlib.suppress(*([Unavailable] if self._brief.is_adopted else [])):
            await self._process.write(_line(message))

    async def hear(self, line: bytes, *, is_past: bool) -> list[Happening]:
        """Return what one event tells, after answering it if it asks; of a past one only its mark stays."""
        try:
            event = json.loads(line)
            if event["kind"] != "ask":
                told = self._tell(event)
                return [] if is_past else told
            if not is_past:
                answer = await self._answer(self._question(event))
                if answer is not None:
                    given = {"text": answer.text, "is_allowed": answer.is_allowed}
                    await self.say({"call": event["call"], **given})
            return []
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.is_garbled = True
            return [Printed(line[:500].decode(errors="replace"))]

    async def _answer(self, question: Question) -> Answer | None:
        """Return what a person says; None if the player ends before, and with it the wait."""
        # Tasks of their own and no group, whose end would wait for the one that comes too late.
        asking = asyncio.ensure_future(self._desk.ask(question))
        ending = asyncio.ensure_future(self._process.wait())
        try:
            await asyncio.wait((asking, ending), return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return await asking
            await ending  # raises Unavailable if nobody knows how it is
            return None
        finally:
            for task in (asking, ending):
                task.cancel()
            await asyncio.wait((asking, ending))

    def _question(self, event: dict[str, Any]) -> Question:
        given = event["input"]
        request = f"{self._brief.attempt}:{event['call']}"
        if event["form"] == "permission":
            summary, detail = summarise(event["tool"], given)
            return Question("permission", summary, (), event["tool"], detail, request)
        options = tuple(Option(str(label)) for label in given.get("options", ()))
        return Question("question", str(given["question"]), options, request=request)

    def _tell(self, event: dict[str, Any]) -> list[Happening]:
        match event:
            case {"kind": "said", "text": str(text)}:
                return [Said(text)]
            case {"kind": "thought", "text": str(text)}:
                return [Thought(text)]
            case {"kind": "used", "call": str(call), "tool": str(tool), "input": dict(given)}:
                return [Used(call, tool, *summarise(tool, given))]
            case {"kind": "returned", "call": str(call), "is_ok": bool(is_ok), "text": str(text)}:
                return [Returned(call, is_ok, text)]
            case {"kind": "retrying", "status": status, "attempt": attempt, "delay": delay}:
                return [Retrying(status, int(attempt), float(delay))]
            case {"kind": "failed", "status": status, "fault": fault}:
                self.result = _failure(status, fault)
                return []
            case {"kind": "done", "text": str(text)}:
                self.result = Result(is_error=False, text=text)
                return []
            case _:
                raise ValueError("an unknown event")


def _failure(status: int | None, fault: str) -> Result:
    if fault == Fault.CREDIT:
        return Result(is_error=True, text=_CREDIT, status=400, causes=("billing_error",))
    if fault == Fault.LIMIT:
        status = 429
    text = f"API Error: {status}" if status else f"API Error: {fault}"
    return Result(is_error=True, text=text, status=status, causes=("api_error",))


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
