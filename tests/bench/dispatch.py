"""P10 and P12: how soon the engine sees what is ready, and how many attempts it can run in a second."""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from halftui.domain.actor import Actor, person
from halftui.domain.happenings import Ended, Happening, Outcome
from halftui.domain.shown import BoardRow
from halftui.engine.engine import Engine
from halftui.engine.gate import Way
from halftui.main.house import House
from halftui.ops import beads, boards, turns
from halftui.ops.attempts import Claim
from halftui.runtime.base import Abilities, Brief, Command, Desk
from halftui.runtime.base import Process as Program
from halftui.sandbox.base import Exit, Found, Inside, Places, Spec
from halftui.store.store import Store
from halftui.workspace.tree import Person, Tree
from tests.bench import scene
from tests.bench.table import Row, Series, p99
from tests.helpers.boards import make_repository

SIZES = (100, 1_000, 10_000)
DONE = 100  # attempts that are timed on each board
AT_ONCE = 8
CHAINS = 100
PATIENCE = 120.0
WAITING = ("blocked", "review", "done")
READY_READS = 200
_WRONG = "SELECT reason, count(*) FROM attempt WHERE reason IN ('bug', 'start', 'collect') GROUP BY reason"


class NoProcess:
    """A program that has ended."""

    name = "none"
    fault = ""

    async def write(self, data: bytes) -> None:
        """Take anything."""

    async def close_input(self) -> None:
        """Do nothing."""

    async def output(self, start: int = 0) -> AsyncIterator[bytes]:
        """Yield nothing."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    async def error_tail(self) -> str:
        """Return nothing."""
        return ""

    async def wait(self) -> Exit:
        """Return success."""
        return Exit(0)

    async def stop(self, grace: float = 5.0) -> Exit:
        """Return success."""
        return Exit(0)


class NoSandbox:
    """A sandbox that starts nothing."""

    kind = "local"
    is_confined = True
    user = None

    def inside(self, places: Places) -> Inside:
        """Return no places."""
        return Inside("", "", "", "")

    async def start(self, spec: Spec) -> NoProcess:
        """Return a program that has ended."""
        return NoProcess()

    async def adopt(self, name: str) -> NoProcess:
        """Return a program that has ended."""
        return NoProcess()

    async def find(self, labels: Mapping[str, str]) -> list[Found]:
        """Return none."""
        return []

    async def remove(self, name: str) -> None:
        """Do nothing."""


class NoRuntime:
    """A runtime whose agent is done at once."""

    kind = "scripted"
    abilities = Abilities()

    def program(self) -> Path | None:
        """Return none."""
        return None

    def command(self, brief: Brief, inside: Inside) -> Command:
        """Return nothing to run."""
        return Command(("true",), {"HOME": "/"})

    async def converse(self, brief: Brief, process: Program, desk: Desk) -> AsyncIterator[Happening]:
        """Say that it passed."""
        yield Ended(Outcome.PASSED, "", "nothing had to be done")


class NoRepository:
    """A repository without git."""

    def __init__(self, board: BoardRow) -> None:
        self.path = self.objects = Path("/nowhere")

    def create(self, origin: object) -> None:
        """Do nothing."""

    def clone(self, bead: str, into: Path, base: str, author: Person, home: str = "") -> Tree:
        """Return a clone that is not there."""
        return Tree(into, bead, base)

    def collect(self, tree: Tree, epoch: int) -> str | None:
        """Return that nothing was done."""
        return None


def throughput(folder: Path, runs: int) -> Iterator[Row]:
    """P12: attempts without an agent, on boards of several sizes."""
    figures: dict[int, list[tuple[float, float]]] = {size: [] for size in SIZES}
    for number in range(runs):
        for size in SIZES:
            place = folder / f"t{size}-{number}"
            figures[size].append(asyncio.run(_drain(_board(place, size, ("ready",)))))
    first = Series(tuple(cpu for _, cpu in figures[SIZES[0]]))
    for size, found in figures.items():
        metric = f"no-op attempts, a board of {size:,} beads"
        yield Row(
            "P12", f"{metric}: time each", "ms", Series(tuple(wall for wall, _ in found)), most=1000 / 200
        )
        cpu = Series(tuple(cpu for _, cpu in found))
        yield Row("P12", f"{metric}: CPU each", "ms", cpu, f"{SIZES[0]} beads", first, times=1.2)


def readiness(folder: Path, runs: int) -> Iterator[Row]:
    """P10: the ready decision among 100,000 beads, and from the unblocking to the committed claim."""
    house = _board(folder / "ready100000", 100_000, scene.LANES)
    decided = []
    for _ in range(max(runs, READY_READS)):
        began = time.perf_counter()
        house.store.read(turns.has_work, "shop")
        decided.append(1000 * (time.perf_counter() - began))
    house.store.close()
    yield Row("P10", "ready decision, 100,000 beads", "ms", Series(tuple(decided)), most=1.0)
    found = asyncio.run(_claims(_board(folder / "wait100000", 100_000, WAITING), max(runs, CHAINS)))
    yield Row("P10", "unblock → claim committed, 100,000: p99", "ms", Series(found), most=20.0, statistic=p99)
    yield Row("P10", "the same: median", "ms", Series(found))


def _board(place: Path, count: int, lanes: tuple[str, ...]) -> House:
    house = scene.house(place)
    row = house.init(make_repository(place / "shop"), runtime="scripted", sandbox="local", prefix="ht")
    house.service.write(boards.edit, row.id, cap=AT_ONCE)
    with closing(sqlite3.connect(place / "home" / "halftui.db")) as connection:
        scene.fill(connection, row.id, count, lanes)
    return house


def _engine(house: House) -> Engine:
    async def sandbox(board: BoardRow) -> NoSandbox:
        return NoSandbox()

    async def runtime(kind: str, credential: str) -> NoRuntime:
        return NoRuntime()

    @asynccontextmanager
    async def gate(
        claim: Claim, folder: Path, sandbox: object, holds: Callable[[], bool]
    ) -> AsyncIterator[Way]:
        yield Way("api-key")

    engine = house.engine(
        house.service,
        sandbox=sandbox,
        runtime=runtime,
        gate=gate,
        repository=NoRepository,
        origin=lambda _: None,
    )
    engine.cap = AT_ONCE
    return engine


def _overhear(store: Store, told: Callable[[str, Any], None]) -> None:
    """Call `told` with the op's name and its result after each committed write, in its thread."""
    plain: Callable[..., Any] = store.write

    def write(actor: Actor, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = plain(actor, op, *args, **kwargs)
        told(op.__name__, result)
        return result

    setattr(store, "write", write)  # noqa: B010 - a method of this one store is replaced


async def _drain(house: House) -> tuple[float, float]:
    """Return the milliseconds and the CPU milliseconds for each of the first attempts."""
    engine, over, ended = _engine(house), asyncio.Event(), itertools.count(1)
    loop = asyncio.get_running_loop()

    def told(op: str, _: object) -> None:
        if op in ("end", "act") and next(ended) == DONE:  # the last lines and the end are one write
            loop.call_soon_threadsafe(over.set)

    _overhear(house.store, told)
    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run())
        async with asyncio.timeout(PATIENCE):
            await over.wait()
        took = 1000 * (time.perf_counter() - wall) / DONE, 1000 * (time.process_time() - cpu) / DONE
        engine.stop()
    wrong = house.store.read(lambda rows: rows.rows(_WRONG))
    house.store.close()
    if wrong:
        raise RuntimeError(f"not every attempt passed: {wrong}")
    return took


