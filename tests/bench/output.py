"""P8 and P6: what a line of output costs, and what a large board keeps in memory."""

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from halftui.main.house import House
from halftui.ops import transcripts
from halftui.store.rows.tables import Agent, Attempt
from tests.bench import scene
from tests.bench.keys import Played
from tests.bench.table import Row, Series
from tests.bench.terminal import Terminal
from tests.helpers.boards import make_repository

FLOOD = 50_000  # lines
AT_ONCE = 500  # lines that come in one piece
AGENTS, RATE, SECONDS = 16, 50, 4.0
SAMPLE = (
    "\x1b[32mPASSED\x1b[0m tests/test_stock.py::test_count[beans-12] in 0.03 s, nothing was lost on the way"
)
# What the board has imported when it is quiet.
IMPORTED = (
    "import halftui.main.doors, halftui.main.show, halftui.tui.screens.board, halftui.tui.widgets.pane,"
    " halftui.ops.beads, halftui.ops.convoys, halftui.engine.engine, halftui.engine.gate, sqlmodel;"
    "print([l for l in open('/proc/self/status') if l.startswith('VmRSS')][0].split()[1])"
)
MB = 1024.0


def lines(folder: Path, runs: int) -> Iterator[Row]:
    """P8: raw lines into the journal and the ring, at flood and as a trickle."""
    flood: list[float] = []
    trickle: list[float] = []
    for number in range(runs):
        house, names = _attempts(folder / f"lines{number}")
        for figures, figure in zip((flood, trickle), asyncio.run(_both(house, names)), strict=True):
            figures.append(figure)
        house.store.close()
    yield Row(
        "P8", f"a line in to journal and ring, {FLOOD:,} at flood: CPU", "µs", Series(tuple(flood)), most=10.0
    )
    yield Row(
        "P8", f"{AGENTS} agents × {RATE} lines/s: share of a core", "%", Series(tuple(trickle)), most=3.0
    )


def memory(folder: Path, runs: int) -> Iterator[Row]:
    """P6: what a board of 10,000 beads keeps beyond its imports."""
    place, other = scene.board(folder / "b10000", 10_000), scene.peer(folder / "p1000", 1_000)
    over, theirs = [], []
    for number in range(runs):
        program = scene.halftui(place, "--board", "shop")
        bare = subprocess.run(
            [program.argv[0], "-c", IMPORTED], env=program.env, capture_output=True, check=True
        )
        over.append(_resident(program) - int(bare.stdout) / MB)
        if not number:
            theirs.append(_resident(other))
    name = f"{scene.PEER}, 1,000, whole"
    yield Row(
        "P6",
        "memory over the imports, 10,000 beads",
        "MB",
        Series(tuple(over)),
        name,
        Series(tuple(theirs)),
        60.0,
    )


def _resident(program: scene.Program) -> float:
    with Terminal(program.argv, program.env, program.folder) as terminal:
        Played(terminal).settle()
        status = Path(f"/proc/{terminal.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / MB


def _attempts(place: Path) -> tuple[House, list[str]]:
    house = scene.house(place)
    row = house.init(make_repository(place / "shop"), mode="manual", sandbox="local", prefix="ht")
    with closing(sqlite3.connect(house.store.path or "")) as connection:
        scene.fill(connection, row.id, AGENTS, ("active",))
        agent = Agent(id="a1", board_id=row.id, name="Toast", created_at=1.0).columns()
        _insert(connection, "agent", [agent])
        made = [
            Attempt(
                id=f"ht-{n:06}@1", bead_id=f"ht-{n:06}", board_id=row.id, epoch=1, agent_id="a1",
                state="working", lease_until=1.0, started_at=1.0,
            ).columns()
            for n in range(AGENTS)
        ]  # fmt: skip
        _insert(connection, "attempt", made)
    return house, [str(row["id"]) for row in made]


def _insert(connection: sqlite3.Connection, table: str, rows: list[dict[str, object]]) -> None:
    with connection:
        names = ", ".join(f":{name}" for name in rows[0])
        connection.executemany(f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({names})", rows)


async def _both(house: House, attempts: list[str]) -> tuple[float, float]:
    return await _flood(house, attempts[0]), await _trickle(house, attempts)


async def _flood(house: House, attempt: str) -> float:
    """Return the CPU microseconds of one line."""
    taken = house.service.lines
    taken.open(attempt)
    journal = asyncio.get_running_loop().create_task(taken.run())
    piece = "\n".join([SAMPLE] * AT_ONCE)
    began = time.process_time()
    for _ in range(FLOOD // AT_ONCE):
        taken.add(attempt, "out", piece)
        await asyncio.sleep(0)
    await taken.close(attempt)
    used = time.process_time() - began
    journal.cancel()
    _check(house, attempt, FLOOD)
    return used / FLOOD * 1e6


async def _trickle(house: House, attempts: list[str]) -> float:
    """Return the share of a core in percent, while every agent prints some lines a second."""
    taken, count = house.service.lines, int(RATE * SECONDS)
    for attempt in attempts[1:]:
        taken.open(attempt)
    taken.open(attempts[0], FLOOD)
    journal = asyncio.get_running_loop().create_task(taken.run())
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(count):
        for attempt in attempts:
            taken.add(attempt, "out", SAMPLE)
        await asyncio.sleep(max(0.0, began + (number + 1) / RATE - time.perf_counter()))
    share = (time.process_time() - cpu) / (time.perf_counter() - began)
    for attempt in attempts:
        await taken.close(attempt)
    journal.cancel()
    _check(house, attempts[-1], count)
    return 100 * share


def _check(house: House, attempt: str, count: int) -> None:
    found = house.store.read(transcripts.last, attempt, 1).entries
    if not found or found[-1][0] != count:
        raise RuntimeError(f"{attempt} has not {count} lines in the journal")
