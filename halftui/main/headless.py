"""Runs a board without a terminal and prints what happens; in the demo it also plays the person."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from halftui.domain.shown import Happened
from halftui.errors import HalfTUIError
from halftui.ops import views
from halftui.service.auditor import keep_signed
from halftui.store.feed import Feed
from halftui.workspace.threads import in_git

if TYPE_CHECKING:
    from halftui.engine.engine import Engine
    from halftui.main.house import House

PATIENCE = 1.5  # seconds the demo's person takes to answer or to accept

_WORDS = {
    "bead.claim": "{agent} takes {subject}",
    "attempt.start": "{subject} runs in the {sandbox} sandbox",
    "question.ask": "a question waits for an answer ({bead})",
    "question.answer": "answered: {answer}",
    "attempt.end": "{subject} {outcome} {reason}",
    "bead.submit": "{subject} is in review",
    "bead.approve": "{subject} is accepted and merged as {merged:.10}",
    "bead.release": "{subject} is open again: {reason}",
    "convoy.land": "the convoy {subject} has landed",
}


class Run:
    """One run without a terminal."""

    def __init__(self, house: House, board: str, tell: Callable[[str], None]) -> None:
        self._house = house
        self._board = board
        self._tell = tell
        self._began = time.monotonic()
        self.counts: Counter[str] = Counter()
        self._warned = ""  # of the history

    async def go(self, engine: Engine, seconds: float, *, plays_person: bool) -> None:
        """Run the engine for so many seconds, or until a signal or (in the demo) all is done."""
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, over.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            teller = group.create_task(self._follow(over, plays_person=plays_person))
            begun = asyncio.Event()
            begun.set()
            house = self._house
            signer = group.create_task(keep_signed(house.store, lambda: house.keyring, begun, self._warn))
            try:
                async with asyncio.timeout(seconds):
                    await over.wait()
            except TimeoutError:
                self._say("the time is up")
            over.set()
            engine.stop()
            await teller
            signer.cancel()

    async def _follow(self, over: asyncio.Event, *, plays_person: bool) -> None:
        seen = 0
        async with Feed(self._house.store) as feed:
            while not over.is_set():
                for event in await asyncio.to_thread(self._house.store.read, views.events, seen):
                    seen = event.seq
                    self._report(event)
                if plays_person and await self._play():
                    over.set()
                    return
                await feed.wait(0.5)

    def _report(self, event: Happened) -> None:
        self.counts[event.verb] += 1
        if event.verb in _WORDS:
            self._say(_WORDS[event.verb].format(subject=event.subject, **event.after))

    async def _play(self) -> bool:
        """Answer and accept what has waited long enough; True when nothing is left to do."""
        read, write = self._house.service.read, self._house.service.write
        shown = await asyncio.to_thread(read, views.snapshot, self._board)
        from halftui.ops import questions

        for ask in shown.asks:
            if shown.at - ask.asked_at > PATIENCE:
                choice = ask.options[0][0] if ask.options else "yes"
                await asyncio.to_thread(write, questions.answer, ask.id, choice, is_allowed=True)
        for card in shown.lane("review").cards:
            if shown.at - card.updated_at > PATIENCE:
                try:
                    await in_git(self._house.review(self._board).accept, card.id)
                except HalfTUIError as error:
                    self._say(str(error))
        return not any(shown.lane(name).total for name in ("blocked", "ready", "working", "review"))

    def _warn(self, words: str) -> None:
        if words and words != self._warned:
            self._say(words)
        self._warned = words

    def _say(self, text: str) -> None:
        self._tell(f"{time.monotonic() - self._began:6.1f} s  {text.rstrip()}")
