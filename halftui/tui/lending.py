"""Lends the terminal to something else for a while: an editor, or a shell in an agent's container."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from halftui.errors import HalfTUIError, Refused

if TYPE_CHECKING:
    from halftui.service.shells import Seat, Shells
    from halftui.tui.app import HalfApp


class Lending:
    """How an app lends its terminal to shells, and the one that has it now."""

    def __init__(self, app: HalfApp) -> None:
        self.shells: Callable[[], Shells] | None = None  # what lets a person into agents' containers
        self.lend: Callable[[], AbstractContextManager[Seat]] = partial(own_terminal, app)
        self.visit: asyncio.Task[Any] | None = None


@contextmanager
def quiet(app: HalfApp) -> Iterator[None]:
    """Draw nothing and say nothing on the terminal meanwhile; agents and others go on."""
    with app.batch_update(), app.teller.still():
        yield


@contextmanager
def suspended(app: HalfApp) -> Iterator[None]:
    """Leave this process's own terminal to something else; take it back whatever HalfTUI's errors come."""
    failed: HalfTUIError | None = None
    with app.suspend(), quiet(app):
        try:
            yield
        except HalfTUIError as error:  # else the app would stay suspended
            failed = error
    if failed is not None:
        raise failed


@contextmanager
def own_terminal(app: HalfApp) -> Iterator[Seat]:
    """Lend this process's own terminal to a shell."""
    from halftui.service.seats import own_seat

    with suspended(app), own_seat() as seat:
        yield seat


def visits(bead_of: Callable[[Any], str | None]) -> Callable[[Screen[Any]], None]:
    """Return an action of a screen: a shell in the container of its bead's agent."""

    def go(screen: Screen[Any]) -> None:
        from halftui.tui.app import half, spawn

        if bead := bead_of(screen):
            spawn(screen, partial(visit, half(screen), bead), "shell")

    return go


async def visit(app: HalfApp, bead: str) -> None:
    """Open a shell in the container of a bead's agent, and come back when it is left."""
    here = app.lending
    here.visit = asyncio.current_task()
    try:
        if here.shells is None:
            raise Refused("no containers are here", "halftui opens a board that has them")
        end = await here.shells().visit(bead, (), here.lend)
    except HalfTUIError as error:
        app.refuse(error)
    else:
        app.say(end.how, f"shell in {bead}")
    finally:
        here.visit = None


async def end(app: HalfApp) -> None:
    """End the shell that is open over an app that was left; nothing of it runs when this returns."""
    if (visit := app.lending.visit) is not None:
        visit.cancel()
        await asyncio.wait([visit])
