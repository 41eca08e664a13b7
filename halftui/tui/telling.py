"""What somebody who looks elsewhere is told: that an agent asks, that work is finished, who took a bead."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import WorkType

from halftui.domain.shown import Snapshot
from halftui.domain.text import clean_line
from halftui.errors import Unavailable
from halftui.tui.bars import need

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp

LONGEST = 200  # characters of what a terminal shows
COMMAND_SECONDS = 10.0
KEEP_TITLE, RETURN_TITLE = "\x1b[22;2t", "\x1b[23;2t"


class Teller:
    """Compares each snapshot with the one before; what was there at the start is told to nobody.

    `way` is bell, osc9, osc777 or off. `command` runs for each thing, with its words on standard input: on
    the command line every program of the machine could read them.
    """

    def __init__(self, app: HalfApp) -> None:
        self._app = app
        self._expected: set[str] = set()  # beads that were slung
        self._asked: frozenset[str] | None = None
        self._finished: frozenset[str] = frozenset()
        self._title = ""
        self._is_still = False
        self.way = "bell"
        self.command = ""

    def expect(self, bead: str) -> None:
        """Say who takes this bead when somebody does."""
        self._expected.add(bead)

    def hear(self, snapshot: Snapshot) -> None:
        """Tell what is new."""
        self._announce(snapshot)
        self._entitle(snapshot)
        asked = frozenset(ask.id for ask in snapshot.asks)
        finished = frozenset(card.id for card in snapshot.lane("review").cards)
        if self._asked is not None:
            for ask in snapshot.asks:
                if ask.id not in self._asked:
                    self._tell(f"{ask.agent} asks", ask.text or f"may it use {ask.tool}?", is_urgent=True)
            for card in snapshot.lane("review").cards:
                if card.id not in self._finished:
                    self._tell("ready for review", f"{card.id} {card.title}", is_urgent=False)
        self._asked, self._finished = asked, finished

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep what is told on the terminal until it is the app's again."""
        self._is_still = True
        try:
            yield
        finally:
            self._is_still = False
            if self._app.snapshot is not None:
                self._entitle(self._app.snapshot)

    def end(self) -> None:
        """Give the terminal the title back that it had."""
        if self._title:
            self._write(RETURN_TITLE)

    def _announce(self, snapshot: Snapshot) -> None:
        for bead in tuple(self._expected):
            card = snapshot.card(bead)
            if card is not None and card.lane == "working" and card.assignee:
                self._expected.discard(bead)
                self._app.say(card.title, f"{card.assignee} is on it")

    def _entitle(self, snapshot: Snapshot) -> None:
        waiting = f"({count}) " if (count := need(snapshot)) else ""
        title = clean_line(f"{waiting}{snapshot.board.name} · HalfTUI", longest=LONGEST)
        if (
            title == self._title or self._is_still or self.way == "off" or self._app.ansi_color
        ):  # plain ones have no title
            return
        kept, self._title = "" if self._title else KEEP_TITLE, title
        self._write(f"{kept}\x1b]2;{title}\x07")

    def _tell(self, head: str, words: str, *, is_urgent: bool) -> None:
        """Tell one thing once. Only what waits for an answer rings."""
        head, words = (clean_line(text, longest=LONGEST) for text in (head, words))
        if self._is_still:
            pass
        elif self.way == "osc9":
            self._write(f"\x1b]9;{head}: {words}\x07")
        elif self.way == "osc777":
            self._write(f"\x1b]777;notify;{head.replace(';', ',')};{words}\x07")
        elif self.way == "bell" and is_urgent:
            self._app.bell()
        if self.command:
            work: WorkType[None] = partial(self._run, f"{head}\n{words}\n")
            self._app.run_worker(work, group="telling")

    async def _run(self, words: str) -> None:
        if problem := await asyncio.to_thread(_run, self.command, words):
            self._app.refuse(
                Unavailable(problem, "notify_command in config.toml names what tells you of things")
            )

    def _write(self, sequence: str) -> None:
        if (driver := self._app._driver) is not None:  # no public way writes what is no picture
            driver.write(sequence)


def _run(command: str, words: str) -> str:
    """Return why the command did not do its work, or ""."""
    import shlex  # few have a command

    try:
        done = subprocess.run(
            shlex.split(command), input=words, text=True, timeout=COMMAND_SECONDS, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"notify_command failed: {clean_line(str(error), longest=LONGEST)}"
    return f"notify_command ended with {done.returncode}" if done.returncode else ""
