"""Guests' shells in an agent's container: by the real client, with a real container behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from halftui.domain.actor import Role
from halftui.ops import people
from tests.helpers.contained import Still, standing_still
from tests.helpers.docker import agent_image, docker_host
from tests.helpers.ssh import GuestTerminal, Host, hosted, serving
from tests.helpers.waiting import PATIENCE

__all__ = ["agent_image", "docker_host"]

pytestmark = pytest.mark.docker
GREETED = "container, sh-"
# Of what a hostile program prints; none of it may reach a guest's terminal.
HOSTILE = r"printf '\033]0;PWNED\007\033]52;c;ZXZpbA==\007\033P+q544e\033\134\302\2335n\033[6n\033[c\033[21t'"
LOUD = (b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX", b"PWNED", b"[6n", b"[5n", b"[21t", b"\xc2\x9b")


@dataclass
class Place:
    """A server, and a bead at work behind it."""

    host: Host
    still: Still


@pytest.fixture
async def place(tmp_path: Path, docker_host: str, agent_image: str) -> AsyncIterator[Place]:
    async with (
        standing_still(tmp_path, docker_host, agent_image) as still,
        hosted(still.house, still.board, tmp_path) as host,
    ):
        host.admit("ann", "operator")
        yield Place(host, still)


@asynccontextmanager
async def shell(
    place: Place, *command: str, size: tuple[int, int] = (90, 30)
) -> AsyncIterator[GuestTerminal]:
    words = ("bead", "shell", place.still.bead, *command)
    async with place.host.terminal("ann", *words, size=size) as ann:
        yield ann


async def there(place: Place, word: str) -> None:
    """Wait until such a program runs in the container."""
    async with asyncio.timeout(PATIENCE):
        while word not in await asyncio.to_thread(place.still.processes):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def gone(place: Place, word: str) -> None:
    """Wait until no such program runs in the container."""
    async with asyncio.timeout(PATIENCE):
        while word in await asyncio.to_thread(place.still.processes):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def told(place: Place, count: int) -> list[tuple[str, str]]:
    """Return what the history says once it says that much."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await asyncio.to_thread(place.still.told)) < count:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    return found


async def test_a_guests_command_opens_a_shell_of_the_size_of_their_terminal(place: Place) -> None:
    async with shell(place) as ann:
        await ann.until(GREETED)
        ann.send("stty size; cat README.md\r")
        await ann.until("30 90")
        await ann.until("# Shop")
        ann.resize(70, 20)
        ann.send("while [ \"$(stty size)\" = '30 90' ]; do sleep 0.1; done; clear; stty size\r")
        await ann.until("20 70")
        ann.send("sleep 100\r")
        await there(place, "sleep 100")
        while ann.process.returncode is None:  # between two programs nobody may take the key
            ann.send("\x03exit 9\r")
            await asyncio.sleep(0.5)
        assert await ann.ended() == 9
    assert await told(place, 2) == [("person:ann", "began: a shell"), ("person:ann", "ended with 9")]
    await place.host.empty()


async def test_a_command_runs_and_its_code_comes_back(place: Place) -> None:
    async with shell(place, "--", "sh", "-c", "'echo h$((1+1)); exit 4'") as ann:
        await ann.until("h2")
        assert await ann.ended() == 4
    assert (await told(place, 2))[0] == ("person:ann", "began: sh -c echo h$((1+1)); exit 4")


async def test_what_a_hostile_program_prints_does_not_reach_them(place: Place) -> None:
    async with shell(place) as ann:
        await ann.until(GREETED)
        ann.send(f"PS1='re'ady; {HOSTILE}; printf '\\033[?1049h\\033[?1003h\\033[?25l'\r")
        await ann.until("ready")
        del ann.bytes[:]
        ann.send("exit\r")
        assert await ann.ended() == 0
        seen = bytes(ann.bytes)
    for on, off in ((b"?1049h", b"?1049l"), (b"?1003h", b"?1003l"), (b"?25l", b"?25h")):
        assert on not in seen
        assert off in seen


async def test_nothing_loud_was_sent(place: Place) -> None:
    async with shell(place, "--", "sh", "-c", f'"{HOSTILE}"') as ann:
        assert await ann.ended() == 0
        assert GREETED in ann.text
        assert not [loud for loud in LOUD if loud in ann.bytes]


