"""Many processes claim from one database: every bead once, and never more than the caps allow."""

import subprocess
import sys

import pytest

from halftui.ops import beads, boards, views
from halftui.store.store import Store
from halftui.store.tx import Tx
from tests.helpers.stores import ANN

PROCESSES, BEADS, CAP, BOARD_CAP = 8, 60, 5, 3

_CLAIMER = """
import random, sys, time
from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.errors import Unavailable
from halftui.ops import attempts, views
from halftui.store.store import Store

store, boards, cap = Store(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
idle = 0
while idle < 20:
    board = random.choice(boards)
    claim = store.write(ENGINE, attempts.claim, board, 30.0, cap, POOL)
    if claim is None:
        idle = idle + 1 if not any(store.read(views.lane, b, "ready").total for b in boards) else 0
        time.sleep(0.01)
        continue
    print(claim.bead, claim.epoch, flush=True)
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    time.sleep(0.02)
    store.write(ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "", "made")
store.close()
"""


@pytest.mark.timeout(240)
def test_every_bead_once_and_caps_kept(store: Store) -> None:
    names = [store.write(ANN, boards.create, n, f"/srv/{n}", "main", cap=BOARD_CAP) for n in ("one", "two")]

    def fill(tx: Tx) -> None:
        for number in range(BEADS):
            beads.create(tx, names[number % 2], str(number))

    store.write(ANN, fill)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIMER, store.url, ",".join(names), str(CAP)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    ended = [p.communicate(timeout=200) for p in started]
    assert [p.returncode for p in started] == [0] * PROCESSES, ended
    claimed = [line for out, _ in ended for line in out.split("\n") if line]
    assert len(claimed) == BEADS
    assert len(set(claimed)) == BEADS
    assert all(line.endswith(" 1") for line in claimed)
    _check_caps(store)
    for name in names:
        assert store.read(views.lane, name, "review").total == BEADS // 2


def _check_caps(store: Store) -> None:
    live: dict[str, int] = {}
    most = 0
    for event in store.read(views.events, 0, most=100_000):
        if event.verb in ("bead.claim", "attempt.end"):
            live[event.board] = live.get(event.board, 0) + (1 if event.verb == "bead.claim" else -1)
        most = max(most, sum(live.values()))
        assert max(live.values(), default=0) <= BOARD_CAP
    assert sum(live.values()) == 0
    assert 1 < most <= CAP
