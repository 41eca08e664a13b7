"""Guests who read nothing, strangers who say nothing, and garbage: nobody else feels them."""

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from halftui.ssh.driver import LONGEST_PASTE
from halftui.ssh.guest import GuestApp
from halftui.ssh.limits import Limits
from halftui.ssh.screen import MOST_AHEAD
from tests.helpers.ssh import GuestTerminal, Host, serving
from tests.helpers.waiting import until

HALF_OPEN, GARBAGE = 300, 150  # with --slow: 2,000 and 1,000


async def _flood(app: GuestApp, is_enough: Callable[[int], bool]) -> int:
    """Let an app draw its whole screen until its largest backlog is enough, then some more; return that."""
    largest, more = 0, 200
    async with asyncio.timeout(120):
        while more and app.is_running:
            with app._context():
                app.action_redraw()
            await asyncio.sleep(0.005)
            largest = max(largest, app.line.backlog)
            more -= is_enough(largest)
    return largest


def _app_of(host: Host, person: str) -> GuestApp:
    return next(a for a in host.server.apps[host.board.id] if a.service.actor.name == person)


async def test_a_stopped_client_stalls_nobody_and_then_catches_up(host: Host) -> None:
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    async with host.terminal("ann", size=(200, 60)) as ann, host.terminal("bo") as bo:
        await ann.until("Ready 0")
        await bo.until("Ready 0")
        limits, is_written = host.server.limits, asyncio.Event()
        os.kill(ann.process.pid, signal.SIGSTOP)
        try:
            enough = lambda largest: is_written.is_set() and largest > limits.backlog  # noqa: E731
            flood = asyncio.ensure_future(_flood(_app_of(host, "ann"), enough))
            for number in range(1, 4):
                bo.send("n")
                await bo.until("New bead")
                bo.send(f"bead {number}\r")
                await bo.until(f"Ready {number}")
            is_written.set()
            largest = await flood
            assert limits.backlog < largest < 2 * limits.backlog + 200_000
        finally:
            os.kill(ann.process.pid, signal.SIGCONT)
        await ann.until("Ready 3")  # the client had taken in 2 MB of older frames
        await _is_right(ann, _app_of(host, "ann"))


async def _is_right(guest: GuestTerminal, app: GuestApp) -> None:
    """Wait until a guest's screen shows exactly what the app has drawn."""
    async with asyncio.timeout(60):
        while True:
            drawn = [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
            if [line.rstrip() for line in guest.screen.lines] == drawn:
                return
            await asyncio.sleep(0.1)


async def test_who_reads_nothing_for_long_is_cut_off(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(congested=0.5, farewell=2.0)) as host:
        host.admit("ann", "viewer")
        async with host.terminal("ann", size=(200, 60)) as ann:
            await ann.until("Ready 0")
            app = _app_of(host, "ann")
            os.kill(ann.process.pid, signal.SIGSTOP)
            try:
                await _flood(app, lambda _: False)
                assert not app.is_running
                await host.empty()
            finally:
                os.kill(ann.process.pid, signal.SIGCONT)


async def test_a_connection_that_is_torn_leaves_nothing(host: Host) -> None:
    host.admit("ann", "viewer")
    for _ in range(3):
        async with host.terminal("ann") as ann:
            await ann.until("Ready 0")
            ann.process.kill()
    await host.empty()
    assert host.house.service.presence.lookers == []


@asynccontextmanager
async def _strangers(port: int, count: int) -> AsyncIterator[list[socket.socket]]:
    """Open so many connections that say nothing, from addresses of this machine's own network."""
    opened = []
    for number in range(count):
        stranger = socket.socket()
        stranger.setblocking(False)
        stranger.bind((f"127.7.{number >> 6 & 255}.{(number & 63) + 1}", 0))
        stranger.connect_ex(("127.0.0.1", port))
        opened.append(stranger)
        if number % 50 == 49:
            await asyncio.sleep(0.02)  # the system holds only so many that nobody has looked at
    try:
        yield opened
    finally:
        for stranger in opened:
            stranger.close()


async def test_half_open_connections_keep_nobody_out(host: Host, request: pytest.FixtureRequest) -> None:
    count = 2_000 if request.config.getoption("--slow") else HALF_OPEN
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    async with host.terminal("bo") as bo:
        await bo.until("Ready 0")
        async with _strangers(host.port, count):
            gate, most = host.server.gate, host.server.limits.half_open
            await until(lambda: gate.turned_away >= count - most - 8)
            assert gate.waiting <= most
            began = time.monotonic()
            assert (await host.run("ann", "board", "list")).code == 0
            print(f"login among {count} half-open: {time.monotonic() - began:.2f} s")  # noqa: T201
            bo.send("n")
            await bo.until("New bead")


async def test_silent_strangers_have_to_go_after_a_while(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(grace=3.0, farewell=2.0)) as host, _strangers(host.port, 20):
        await until(lambda: host.server.gate.waiting == 20)
        await until(lambda: not host.server.gate.waiting)


async def test_garbage_is_nobodys_trouble(
    host: Host, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    count = 1_000 if request.config.getoption("--slow") else GARBAGE
    host.admit("ann", "operator")
    dice = random.Random(7)
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        for number in range(count):
            await _throw(host.port, dice, number)
        ann.send("n")
        await ann.until("New bead")
        assert (await host.run("ann", "board", "list")).code == 0
    assert "Traceback" not in caplog.text
    assert host.server.counts["screens_failed"] == 0


async def _throw(port: int, dice: random.Random, number: int) -> None:
    """Send something that is not SSH, or not for long, and go."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    hello = (b"", b"SSH-2.0-x\r\n", b"SSH-2.0-" + b"A" * 300 + b"\r\n", b"GET / HTTP/1.1\r\n\r\n")[number % 4]
    try:
        writer.write(hello + dice.randbytes(dice.choice((0, 3, 40, 4_000, 40_000))))
        await asyncio.wait_for(reader.read(64), 0.05)
    except (TimeoutError, ConnectionError):
        pass  # it has been thrown, which is all that was wanted
    finally:
        writer.close()


async def test_a_flood_of_keys_waits_outside(host: Host) -> None:
    """Who types a file into the board is held back by ssh, so that the board keeps little of it."""
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        app, most = _app_of(host, "ann"), 0
        ann.send("j" * 40_000)

        def seen() -> int:
            nonlocal most
            most = max(most, app.message_queue_size + app.ahead.waiting)
            return most

        await until(lambda: seen() > MOST_AHEAD // 10)
        for _ in range(20):
            await asyncio.sleep(0.05)
            assert seen() <= MOST_AHEAD + 4_096


async def test_a_paste_that_is_too_long_is_forgotten(host: Host) -> None:
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        driver = _app_of(host, "ann").driver
        assert driver is not None
        driver.feed(b"\x1b[200~")
        for _ in range(LONGEST_PASTE // 2**18 + 1):
            driver.feed(b"x" * 2**18)
        ann.send("nx\x1b[20")  # its rest is no key
        ann.send("1~q")
        assert await ann.ended() == 0
        assert "New bead" not in ann.text