async def test_on_the_board_a_key_opens_it_and_the_board_is_there_again(place: Place) -> None:
    async with place.host.terminal("ann", size=(120, 35)) as ann:
        await ann.until("Stand still")
        ann.send("T")
        await ann.until(GREETED)
        assert b"\x1b[?1049l" in ann.bytes
        ann.send("tty; stty size\r")
        await ann.until("35 120")
        ann.resize(100, 30)
        ann.send("while [ \"$(stty size)\" = '35 120' ]; do sleep 0.1; done; stty size; q\r")
        await ann.until("30 100")
        ann.send("exit\r")
        await ann.until("Working")
        await ann.until("ended with")
        ann.send("?")
        await ann.until("Write a bead in one line")
        ann.send("\x1b")
        await ann.until_gone("Write a bead in one line")
        ann.send("q")
        assert await ann.ended() == 0
    assert len(await told(place, 2)) == 2
    await place.host.empty()


async def test_who_goes_away_leaves_nothing_running(place: Place) -> None:
    for words in ((), ("bead", "shell", place.still.bead)):
        async with place.host.terminal("ann", *words) as ann:
            if not words:
                await ann.until("Stand still")
                ann.send("T")
            await ann.until(GREETED)
            ann.send("sleep 1234\r")
            await there(place, "sleep 1234")
            ann.process.kill()
            await ann.process.wait()
        await gone(place, "sleep 1234")
        await place.host.empty()


async def test_whose_role_is_taken_is_put_out(place: Place) -> None:
    async with shell(place) as ann:
        await ann.until(GREETED)
        ann.send("sleep 4321\r")
        await there(place, "sleep 4321")
        place.still.house.service.write(people.edit, "ann", Role.VIEWER)
        await ann.ended()
    await gone(place, "sleep 4321")


async def test_three_presses_lead_out_of_what_does_not_end(place: Place) -> None:
    async with shell(place) as ann:
        await ann.until(GREETED)
        ann.send("trap '' INT HUP; sleep 777\r")
        await there(place, "sleep 777")
        ann.send("\x03\x04\x1d\x1d")
        await asyncio.sleep(0.3)
        assert ann.process.returncode is None
        ann.send("\x1d")
        assert await ann.ended() == 130
    await gone(place, "sleep 777")
    assert (await told(place, 2))[1] == ("person:ann", "left")


async def test_the_container_ends_under_them(place: Place) -> None:
    async with shell(place) as one, place.host.terminal("ann") as board:
        await one.until(GREETED)
        await board.until("Stand still")
        board.send("T")
        await board.until(GREETED)
        await place.still.end()
        await board.until("the container ended")
        assert await one.ended() == 137
        await board.until("1 in review")
        board.send("l")
        await board.until("┏━ Review 1")
        board.send("T")
        await board.until("no agent is at work")
        board.send("q")
        assert await board.ended() == 0


@pytest.mark.parametrize("role", [Role.VIEWER, Role.WORKER, Role.LEADER])
async def test_other_roles_are_refused(place: Place, role: Role) -> None:
    if role is Role.VIEWER:
        place.host.admit("eve", role)
        name = "eve"
    else:
        name = place.host.play(role)
    ran = await place.host.run(name, "bead", "shell", place.still.bead, options=("-tt",))
    assert ran.code == 4
    assert "bead.shell" in ran.out + ran.err
    assert place.still.told() == []


async def test_a_viewers_key_is_refused_with_the_reason(place: Place) -> None:
    place.host.admit("eve", "viewer")
    async with place.host.terminal("eve", size=(120, 35)) as eve:
        await eve.until("Stand still")
        eve.send("T")
        await eve.until("you are viewer here")
        eve.send("q")
        assert await eve.ended() == 0
    assert place.still.told() == []


async def test_without_a_terminal_it_says_so(place: Place) -> None:
    ran = await place.host.run("ann", "bead", "shell", place.still.bead)
    assert (ran.code, ran.out) == (2, "")
    assert "ssh -t" in ran.err


async def test_without_containers_it_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as host:
        host.admit("ann", "operator")
        bead = host.bead("Waits")
        ran = await host.run("ann", "bead", "shell", bead, options=("-tt",))
        assert ran.code == 3
        assert f"no agent is at work on {bead}" in ran.out + ran.err
