"""What is carried between a shell and a terminal, and what becomes of the terminal."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager

import pytest

from halftui.domain.actor import Role
from halftui.errors import Refused
from halftui.ops import attempts
from halftui.sandbox.base import Sandbox
from halftui.service.service import Service
from halftui.service.shells import LEFT_CODE, OVER_CODE, Seat, Shells, show
from tests.helpers.world import World, actor

LEAVING = b"\x1d"


async def _none(_board: object) -> Sandbox:
    raise AssertionError("nobody may get there")


def _no_seat() -> AbstractContextManager[Seat]:
    raise AssertionError("nothing may be shown")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MAINTAINER])
async def test_where_a_container_holds_a_key_only_an_admin_goes_in(world: World, role: Role) -> None:
    claim = world.taken(world.bead())
    world.engine(attempts.start, claim.attempt, claim.epoch, "docker", "its-container")

    def service(who: Role) -> Service:
        return Service(world.store, actor(who), lambda _board: None)  # type: ignore[arg-type,return-value]

    with pytest.raises(Refused, match="holds its account's key"):
        await Shells(service(role), _none, shows_secret=True).visit(claim.bead, (), _no_seat)
    assert "bead.shell" not in world.verbs()
    with pytest.raises(AssertionError, match="nobody may get there"):
        await Shells(service(Role.ADMIN), _none, shows_secret=True).visit(claim.bead, (), _no_seat)
    told = [event.after["reason"] for event in world.events() if event.verb == "bead.shell"]
    assert told == ["began: a shell", "did not open"]


class Drawn:
    """A shell that draws what it is given, waits if `stays`, and keeps what it is sent."""

    def __init__(self, pieces: Sequence[bytes], *, stays: bool = False, code: int | None = 0) -> None:
        self._pieces = list(pieces)
        self._stays = stays
        self._code = code
        self.sent = b""
        self.sizes: list[tuple[int, int]] = []

    async def read(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._stays:
            await asyncio.Event().wait()
        return b""

    async def write(self, data: bytes) -> None:
        self.sent += data

    async def resize(self, width: int, height: int) -> None:
        self.sizes.append((width, height))

    async def code(self) -> int | None:
        return self._code


class Sitting:
    """A terminal on which something is typed."""

    def __init__(self, keys: Sequence[bytes] = (), *, leaves: bool = False) -> None:
        self._keys = list(keys)
        self._leaves = leaves
        self.size = (80, 24)
        self.seen = b""
        self.turned = asyncio.Event()

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        if self._keys:
            return self._keys.pop(0)
        if not self._leaves:
            await asyncio.Event().wait()
        return b""

    async def write(self, data: bytes) -> None:
        self.seen += data

    async def resized(self) -> None:
        await self.turned.wait()
        self.turned.clear()


async def test_what_is_drawn_is_clean_and_modes_are_put_back() -> None:
    seat = Sitting()
    end = await show(Drawn([b"a\x1b]52;c;", b"eA==\x07b\x1b[?10", b"49hc"], code=3), seat, "hi\x1b]0;x\x07")
    assert (end.how, end.code) == ("ended with 3", 3)
    assert seat.seen == b"\r\nhi\r\nab\x1b[?1049hc\x1b[?1049l\x1b[0m\r\n"


async def test_the_end_of_a_container_is_told() -> None:
    end = await show(Drawn([b"a"], code=None), Sitting(), "")
    assert (end.how, end.code) == ("the container ended", OVER_CODE)


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ([LEAVING, LEAVING, LEAVING], 2 * LEAVING),
        ([b"a" + 3 * LEAVING], b""),
        ([2 * LEAVING + b"a", 2 * LEAVING, LEAVING], 2 * LEAVING + b"a" + 2 * LEAVING),
    ],
)
async def test_three_presses_in_a_row_leave(keys: list[bytes], sent: bytes) -> None:
    shell = Drawn([], stays=True)
    end = await show(shell, Sitting(keys), "")
    assert (end.how, end.code) == ("left", LEFT_CODE)
    assert shell.sent == sent


async def test_who_is_gone_has_left() -> None:
    shell = Drawn([], stays=True)
    assert (await show(shell, Sitting([b"abc"], leaves=True), "")).how == "left"
    assert shell.sent == b"abc"


async def test_a_cancelled_one_puts_the_terminal_back() -> None:
    seat = Sitting()
    showing = asyncio.ensure_future(show(Drawn([b"\x1b[?1003h"], stays=True), seat, ""))
    while b"1003h" not in seat.seen:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    showing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await showing
    assert seat.seen.endswith(b"\x1b[?1003l\x1b[0m\r\n")


async def test_each_new_size_is_told() -> None:
    seat, shell = Sitting(), Drawn([], stays=True)
    showing = asyncio.ensure_future(show(shell, seat, ""))
    for size in ((80, 24), (100, 30)):
        seat.size = size
        seat.turned.set()
        while size not in shell.sizes:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
    showing.cancel()
    await asyncio.wait([showing])
    assert shell.sizes[-1] == (100, 30)
