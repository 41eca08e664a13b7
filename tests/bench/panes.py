"""P7: four live panes: what they cost, and how soon a key is heard meanwhile.

`python -m tests.bench.panes PLACE RATE` is what is measured: the board of PLACE, whose four agents print
RATE lines a second each; 0 means as many as are taken.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from halftui.domain.actor import ENGINE
from halftui.domain.names import POOL
from halftui.ops import attempts, beads, views
from halftui.tui.app import HalfApp
from tests.bench import scene
from tests.bench.keys import BARE_P99, FRAME_END
from tests.bench.output import AT_ONCE, MB, SAMPLE
from tests.bench.table import Row, Series, p99
from tests.bench.terminal import Terminal
from tests.helpers.boards import make_repository

PANES, RATE, TICKS = 4, 500, 20
SECONDS, KEYS, REST = 6, 40, 0.25
LEASE = 3600.0
START_CAP, KEY_CAP = 30.0, 5.0
COUNT = re.compile(rb"([\d,]+) lines")


@dataclass
class Seen:
    """What a program with four panes cost."""

    shares: list[float] = field(default_factory=list)  # of a core, in percent, of one second each
    late: list[float] = field(default_factory=list)  # ms
    bare: list[float] = field(default_factory=list)  # ms, of a bare event loop beside it
    grown: float = 0.0  # MB from the first key to the last
    taken: float = 0.0  # lines a second of one pane
    fault: str = ""


def panes(folder: Path, runs: int) -> Iterator[Row]:
    """P7: lines at a steady rate, then a flood."""
    steady, flood = _watched(folder / "steady", RATE), _watched(folder / "flood", 0)
    name = f"{PANES} panes × {RATE} lines/s"
    yield Row("P7", f"{name}: share of a core", "%", Series(tuple(steady.shares)), most=25.0,
              doubt=steady.fault)  # fmt: skip
    yield Row("P7", "the same: key, p99", "ms", Series(tuple(steady.late)), most=50.0, statistic=p99,
              doubt=steady.fault)  # fmt: skip
    name = f"a flood of {PANES * flood.taken:,.0f} lines/s"
    yield Row("P7", f"{name}: key, p99", "ms", Series(tuple(flood.late)), most=100.0, statistic=p99,
              doubt=flood.fault)  # fmt: skip
    yield Row("P7", "the same: memory that is added", "MB", Series((flood.grown,)), most=10.0,
              doubt=flood.fault)  # fmt: skip


def _watched(place: Path, rate: int) -> Seen:
    _stage(place)
    seen = Seen()
    argv = (sys.executable, "-m", "tests.bench.panes", str(place), str(rate))
    loop = scene.script(place, "bare")
    with (
        Terminal(argv, scene.environment(place), scene.ROOT) as terminal,
        Terminal(loop.argv, loop.env, loop.folder) as bare,
    ):
        _until(terminal, b"? help", START_CAP)
        _read(terminal, 2.0)
        terminal.send(b"4")
        if _until(terminal, b"FOLLOW", START_CAP) is None or b"PASSED" not in _read(terminal, 3.0):
            seen.fault = "the panes show nothing"
            return seen
        for _ in range(SECONDS):
            cpu, began = terminal.cpu(), time.perf_counter()
            _read(terminal, 1.0)
            seen.shares.append(100 * (terminal.cpu() - cpu) / (time.perf_counter() - began))
        _press(terminal, bare, seen)
    if not seen.fault and (busy := p99(seen.bare)) > BARE_P99:
        seen.fault = f"the bare loop's p99 is {busy:.1f} ms"
    return seen


def _press(terminal: Terminal, bare: Terminal, seen: Seen) -> None:
    """Pause a pane again and again; each time the word must come."""
    before, began, first = _resident(terminal), time.perf_counter(), 0
    last = 0
    for _ in range(KEYS):
        terminal.send(b"f")
        text = _read(terminal, REST)
        if counts := [int(found.replace(b",", b"")) for found in COUNT.findall(text)]:
            first, last = first or max(counts), max(counts)
        terminal.send(b"k")
        if (late := _until(terminal, b"PAUSED", KEY_CAP)) is None:
            seen.fault = "a key was not heard"
            return
        seen.late.append(1000 * late)
        bare.send(b"j")
        seen.bare.append(1000 * (_until(bare, FRAME_END, KEY_CAP) or KEY_CAP))
    seen.grown = _resident(terminal) - before
    seen.taken = (last - first) / (time.perf_counter() - began)


def _resident(terminal: Terminal) -> float:
    status = Path(f"/proc/{terminal.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / MB


def _read(terminal: Terminal, seconds: float) -> bytes:
    whole, end = b"", time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        chunk = terminal.read(left)
        whole += chunk.text if chunk is not None else b""
    return whole


def _until(terminal: Terminal, words: bytes, cap: float) -> float | None:
    """Return the seconds until words came, None if they never did."""
    whole, began = b"", time.perf_counter()
    while (left := began + cap - time.perf_counter()) > 0:
        chunk = terminal.read(left)
        whole = whole[-64:] + (chunk.text if chunk is not None else b"")
        if chunk is not None and words in whole:
            return chunk.at - began
    return None


def _stage(place: Path) -> None:
    house = scene.house(place)
    board = house.init(
        make_repository(place / "shop"), mode="manual", sandbox="local", prefix="ht", cap=PANES
    )
    for number in range(PANES):
        bead = house.service.write(beads.create, board.id, scene.TITLE.format(number))
        house.service.write(beads.dispatch, bead)
        claim = house.store.write(ENGINE, attempts.claim, board.id, LEASE, PANES, POOL)
        if claim is None:
            raise RuntimeError("no bead can be claimed")
        house.store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", f"box-{number}")
    house.store.close()


async def _show(place: Path, rate: int) -> None:
    house = scene.house(place)
    [board] = house.store.read(views.boards)
    names = [a.attempt for a in house.store.read(views.snapshot, board.id).agents]
    for attempt in names:
        house.service.lines.open(attempt)
    app = HalfApp(house.service, board.id, is_alone=True)
    async with asyncio.TaskGroup() as group:
        journal = group.create_task(house.service.lines.run())
        feed = group.create_task(_print(app, names, rate))
        await app.run_async()
        journal.cancel()
        feed.cancel()


async def _print(app: HalfApp, names: list[str], rate: int) -> None:
    await app.drawn.wait()
    piece = "\n".join([SAMPLE] * (rate // TICKS or AT_ONCE))
    began, number = time.perf_counter(), 0
    while True:
        number += 1
        for attempt in names:
            app.service.lines.add(attempt, "out", piece)
            await asyncio.sleep(0)
        if rate:
            await asyncio.sleep(max(0.0, began + number / TICKS - time.perf_counter()))


if __name__ == "__main__":
    asyncio.run(_show(Path(sys.argv[1]), int(sys.argv[2])))
