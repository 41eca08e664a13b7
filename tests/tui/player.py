"""Plays on a board's application as a person does: keys in, what stands on the screen out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from halftui.tui.app import HalfApp
from halftui.tui.screens.board import BoardScreen
from tests.helpers.stage import Stage
from tests.tui.eyes import until

PLAIN = {"TERM": "xterm-256color"}


class Player:
    """Hands on the keys and eyes on the screen."""

    def __init__(self, app: HalfApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> "Player":
        """Press keys, one after the other, each until all came to rest."""
        for key in keys:
            await self.pilot.press(key)
            await self.rest()
        return self

    async def type(self, text: str) -> "Player":
        """Type text."""
        names = {" ": "space", "#": "number_sign", "!": "exclamation_mark", ">": "greater_than_sign"}
        await self.pilot.press(*[names.get(letter, letter) for letter in text])
        await self.rest()
        return self

    async def turns(self, *calls: Callable[[], object]) -> None:
        """Let the app call something in its own turns, each right after the other, until all is done."""
        done = asyncio.Event()
        for call in (*calls, done.set):
            self.app.call_next(call)
        await until(self.pilot, lambda: done.is_set() or self.app.fault)

    async def rest(self) -> "Player":
        """Wait until nothing that a key started still runs."""
        await self.pilot.pause()
        busy = [w for w in self.app.workers if w.group == "verbs" and not w.is_finished]
        if busy and len(self.app.screen_stack) == 1:
            await self.app.workers.wait_for_complete(busy)
            await self.pilot.pause()
        return self

    def is_open(self) -> bool:
        """Return whether the application still runs."""
        return self.app.is_running

    @property
    def board(self) -> BoardScreen:
        """The board, also under other screens."""
        found = self.app.screen_stack[0]
        assert isinstance(found, BoardScreen)
        return found

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, row by row."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self.lines)

    def sent(self) -> str:
        """Return what a terminal is sent for the whole screen."""
        update = self.app.screen._compositor.render_full_update()
        return update.render_segments(self.app.console)

    @property
    def toasts(self) -> str:
        """The words of all toasts there are."""
        return "\n".join(f"{n.title} {n.message}" for n in self.app._notifications)

    @property
    def chosen(self) -> str:
        """The id of the chosen bead, or nothing."""
        return self.board.card.id if self.board.card else ""


@asynccontextmanager
async def playing(stage: Stage, width: int = 120, height: int = 40, **options: Any) -> AsyncIterator[Player]:
    """Open the board of a stage."""
    env = options.pop("env", PLAIN)
    app = HalfApp(stage.service, stage.board, clock=stage.clock, env=env, **options)
    async with app.run_test(size=(width, height)) as pilot:
        yield Player(app, pilot)
