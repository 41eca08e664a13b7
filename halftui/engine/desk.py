"""What an agent wants of the board: answers to its questions, and the use of its tools, each once."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from halftui.domain.actor import agent
from halftui.domain.board_tools import ATTACH, MOST_CALLS, Reply
from halftui.domain.happenings import Answer, Question
from halftui.engine.attachments import Attachments
from halftui.engine.talk import Talk
from halftui.errors import HalfTUIError, Misconfigured, Unavailable
from halftui.ops import permits, questions, toolcalls
from halftui.runtime.base import Speaker
from halftui.service.lines import Lines
from halftui.settle import settle
from halftui.store.store import Store
from halftui.store.tx import Tx
from halftui.workspace.artefacts import Kept

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Desk:
    """The desk of one attempt; the engine brings the answers."""

    attempt: str
    epoch: int
    agent: str  # its id
    store: Store
    lines: Lines
    answers: dict[str, "asyncio.Future[Answer]"]
    talk: Talk = field(default_factory=Talk)
    fault: Callable[[], str] | None = None  # says what is missing of its result, if anything is; blocks
    attachments: Attachments | None = None  # where attached files go
    calls: Iterator[int] = field(default_factory=lambda: count(1))

    def attend(self, speaker: Speaker | None) -> None:
        """Take note of who passes on what people say."""
        self.talk.attend(speaker)

    async def ask(self, question: Question) -> Answer:
        """Put an agent's question on the board and return the answer when somebody gave it.

        A request that an earlier board put there already is the same question, with its answer.
        """
        if permit := await asyncio.to_thread(self.store.read, permits.granted, self.attempt, question):
            note = f"allowed by the permit {permit}: {question.text}"
            await self.lines.write(self.attempt, [("note", note)], permits.use, self.attempt, permit)
            return Answer(is_allowed=True)
        is_known, answer = await asyncio.to_thread(self.store.read, questions.given, self.attempt, question)
        if answer is None:
            told = [] if is_known else [("ask", question.text)]
            ident = await self.lines.write(self.attempt, told, questions.ask, self.attempt, question)
            answer = await self._answer_to(ident)
        await self.lines.write(self.attempt, [], _nothing)
        if await asyncio.to_thread(self.store.read, questions.has_untold, self.attempt):
            self.lines.add(self.attempt, "answer", answer.text or _yes_or_no(answer))
        return answer

    async def use(self, tool: str, given: Mapping[str, Any], request: str) -> Reply:
        """Use a tool of the board as this attempt's agent; what is refused is written down, too."""
        me = agent(self.agent)
        if next(self.calls) > MOST_CALLS:  # each leaves a line in the board's history
            return Reply(f"the board's tools were used {MOST_CALLS:,} times: that is all", is_ok=False)
        try:
            if tool == "submit" and self.fault and (wrong := await asyncio.to_thread(self.fault)):
                raise Misconfigured(wrong, "hand in again then")
            if tool == ATTACH and self.attachments is not None:
                return Reply(await self._attach(self.attachments, given, request))
            return Reply(await self._used(tool, given, request))
        except HalfTUIError as error:
            refused = str(error)
        try:
            await asyncio.to_thread(self.store.write, me, toolcalls.refuse, self.attempt, tool, refused)
        except Unavailable as error:
            log.warning("a refusal was not written down", extra={"attempt": self.attempt, "why": str(error)})
        return Reply(refused, is_ok=False)

    async def _used(self, tool: str, given: Mapping[str, Any], request: str, kept: Kept | None = None) -> str:
        me, use = agent(self.agent), toolcalls.use
        return await asyncio.to_thread(
            self.store.write, me, use, self.attempt, self.epoch, request, tool, given, kept
        )

    async def _attach(self, attachments: Attachments, given: Mapping[str, Any], request: str) -> str:
        async with attachments.turn:
            try:
                kept = await asyncio.to_thread(attachments.keep, given.get("path"))
                return await self._used(ATTACH, given, request, kept)
            finally:  # what was replaced or refused takes no room
                await settle(asyncio.to_thread(attachments.tidy))

    async def _answer_to(self, question: str) -> Answer:
        future = self.answers.setdefault(question, asyncio.get_running_loop().create_future())
        self.store.wake()  # it may have been answered since it was written
        try:
            return await future
        finally:
            self.answers.pop(question, None)


def _nothing(tx: Tx) -> None:
    """Change nothing: the lines before are written."""


def _yes_or_no(answer: Answer) -> str:
    return "allowed" if answer.is_allowed else "refused"
