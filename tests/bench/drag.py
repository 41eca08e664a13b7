"""P5: what a step of a drag costs, at a calm pace, where each step can be drawn."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import scene
from tests.bench.keys import Played
from tests.bench.table import Row, Series
from tests.bench.terminal import Terminal

STEPS, PEER_STEPS = 40, 10
PACES = (20, 50)  # moves in a second
PEER_CAP = 20.0
PRESSED, MOVED, RELEASED = (b"\x1b[<0;%d;%dM", b"\x1b[<32;%d;%dM", b"\x1b[<0;%d;%dm")


def steps(folder: Path, runs: int) -> Iterator[Row]:
    """P5: a card is lifted and carried over the board; each run at every pace, everybody in turn."""
    place, other = scene.board(folder / "b1000", 1_000), scene.peer(folder / "p1000", 1_000)
    found: dict[int, list[float]] = {pace: [] for pace in PACES}
    theirs: list[float] = []
    faults: list[str] = []
    with ExitStack() as stack:
        own, peer = (
            Played(stack.enter_context(Terminal(p.argv, p.env, p.folder)))
            for p in (scene.halftui(place, "--board", "shop"), other)
        )
        own.settle()
        peer.settle()
        for number in range(runs):
            for pace in PACES:
                found[pace].append(_carried(own, STEPS, pace))
            if not number:
                theirs.append(_carried(peer, PEER_STEPS, PACES[0]))
        if not own.is_as_repainted():
            faults.append("the screen is not as repainted")
    for pace, figures in found.items():
        yield Row(
            "P5", f"drag step, 1,000 cards, {pace} a second: CPU", "ms", Series(tuple(figures)),
            f"{scene.PEER}, 1,000", Series(tuple(theirs)), 5.0, 1 / 50, doubt="; ".join(faults),
        )  # fmt: skip


def _carried(played: Played, count: int, pace: int) -> float:
    """Lift a card, carry it about, and put it back; return the CPU milliseconds of a step."""
    terminal = played.terminal
    row, column = _card(played)
    terminal.send(PRESSED % (column, row))
    for n in range(4):  # lifted, and drawn once
        terminal.send(MOVED % (column + n, row + 1))
        _read(played, 0.1)
    began = terminal.cpu()
    for n in range(count):
        across, down = n % 30, n % 12
        terminal.send(MOVED % (column + across, row + down))
        _read(played, 1 / pace)
    seen = terminal.record(lambda _: True, PEER_CAP, 0.3)
    used = terminal.cpu() - began
    played.screen.feed(seen)
    terminal.send(b"\x1b")  # put back: nothing is to change between two runs
    _read(played, 0.3)
    terminal.send(RELEASED % (column, row))
    _read(played, 0.5)
    return 1000 * used / count


def _card(played: Played) -> tuple[int, int]:
    """Return row and column, from 1, of the first card there is."""
    for number, line in enumerate(played.screen.lines, 1):
        if (at := line.find("Card-")) >= 0:
            return number, at + 2
    raise RuntimeError("no card is to be seen")


def _read(played: Played, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if (chunk := played.terminal.read(left)) is not None:
            played.screen.take(chunk.text)
