"""P13 and P14: many guests on one server over SSH, each on a terminal of their own."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from halftui.ops import people
from tests.bench import scene
from tests.bench.table import Row, Series, Statistic
from tests.helpers.people import make_key

GUESTS, WATCHERS, PEOPLE = 50, 20, 10
KEYS, CHANGES = 200, 20
LOGINS, LOGINS_A_SECOND = 200, 20
QUIET = 1.0  # seconds without a byte after which all screens are drawn
REST = 12.0  # after which a guest counts as at rest
IDLE = 30.0
CAP = 60.0


@dataclass
class Guest:
    """One terminal: how much came, and when the newest came."""

    connection: asyncssh.SSHClientConnection
    process: asyncssh.SSHClientProcess[bytes]
    came: int = 0
    at: float = 0.0
    newest: bytes = b""

    async def read(self) -> None:
        """Take in what comes until the end."""
        while data := await self.process.stdout.read(1 << 16):
            self.came, self.at, self.newest = (
                self.came + len(data),
                time.perf_counter(),
                self.newest[-64:] + data,
            )


@dataclass
class Served:
    """A server in a process of its own, and its guests."""

    port: int
    pid: int
    keys: list[tuple[str, asyncssh.SSHKey]]
    guests: list[Guest]
    group: asyncio.TaskGroup

    def cpu(self) -> float:
        """Return the server's CPU seconds so far."""
        return time.clock_gettime((~self.pid << 3) | 2)  # clock_getcpuclockid(3)

    def memory(self) -> float:
        """Return the server's resident MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    async def connect(self, number: int) -> asyncssh.SSHClientConnection:
        """Come in as one of the people."""
        name, key = self.keys[number % len(self.keys)]
        return await asyncssh.connect(
            "127.0.0.1", self.port, username=name, client_keys=[key], known_hosts=None, config=[]
        )

    async def open(self, count: int) -> None:
        """Open boards on terminals until there are so many, and wait until all are drawn."""
        for number in range(len(self.guests), count):
            connection = await self.connect(number)
            process = await connection.create_process(
                term_type="xterm-256color", term_size=(120, 40), encoding=None
            )
            guest = Guest(connection, process)
            self.guests.append(guest)
            self.group.create_task(guest.read())
        await self.rest()

    async def rest(self) -> None:
        """Wait until every screen is drawn and nothing came for a moment."""
        end = time.perf_counter() + CAP
        while time.perf_counter() < end:
            newest = max(guest.at for guest in self.guests)
            if all(g.came > 2_000 for g in self.guests) and time.perf_counter() - newest > QUIET:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("the screens were never all drawn")


@asynccontextmanager
async def _served(place: Path, folder: Path) -> AsyncIterator[Served]:
    house = scene.house(place)
    keys = []
    for number in range(PEOPLE):
        file = folder / f"guest{number}-{time.time_ns()}"
        house.service.write(people.add, f"guest{number}", make_key(file), "operator")
        keys.append((f"guest{number}", asyncssh.read_private_key(file)))
    house.store.close()
    program = scene.halftui(place, "serve", "--host", "127.0.0.1", "--port", "0")
    server = _start(program)
    try:
        assert server.stdout is not None
        said = ""
        while not (found := re.search(r"ssh -p (\d+)", said)):
            said += await asyncio.to_thread(server.stdout.readline)
        async with asyncio.TaskGroup() as group:
            served = Served(int(found[1]), server.pid, keys, [], group)
            yield served
            for guest in served.guests:
                guest.connection.abort()
    finally:
        server.terminate()
        server.wait(30)
        people_gone = scene.house(place)
        for number in range(PEOPLE):
            people_gone.service.write(people.remove, f"guest{number}")
        people_gone.store.close()


def _start(program: scene.Program) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        program.argv, env=program.env, cwd=program.folder, stdout=subprocess.PIPE, text=True
    )


def crowd(folder: Path, runs: int) -> Iterator[Row]:
    """P13: memory per guest, CPU per key and at rest with 50 guests, and logins beside them."""
    place = scene.board(folder / "b100", 100)
    found = [asyncio.run(_crowd(place, folder)) for _ in range(runs)]
    for name, unit, most in (
        ("memory per guest, of 50", "MB", 5.0), ("CPU per key at 50 guests", "ms", 15.0),
        ("50 guests at rest", "% of a core", 1.0), ("first screen: CPU", "ms", None),
    ):  # fmt: skip
        yield Row("P13", name, unit, Series(tuple(f[name][0] for f in found)), most=most)
    logins = Series(tuple(v for f in found for v in f["login"]))
    yield Row("P13", "login at 20/s beside 50 guests, p95", "ms", logins, most=1_000.0, statistic=p95)


async def _crowd(place: Path, folder: Path) -> dict[str, list[float]]:
    async with _served(place, folder) as served:
        await served.open(2)  # what the first pays for all
        memory, cpu = served.memory(), served.cpu()
        await served.open(GUESTS)
        each = (served.memory() - memory) / (GUESTS - 2)
        first = (served.cpu() - cpu) / (GUESTS - 2)
        await asyncio.sleep(REST)
        cpu = served.cpu()
        await asyncio.sleep(IDLE)
        resting = (served.cpu() - cpu) / IDLE
        cpu, began = served.cpu(), time.perf_counter()
        for number in range(KEYS):
            served.guests[number % GUESTS].process.stdin.write(b"jk"[number // GUESTS % 2 :][:1])
            await asyncio.sleep(0.05)
        await served.rest()
        used = served.cpu() - cpu - resting * (time.perf_counter() - began)
        return {
            "memory per guest, of 50": [each],
            "CPU per key at 50 guests": [used / KEYS * 1e3],
            "50 guests at rest": [resting * 100],
            "first screen: CPU": [first * 1e3],
            "login": await _log_in(served),
        }


async def _log_in(served: Served) -> list[float]:
    """Come in many times at a steady pace, run a command each time, and return how long it took (ms)."""
    took: list[float] = []

    async def one(number: int) -> None:
        began = time.perf_counter()
        async with await served.connect(number) as connection:
            took.append((time.perf_counter() - began) * 1e3)
            ran = await connection.run("board list", check=True)
            assert "shop" in str(ran.stdout)

    async with asyncio.TaskGroup() as group:
        for number in range(LOGINS):
            group.create_task(one(number))
            await asyncio.sleep(1 / LOGINS_A_SECOND)
    return took


def broadcast(folder: Path, runs: int) -> Iterator[Row]:
    """P14: from a guest's key to the change on the screens of 20 others."""
    place = scene.board(folder / "b100", 100)
    found = [asyncio.run(_broadcast(place, folder)) for _ in range(runs)]
    seen = Series(tuple(v for f in found for v in f[0]))
    yield Row("P14", "a key of one → painted on 20 others, p95", "ms", seen, most=150.0, statistic=p95)
    yield Row("P14", "the same: CPU per guest", "ms", Series(tuple(f[1] for f in found)), most=5.0)


