"""Lets a person into the container of a bead's agent: opens a shell there, and carries it to a terminal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from halftui.domain.actor import Role
from halftui.domain.shown import BoardRow
from halftui.domain.sieve import Sieve
from halftui.domain.text import clean_line
from halftui.errors import Conflict, HalfTUIError, NotFound, Refused
from halftui.ops import views
from halftui.ops.access import authorize
from halftui.ops.shells import Room, enter, leave
from halftui.sandbox.base import Sandbox, Shell
from halftui.service.service import Service
from halftui.settle import settle

AWAY = b"\x1d"  # ^]
PRESSES = 3  # in a row, as machinectl has it, for a shell that ends in no other way
LEFT, OVER = "left", "the container ended"
LEFT_CODE, OVER_CODE = 130, 137  # as shells report what was broken off, and what was killed
_LOOK = "its bead's card shows what came of it"
GREETING = "{agent}'s container, {bead} · exit or ^D leads back, ^] three times always does"


class Seat(Protocol):
    """A person's terminal, its keys raw, while a shell is shown on it."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""

    async def read(self) -> bytes:
        """Return what is typed next, b"" once nobody sits there any more."""

    async def write(self, data: bytes) -> None:
        """Draw; what nobody sees any more is dropped."""

    async def resized(self) -> None:
        """Wait until it has another size."""


@dataclass(frozen=True, slots=True)
class End:
    """How a visit ended: in words, and as an exit code."""

    how: str
    code: int


class Shells:
    """The ways in, for the actor of a service. `shows_secret`: agents' own surroundings hold a credential."""

    def __init__(
        self,
        service: Service,
        sandbox_of: Callable[[BoardRow], Awaitable[Sandbox]],
        *,
        shows_secret: bool = False,
    ) -> None:
        self._service = service
        self._sandbox_of = sandbox_of
        self._shows_secret = shows_secret

    async def visit(
        self, bead: str, command: Sequence[str], seat: Callable[[], AbstractContextManager[Seat]]
    ) -> End:
        """Show a shell, or the command, in the container of a bead's agent until it ends or is left.

        The seat is taken once there is something to show. Raises Denied and Refused as the op does.
        """
        authorize(self._service.actor, "bead.shell")
        if self._shows_secret and self._service.actor.role is not Role.ADMIN:
            raise Refused("here an agent's container holds its account's key", "set credentials=proxy")
        words = " ".join(command)
        room = await asyncio.to_thread(self._service.write, enter, bead, words)
        how = "did not open"
        try:
            async with self._opened(room, command) as shell:
                how = "broken off"
                with seat() as taken:
                    end = await show(shell, taken, GREETING.format(agent=room.agent, bead=room.bead))
                how = end.how
        except (Conflict, NotFound) as error:
            raise Refused(f"{room.agent}'s container ended just now", _LOOK) from error
        finally:
            await settle(asyncio.to_thread(self._service.write, leave, room, how))
        return end

    @contextlib.asynccontextmanager
    async def _opened(self, room: Room, command: Sequence[str]) -> AsyncIterator[Shell]:
        board = await asyncio.to_thread(self._service.read, views.board, room.board)
        sandbox = await self._sandbox_of(board)
        if not sandbox.is_confined:
            raise Refused("no Docker engine answers here", "halftui doctor tells more")
        async with sandbox.shell(room.sandbox, command) as shell:
            yield shell


async def show(shell: Shell, seat: Seat, greeting: str) -> End:
    """Carry what is typed to a shell and what that draws, cleaned, to a terminal, until either is gone.

    The terminal is left in the modes that it was in.
    """
    sieve = Sieve()
    await seat.write(f"\r\n{clean_line(greeting)}\r\n".encode())
    try:
        async with asyncio.TaskGroup() as group:
            drawn = group.create_task(_draw(shell, seat, sieve))
            typed = group.create_task(_type(seat, shell))
            sized = group.create_task(_follow(seat, shell))
            await asyncio.wait((drawn, typed), return_when=asyncio.FIRST_COMPLETED)
            is_over = drawn.done()
            for task in (drawn, typed, sized):
                task.cancel()
    finally:
        await settle(seat.write(sieve.finish() + b"\r\n"))
    code: int | None = None
    if not is_over:
        return End(LEFT, LEFT_CODE)
    with contextlib.suppress(HalfTUIError):
        code = await shell.code()
    return End(OVER, OVER_CODE) if code is None else End(f"ended with {code}", code)


async def _draw(shell: Shell, seat: Seat, sieve: Sieve) -> None:
    try:
        while data := await shell.read():
            if shown := sieve.feed(data):
                await seat.write(shown)
    except HalfTUIError:  # the engine is gone, and with it all that the shell would say
        return


async def _type(seat: Seat, shell: Shell) -> None:
    presses = 0
    while data := await seat.read():
        for at in range(len(data)):
            presses = presses + 1 if data[at : at + 1] == AWAY else 0
            if presses == PRESSES:
                return
        await shell.write(data)


async def _follow(seat: Seat, shell: Shell) -> None:
    while True:
        await shell.resize(*seat.size)
        await seat.resized()
