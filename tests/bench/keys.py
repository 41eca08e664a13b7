"""P3 and P4: what a key costs, and how soon its frame is there."""

import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench import scene
from tests.bench.scene import Program
from tests.bench.start import CAP, has_cards
from tests.bench.table import Row, Series, p99
from tests.bench.terminal import COLUMNS, ROWS, Recording, Screen, Terminal

FRAME_END = b"\x1b[?2026l"
SETTLED = 0.18  # seconds without output after which a key has done all it does
WARM = 2.5  # seconds after the first frame in which a program gets ready for more
ROUNDS, STEPS = 5, 20
PEER_STEPS = 2  # keys of the peer in a round
MOVES, PEER_MOVES = 10, 2
MOVE_CAP = 90.0
BARE_P99 = 2.0  # ms; beyond it the machine is too busy for a p99
# A lane that forgets to draw: the comparison with a full repaint must find it out.
BROKEN = f"from halftui.tui.widgets.lane import Lane; Lane._refresh_card = lambda *_: None; {scene.ENTRY}"


@dataclass
class Played:
    """What a program's keys cost."""

    terminal: Terminal
    screen: Screen = field(default_factory=Screen)
    cpu: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    capped: int = 0

    def settle(self, cap: float = CAP) -> None:
        """Wait until the cards are there and the program rests."""
        self.screen.feed(self.terminal.record(has_cards, cap, quiet=1.0))
        self.screen.feed(self.terminal.record(lambda _: False, WARM, quiet=WARM))

    def press(self, key: bytes, cap: float = 10.0, quiet: float = SETTLED) -> None:
        """Press a key and note its cost."""
        self.screen.feed(self.terminal.drain())
        cpu, began = self.terminal.cpu(), time.perf_counter()
        self.terminal.send(key)
        seen = self.terminal.record(lambda text: FRAME_END in text, cap, quiet)
        self.screen.feed(seen)
        self.capped += seen.is_capped
        if (end := _frame(seen)) is not None:
            self.latency.append(1000 * (end - began))
            self.cpu.append(1000 * (self.terminal.cpu() - cpu))

    def is_as_repainted(self) -> bool:
        """Return whether the screen after a key is what a full repaint draws, and not empty."""
        for key in (b"j", b"k", b"j"):  # again, since an age may turn in between
            self.terminal.send(key)
            self.screen.feed(self.terminal.record(lambda text: FRAME_END in text, 3.0, SETTLED))
            before, self.screen = self.screen.lines, Screen()
            for rows in (ROWS + 1, ROWS):
                self.terminal.resize(COLUMNS, rows)
                seen = self.terminal.record(lambda text: FRAME_END in text, 3.0, SETTLED)
            self.screen.feed(seen)
            if before == self.screen.lines:
                return bool(self.screen.found(scene.TITLES))
        return False


