"""Processes that claim, work and accept, and are killed at random: `python -m tests.helpers.claimers`.

One warm process forks them, since a fresh Python takes longer to start than a claim takes.
"""

import os
import random
import signal
import sys
import time

from halftui.domain.actor import ENGINE, PATROL
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.errors import Conflict, Refused, Unavailable
from halftui.ops import attempts, beads
from halftui.store.store import Rows, Store

WORK = 0.02  # seconds; without any, most of a process's life is waiting for the database's one writer
LEASE = 0.7  # seconds; what a killed process held comes back after that
WORKERS = 6


def main(url: str, board: str, kills: int, seed: int) -> int:
    """Kill `kills` processes while the board's beads are worked off; return 0 when all are done."""
    draw = random.Random(seed)
    store = Store(url)  # the forked ones inherit its connections, and never use them
    total = store.read(_count, "board_id = :b", board)
    workers = [_fork(url, board) for _ in range(WORKERS)]
    killed = done = 0
    while done < total:
        time.sleep(draw.uniform(0.0, 0.006))
        done = store.read(_count, "board_id = :b AND state = 'done'", board)
        if killed < kills and done * kills >= total * killed:
            _kill(workers.pop(draw.randrange(len(workers))))
            workers.append(_fork(url, board))
            killed += 1
    for pid in workers:
        _kill(pid)
    sys.stdout.write(f"{killed}\n")
    return 0


def expired(rows: Rows) -> list[tuple[str, int]]:
    """Return the live attempts whose lease ran out, and their epochs."""
    sql = "SELECT id, epoch FROM attempt WHERE state <> 'ended' AND lease_until < :now"
    return [(str(attempt), int(epoch)) for attempt, epoch in rows.rows(sql, now=rows.now)]


def _fork(url: str, board: str) -> int:
    if pid := os.fork():
        return pid
    status = 1
    try:
        _work(url, board)
        status = 0
    finally:
        os._exit(status)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _work(url: str, board: str) -> None:
    store, parent = Store(url), os.getppid()
    while os.getppid() == parent:  # else it was killed itself, and nobody will kill this one
        try:
            _turn(store, board)
        except (Conflict, Refused, Unavailable):
            continue  # somebody else took over meanwhile, or holds the database


def _turn(store: Store, board: str) -> None:
    _mend(store)
    claim = store.write(ENGINE, attempts.claim, board, LEASE, 1_000, POOL)
    if claim is None:
        time.sleep(0.01)
        return
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    time.sleep(WORK)
    store.write(
        ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "", f"made by {os.getpid()}"
    )
    store.write(ENGINE, beads.approve, claim.bead, "c0ffee")


def _mend(store: Store) -> None:
    for attempt, epoch in store.read(expired):
        store.write(PATROL, attempts.end, attempt, epoch, Outcome.LOST, "lost", "its process was killed")
    for bead in store.read(_waiting):
        store.write(ENGINE, beads.approve, bead, "c0ffee")


def _waiting(rows: Rows) -> list[str]:
    old = "SELECT id FROM bead WHERE state = 'review' AND updated_at < :n LIMIT 5"
    return [str(row[0]) for row in rows.rows(old, n=rows.now - LEASE)]


def _count(rows: Rows, where: str, board: str) -> int:
    return int(rows.rows(f"SELECT count(*) FROM bead WHERE {where}", b=board)[0][0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