async def _broadcast(place: Path, folder: Path) -> tuple[list[float], float]:
    async with _served(place, folder) as served:
        await served.open(WATCHERS + 1)
        author, others = served.guests[0], served.guests[1:]
        seen: list[float] = []
        cpu = 0.0
        for number in range(CHANGES):
            for guest in others:
                guest.newest = b""
            key, wanted = ((b"+", b"P1"), (b"-", b"P2"))[number % 2]
            before, began = served.cpu(), time.perf_counter()
            author.process.stdin.write(key)
            seen += await _all_seen(others, wanted, began)
            await asyncio.sleep(0.5)
            cpu += served.cpu() - before
        return seen, cpu / CHANGES / (WATCHERS + 1) * 1e3


async def _all_seen(guests: list[Guest], wanted: bytes, began: float) -> list[float]:
    """Wait until all guests were sent a text, and return how long each took (ms)."""
    took: dict[int, float] = {}
    while len(took) < len(guests):
        for number, guest in enumerate(guests):
            if number not in took and wanted in guest.newest:
                took[number] = (guest.at - began) * 1e3
        if time.perf_counter() - began > CAP:
            raise TimeoutError(f"{len(guests) - len(took)} guests never saw it")
        await asyncio.sleep(0.002)
    return list(took.values())


def _p95(values: object) -> float:
    assert isinstance(values, tuple | list)
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))])


p95: Statistic = _p95
