"""`python -m tests.bench [names…] [--runs N]`: measure, and print one table."""

import argparse
import compileall
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.bench import (
    agents,
    dispatch,
    drag,
    each_command,
    guests,
    keys,
    output,
    panes,
    scene,
    start,
    transport,
)
from tests.bench.table import Row, table

Measure = Callable[[Path, int], Iterator[Row]]
MEASURES: Mapping[str, Measure] = {
    "P9": start.commands,
    "E8": each_command.commands,
    "P1": start.first_frames,
    "P3": keys.cursor,
    "P4": keys.moves,
    "P5": drag.steps,
    "P6": output.memory,
    "P7": panes.panes,
    "P8": output.lines,
    "P10": dispatch.readiness,
    "P12": dispatch.throughput,
    "P11": agents.run,
    "D": transport.run,
    "P13": guests.crowd,
    "P14": guests.broadcast,
}


def main() -> int:
    """Run the named measures, by default all, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="names", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--runs", type=int, default=5, help="of each program (default: 5)")
    given = parser.parse_args()
    if unknown := set(given.names) - set(MEASURES):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    compileall.compile_dir(scene.ROOT / "halftui", quiet=2)
    before, began = os.getloadavg(), time.time()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="htb") as folder:  # short, since sockets live in it
        for name in given.names or MEASURES:
            sys.stderr.write(f"{name} …\n")
            rows += MEASURES[name](Path(folder), given.runs)
    sys.stdout.write(f"{table(rows)}\n\n{_surroundings(before, began)}\n")
    return int(any(row.verdict == "NOT met" for row in rows))


def _surroundings(before: tuple[float, float, float], began: float) -> str:
    after = os.getloadavg()
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {before[0]:.1f} before and"
        f" {after[0]:.1f} after, {time.time() - began:.0f} s; medians (min–max) unless a percentile is named;"
        " CPU is of the process; runs are HalfTUI's/the other's; capped runs have no figure."
    )


if __name__ == "__main__":
    sys.exit(main())