def cursor(folder: Path, runs: int) -> Iterator[Row]:
    """P3: the cursor goes down and up among the visible cards, everybody in turn."""
    small, large = scene.board(folder / "b1000", 1_000), scene.board(folder / "b100000", 100_000)
    programs = {
        "bare": scene.script(folder, "bare"),
        "minimal": scene.script(folder, "minimal", "100000"),
        "small": scene.halftui(small, "--board", "shop"),
        "large": scene.halftui(large, "--board", "shop"),
        "peer": scene.peer(folder / "p1000", 1_000),
    }
    with ExitStack() as stack:
        played = {name: Played(stack.enter_context(_open(p))) for name, p in programs.items()}
        for one in played.values():
            one.settle()
        for number in range(max(runs, ROUNDS)):
            for name, one in played.items():
                for _ in range(PEER_STEPS if name == "peer" else STEPS // 2):
                    one.press(b"k" if number % 2 else b"j", quiet=1.0 if name == "peer" else SETTLED)
        faults = [name for name in ("small", "large") if not played[name].is_as_repainted()]
    if not _finds_stale(small):
        faults.append("a broken repaint was not found out")
    yield from _cursor_rows(played, "; ".join(faults))


def _cursor_rows(played: dict[str, Played], fault: str) -> Iterator[Row]:
    cpu = {name: Series(tuple(p.cpu), p.capped) for name, p in played.items()}
    late = {name: Series(tuple(p.latency), p.capped) for name, p in played.items()}
    busy = p99(late["bare"].values)
    doubt = fault or (f"the bare loop's p99 is {busy:.1f} ms" if busy > BARE_P99 else "")
    minimal, peer = "minimal app, 100,000", f"{scene.PEER}, 1,000"
    yield Row(
        "P3",
        "cursor key, 100,000 cards: p50",
        "ms",
        late["large"],
        minimal,
        late["minimal"],
        times=1.5,
        doubt=fault,
    )
    yield Row(
        "P3",
        "the same: p99",
        "ms",
        late["large"],
        minimal,
        late["minimal"],
        times=2,
        statistic=p99,
        doubt=doubt,
    )
    yield Row("P3", "the same: CPU", "ms", cpu["large"], minimal, cpu["minimal"], doubt=fault)
    yield Row(
        "P3",
        "cursor key, 1,000 cards: CPU",
        "ms",
        cpu["small"],
        peer,
        cpu["peer"],
        times=1 / 100,
        doubt=fault,
    )
    yield Row("P3", "the same: p50", "ms", late["small"], peer, late["peer"], doubt=fault)
    yield Row("P3", "bare event loop: p99", "ms", late["bare"], statistic=p99)


def moves(folder: Path, runs: int) -> Iterator[Row]:
    """P4: a card one place down, saved; both sides save it."""
    place = scene.board(folder / "b1000", 1_000)
    other = scene.peer(folder / "p1000", 1_000)
    with ExitStack() as stack:
        own, peer = (
            Played(stack.enter_context(_open(p))) for p in (scene.halftui(place, "--board", "shop"), other)
        )
        own.settle()
        peer.settle()
        before, count = _events(place), max(runs, MOVES)
        for _ in range(count):
            own.press(b"J", quiet=0.4)
        fault = "" if _events(place) - before == count else "not every move was written down"
        fault = fault or ("" if own.is_as_repainted() else "the screen is not as repainted")
        for _ in range(PEER_MOVES):
            peer.press(b"L", cap=MOVE_CAP, quiet=3.0)
    mine, theirs = Series(tuple(own.cpu), own.capped), Series(tuple(peer.cpu), peer.capped)
    name = f"{scene.PEER}, 1,000"
    yield Row(
        "P4",
        "move a card by key, saved: CPU to quiet",
        "ms",
        mine,
        name,
        theirs,
        15.0,
        1 / 1_000,
        doubt=fault,
    )
    first = Series(tuple(own.latency)), Series(tuple(peer.latency), peer.capped)
    yield Row("P4", "the same: first frame", "ms", first[0], name, first[1], times=1 / 100, doubt=fault)


def _events(place: Path) -> int:
    with closing(sqlite3.connect(place / "home" / "halftui.db")) as connection:
        found: Sequence[int] = connection.execute(
            "SELECT count(*) FROM event WHERE verb = 'bead.rank'"
        ).fetchone()
        return int(found[0])


def _finds_stale(place: Path) -> bool:
    whole = scene.halftui(place)
    with _open(replace(whole, argv=(sys.executable, "-c", BROKEN, "--board", "shop"))) as terminal:
        broken = Played(terminal)
        broken.settle()
        return not broken.is_as_repainted()


def _frame(seen: Recording) -> float | None:
    whole = b""
    for chunk in seen.chunks:
        whole = whole[-16:] + chunk.text
        if FRAME_END in whole:
            return chunk.at
    return None


def _open(program: Program) -> Terminal:
    return Terminal(program.argv, program.env, program.folder)
