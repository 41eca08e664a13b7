"""Which processes of this machine belong to a sandbox, read from /proc."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
BOOT = PROC / "sys/kernel/random/boot_id"
DEAD = {"Z", "X"}


@dataclass(frozen=True, slots=True)
class Identity:
    """One process of one boot; `started` (clock ticks since boot) tells a reused pid apart."""

    boot: str
    pid: int
    started: int

    @classmethod
    def parse(cls, text: str) -> "Identity | None":
        """Read a boot id and a line of /proc/PID/stat; None while they are not all written."""
        boot, _, line = text.partition("\n")
        if not line.endswith("\n"):
            return None
        stat = Stat.parse(line)
        return cls(boot, stat.pid, stat.started)


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of proc_pid_stat(5) that matter here."""

    pid: int
    state: str
    session: int
    started: int

    @classmethod
    def parse(cls, line: str) -> "Stat":
        head, _, tail = line.rpartition(")")  # the command in between may hold anything
        fields = tail.split()
        return cls(int(head.split()[0]), fields[0], int(fields[3]), int(fields[19]))


def is_alive(who: Identity) -> bool:
    """Say whether that very process still runs; a zombie does not."""
    stat = _stat(who.pid)
    return (
        stat is not None
        and stat.started == who.started
        and stat.state not in DEAD
        and who.boot == this_boot()
    )


def this_boot() -> str:
    """Return the id that the kernel gave to this boot."""
    return BOOT.read_text().strip()


def kill_all(leader: Identity | None, mark: bytes, number: signal.Signals) -> int:
    """Send a signal to the leader's session and to every bearer of the mark; return how many.

    The mark (`NAME=value`) is looked for in the environment a process was started with: it also
    finds those that left the session, as the shells of some agents do.
    """
    count = 0
    for stat in _running():
        if _is_in_session(stat, leader) or _bears(stat.pid, mark):
            count += _send(stat.pid, number)
    return count


def _is_in_session(stat: Stat, leader: Identity | None) -> bool:
    # The kernel gives a session's id to no new process while a member is left, so the number
    # means the old session unless a process of another birth bears it.
    if leader is None or stat.session != leader.pid or leader.boot != this_boot():
        return False
    head = _stat(leader.pid)
    return head is None or head.started == leader.started


def _bears(pid: int, mark: bytes) -> bool:
    try:
        return mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or another user's
        return False


def _send(pid: int, number: signal.Signals) -> int:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return 0
    return 1


def _running() -> Iterator[Stat]:
    for entry in PROC.iterdir():
        stat = _stat(int(entry.name)) if entry.name.isdecimal() else None
        if stat is not None and stat.state not in DEAD:
            yield stat


def _stat(pid: int) -> Stat | None:
    try:
        return Stat.parse((PROC / str(pid) / "stat").read_text(errors="replace"))
    except OSError:  # no such process (any more)
        return None
