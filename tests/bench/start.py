"""P9, P1 and P2: what it costs to run a command, and to see the board."""

import os
import subprocess
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from tests.bench import scene
from tests.bench.scene import TITLES, Program
from tests.bench.table import Row, Series
from tests.bench.terminal import Terminal, first_full

CAP = 90.0  # seconds until the peer's first frame is given up
LEAST = 8  # cards on the screen, else it is not the board


def commands(folder: Path, runs: int) -> Iterator[Row]:
    """P9: `--version` and a list of 100 beads, beside an interpreter that does nothing."""
    place = scene.board(folder / "b100", 100)
    bare = scene.bare(folder)
    version = scene.halftui(place, "--version")
    listing = scene.halftui(place, "bead", "list", "-o", "json")
    figures = [[run(p) for p in (bare, version, listing)] for _ in range(runs)]
    floor, first, second = ([run[n] for run in figures] for n in range(3))
    for name, found, most in (("--version", first, 60.0), ("bead list -o json, 100 beads", second, 550.0)):
        yield Row("P9", f"{name}: CPU", "ms", _cpu(found), "python -c pass", _cpu(floor), most)
        yield Row("P9", f"{name}: time", "ms", _wall(found), "python -c pass", _wall(floor))


def first_frames(folder: Path, runs: int) -> Iterator[Row]:
    """P1 and P2: CPU until the first frame that shows the cards, everybody in turn."""
    small, large = scene.board(folder / "b1000", 1_000), scene.board(folder / "b100000", 100_000)
    programs = {
        "minimal": scene.script(folder, "minimal", "static"),
        "small": scene.halftui(small, "--board", "shop"),
        "large": scene.halftui(large, "--board", "shop"),
        "peer": scene.peer(folder / "p1000", 1_000),
    }
    found: dict[str, list[tuple[float, float] | None]] = {name: [] for name in programs}
    for number in range(runs):
        for name, program in programs.items():
            if name != "peer" or number < 5:
                found[name].append(first_frame(program))
    cpu = {name: _series(frames, 0) for name, frames in found.items()}
    wall = {name: _series(frames, 1) for name, frames in found.items()}
    minimal, peer = "minimal app", scene.PEER
    yield Row("P1", "first frame, 1,000 beads: CPU", "ms", cpu["small"], minimal, cpu["minimal"], times=1.3)
    yield Row("P1", "the same: time", "ms", wall["small"], minimal, wall["minimal"])
    yield Row("P1", "the same: CPU", "ms", cpu["small"], f"{peer}, 1,000", cpu["peer"], times=1 / 20)
    yield Row("P2", "first frame, 100,000 beads: CPU", "ms", cpu["large"], "P1", cpu["small"], times=1.2)


def first_frame(program: Program) -> tuple[float, float] | None:
    """Return CPU and wall seconds until the screen first showed all its cards; None if it never did."""
    with Terminal(program.argv, program.env, program.folder) as terminal:
        seen = terminal.record(has_cards, CAP, quiet=1.0)
        chunk = first_full(seen, TITLES)
        return None if seen.is_capped or chunk is None else (chunk.cpu, chunk.at - terminal.began)


def has_cards(text: bytes) -> bool:
    """Return whether enough cards were written to be the board."""
    return len(set(text.split(b"Card-"))) > LEAST


def run(program: Program, codes: Collection[int] = (0,)) -> tuple[float, float]:
    """Return CPU and wall seconds of a program that ends with one of these exit codes."""
    began = time.perf_counter()
    child = subprocess.Popen(
        program.argv, env=dict(program.env), cwd=program.folder, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        raise RuntimeError(f"{' '.join(program.argv)} failed")
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


def _cpu(found: list[tuple[float, float]]) -> Series:
    return Series(tuple(1000 * cpu for cpu, _ in found))


def _wall(found: list[tuple[float, float]]) -> Series:
    return Series(tuple(1000 * wall for _, wall in found))


def _series(found: list[tuple[float, float] | None], which: int) -> Series:
    done = tuple(1000 * frame[which] for frame in found if frame is not None)
    return Series(done, capped=len(found) - len(done))
