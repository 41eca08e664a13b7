"""Where an agent's questions go: onto the board, once each, whoever runs it meanwhile."""

import asyncio
from dataclasses import dataclass

from halftui.domain.happenings import Answer, Question
from halftui.ops import questions
from halftui.service.lines import Lines
from halftui.store.store import Store
from halftui.store.tx import Tx


@dataclass(frozen=True)
class Desk:
    """The desk of one attempt; the engine brings the answers."""

    attempt: str
    store: Store
    lines: Lines
    answers: dict[str, "asyncio.Future[Answer]"]

    async def ask(self, question: Question) -> Answer:
        """Put an agent's question on the board and return the answer when somebody gave it.

        A request that an earlier board put there already is the same question, with its answer.
        """
        is_known, answer = await asyncio.to_thread(self.store.read, questions.given, self.attempt, question)
        if answer is None:
            told = [] if is_known else [("ask", question.text)]
            ident = await self.lines.write(self.attempt, told, questions.ask, self.attempt, question)
            answer = await self._answer_to(ident)
        await self.lines.write(self.attempt, [], _nothing)
        if await asyncio.to_thread(self.store.read, questions.has_untold, self.attempt):
            self.lines.add(self.attempt, "answer", answer.text or _yes_or_no(answer))
        return answer

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
