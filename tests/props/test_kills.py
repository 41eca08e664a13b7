"""Processes that claim are killed at random: no bead is lost, and none is accepted twice."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from halftui.ops import beads, boards, views
from halftui.store.store import Rows, Store
from halftui.store.tx import Tx
from tests.helpers.replay import Replay
from tests.helpers.stores import ANN

KILLS, BEADS = 1_000, 4_000
MANY = 10  # times as much with --slow
SHARE = 5  # of a database server one in so many, without --slow: its commits are ten times as slow


@pytest.fixture
def quick(url: str, prepared_file: Path) -> Iterator[Store]:
    """Return a prepared, empty database; a file stands in memory, which outlives killed processes as well."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="halftui-kills-", dir=place) as folder:
        if url.startswith("sqlite"):
            shutil.copy(prepared_file, f"{folder}/halftui.db")
            url = f"sqlite:///{folder}/halftui.db"
        with closing(Store(url)) as opened:
            yield opened


@pytest.mark.timeout(0)
def test_kills_lose_and_double_nothing(quick: Store, request: pytest.FixtureRequest) -> None:
    store = quick
    is_slow = bool(request.config.getoption("--slow"))
    share = 1 if is_slow or store.path is not None else SHARE
    kills, count = (n * (MANY if is_slow else 1) // share for n in (KILLS, BEADS))
    board = store.write(ANN, boards.create, "Kill", "/srv/kill", "main", cap=1_000)

    def fill(tx: Tx) -> None:
        for number in range(count):
            beads.create(tx, board, str(number))

    store.write(ANN, fill)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.claimers", store.url, board, str(kills), "7"],
        capture_output=True, text=True, check=False, timeout=1_800 * (MANY if is_slow else 1),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{kills}\n"
    lost = _check(store, board, count)
    sys.stdout.write(f"{done.stdout.strip()} kills, {lost} attempts lost, {time.monotonic() - began:.0f} s\n")
    assert lost > kills / 10, "the kills have to hit something"


def _check(store: Store, board: str, count: int) -> int:
    """Check that each bead was accepted exactly once; return how many attempts were lost."""
    replay, seen = Replay(), Counter[tuple[str, str]]()
    while events := store.read(views.events, replay.seq, most=10_000):
        replay.take(events)
        seen.update((e.verb, e.subject) for e in events if e.verb.startswith("bead."))
    states = store.read(lambda r: r.rows("SELECT id, state FROM bead WHERE board_id = :b", b=board))
    assert len(states) == count
    assert {str(state) for _, state in states} == {"done"}
    assert {b: s.value for b, s in replay.beads.items()} == dict(states)
    for bead, _ in states:
        assert seen["bead.submit", bead] == seen["bead.approve", bead] == 1
    passed = store.read(_passed, board)
    assert len(passed) == count
    assert set(passed.values()) == {1}
    if store.path is not None:
        assert store.read(lambda r: r.rows("PRAGMA integrity_check")) == [("ok",)]
    return sum(n for (verb, _), n in seen.items() if verb == "bead.release")


def _passed(rows: Rows, board: str) -> dict[str, int]:
    sql = "SELECT bead_id, count(*) FROM attempt WHERE board_id = :b AND outcome = 'passed' GROUP BY 1"
    return {str(bead): int(count) for bead, count in rows.rows(sql, b=board)}
