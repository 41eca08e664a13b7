"""E8: what every kind of command costs that opens neither screen nor network, beside a peer's bare help."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from halftui.ops import views
from halftui.store.store import Store
from tests.bench import scene, start
from tests.bench.scene import Program
from tests.bench.table import Row, Series

MOST = 500.0  # ms of CPU
# Lines that can be repeated. {a} is a bead, {file} what `get beads -o json` prints.
LINES = (
    "--help", "bead --help", "bead list", "bead list -o wide", "bead list -o yaml", "bead show {a}",
    "bead create again", "bead edit {a} -p 1", "bead hold {a} later", "bead rank {a} --behind {b}",
    "board show", "board list", "board edit cap=4", "agent list", "convoy list", "event list", "inbox",
    "subscription list", "identity list", "identity create --username cedar", "identity signers", "whoami",
    "get beads", "get beads -o json", "get beads -o yaml", "describe bead {a}", "apply -f {file}",
    "wait bead {a} --until open", "wait board --timeout 0", "config show", "audit verify", "audit sign",
    "completion bash", "skills show", "budget list", "usage", "export",
)  # fmt: skip


def commands(folder: Path, runs: int) -> Iterator[Row]:
    """Yield a row for each line, with `python -c pass` beside it, and the peer's help at the end."""
    place = scene.board(folder / "b100", 100)
    names = _names(place)
    bare = _cpu(scene.bare(folder), runs)
    for line in LINES:
        words = [word.format(**names) for word in line.split()]
        own = _cpu(scene.halftui(place, *words), runs)
        yield Row("E8", f"{line}: CPU", "ms", own, "python -c pass", bare, MOST)
    peer = scene.peer(folder / "peer", 1)
    shown = Program((peer.argv[0], "--help"), peer.env, peer.folder)
    yield Row("E8", "--help: CPU", "ms", _cpu(scene.halftui(place, "--help"), runs), f"{scene.PEER} --help",
              _cpu(shown, runs), MOST)  # fmt: skip


def _cpu(program: Program, runs: int) -> Series:
    return Series(tuple(1_000 * start.run(program, codes=(0, 124))[0] for _ in range(runs)))


def _names(place: Path) -> dict[str, str]:
    store = Store(f"sqlite:///{place / 'home' / 'halftui.db'}")
    board = store.read(views.boards)[0].id
    first, second, *_ = (card.id for card in store.read(views.beads, board, ("ready",), 2))
    store.close()
    file = place / "beads.json"
    file.write_text(_got(place), encoding="utf-8")
    return {"a": first, "b": second, "file": str(file)}


def _got(place: Path) -> str:
    program = scene.halftui(place, "get", "beads", "-o", "json")
    return subprocess.run(
        program.argv, env=dict(program.env), cwd=program.folder, capture_output=True, text=True, check=True
    ).stdout