async def _claims(house: House, count: int) -> tuple[float, ...]:
    """Return the milliseconds from one bead's acceptance to the committed claim of the next."""
    engine, claims, found = _engine(house), asyncio.Queue[float](), []
    loop = asyncio.get_running_loop()

    def told(_: str, result: object) -> None:
        if isinstance(result, Claim):
            loop.call_soon_threadsafe(claims.put_nowait, time.perf_counter())

    _overhear(house.store, told)
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run())
        for number in range(count):
            first = await asyncio.to_thread(_chain, house, number)
            await asyncio.sleep(0.1)  # what that woke is done
            await asyncio.to_thread(house.service.write, beads.approve, first)
            began = time.perf_counter()
            async with asyncio.timeout(PATIENCE):
                found.append(1000 * max(await claims.get() - began, 0.0))
        engine.stop()
    house.store.close()
    return tuple(found)


def _chain(house: House, number: int) -> str:
    """Make a bead that another waits for, and bring it to its review."""
    write = house.service.write
    first = write(beads.create, "shop", f"First {number}", hold="done by hand")
    write(beads.create, "shop", f"Second {number}", after_beads=[first])
    house.store.write(person("bob"), beads.claim, first)
    house.store.write(person("bob"), beads.submit, first, "by hand")
    return first
