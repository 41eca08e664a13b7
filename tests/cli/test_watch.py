"""`--watch`: printed again when it changes and only then, until whoever looks has enough."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from halftui.cli import watching
from halftui.cli.call import Call
from halftui.domain.happenings import Question
from halftui.ops import beads, convoys, questions
from tests.cli.conftest import Line
from tests.helpers.world import World

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "tests.helpers.command_line")
PATIENCE = 60.0


@pytest.fixture
def env(line: Line) -> dict[str, str]:
    """Return the environment of a process on the same home."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "LANG": "C.UTF-8"}


@contextmanager
def _watching(env: dict[str, str], *argv: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*PROGRAM, *argv, "--watch"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        try:
            yield ran
        finally:
            if ran.poll() is None:
                ran.kill()


def _read(ran: "subprocess.Popen[str]") -> str:
    assert ran.stdout is not None
    return ran.stdout.readline()


def test_json_is_one_document_a_change(line: Line, world: World, env: dict[str, str]) -> None:
    first = line.bead("first")
    with _watching(env, "bead", "list", "-o", "json") as ran:
        assert [bead["title"] for bead in json.loads(_read(ran))] == ["first"]
        line.bead("second")
        assert [bead["title"] for bead in json.loads(_read(ran))] == ["first", "second"]
        world.do(beads.hold, first, "later")
        assert {bead["hold"] for bead in json.loads(_read(ran))} == {"", "later"}
        ran.send_signal(signal.SIGINT)
        out, err = ran.communicate(timeout=PATIENCE)
        assert (out, err, ran.returncode) == ("", "", 130)


def test_a_convoy_and_the_inbox_are_watched_too(line: Line, world: World, env: dict[str, str]) -> None:
    bead = line.bead("asks")
    claim = world.started(world.taken(bead))
    with _watching(env, "inbox", "-o", "yaml") as inbox, _watching(env, "convoy", "list") as listed:
        assert _read(inbox) == "[]\n"
        assert _read(listed).split() == ["ID", "NAME", "STATE", "FINISHED", "TOTAL", "FAILED"]
        world.engine(questions.ask, claim.attempt, Question("question", "which?"))
        assert _read(inbox) == "---\n"
        while not (told := _read(inbox)).startswith("  text:"):
            assert told
        assert "which?" in told
        trip = world.do(convoys.create, world.board, "trip", [line.bead("rides")])
        assert [_read(listed).split()[:1] for _ in range(3)] == [[], ["ID"], ["trip"]]
    with _watching(env, "convoy", "show", trip, "-o", "json") as shown:
        assert json.loads(_read(shown))["convoy"]["state"] == "staged"
        world.do(convoys.start, trip)
        assert json.loads(_read(shown))["convoy"]["state"] == "moving"


@pytest.mark.parametrize("argv", [("bead", "list"), ("bead", "list", "-o", "json")])
def test_who_reads_no_more_ends_it_quietly_though_nothing_changes(
    line: Line, env: dict[str, str], argv: tuple[str, ...]
) -> None:
    line.bead("first")
    with _watching(env, *argv) as ran:
        _read(ran)
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        assert ran.stderr.read() == ""
        assert ran.wait(PATIENCE) == 141


def test_a_terminal_is_drawn_anew_and_what_does_not_fit_is_counted(line: Line, env: dict[str, str]) -> None:
    for number in range(40):
        line.bead(f"card {number}")
    leader, follower = pty.openpty()
    os.set_blocking(leader, True)
    with subprocess.Popen(
        [*PROGRAM, "bead", "list", "--watch"], env={**env, "TERM": "xterm", "LINES": "24"},
        stdin=follower, stdout=follower, stderr=follower,
    ) as ran:  # fmt: skip
        os.close(follower)
        try:
            first = _until(leader, b"more lines")
            assert b"card 0" in first
            assert b"card 39" not in first
            assert "… 19 more lines".encode() in first
            line.bead("first of all", "-p", "0")
            again = _until(leader, b"more lines")
            assert again.lstrip(b"\r\n").startswith(b"\x1b[H")
            assert "… 20 more lines".encode() in again
        finally:
            ran.send_signal(signal.SIGINT)
            assert ran.wait(PATIENCE) == 130
            os.close(leader)


def _until(leader: int, words: bytes) -> bytes:
    seen, end = b"", time.monotonic() + PATIENCE
    while words not in seen:
        assert time.monotonic() < end, seen
        seen += os.read(leader, 65_536)
    return seen


def test_nothing_is_read_again_while_nobody_writes(
    line: Line, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.bead("first")
    reads: list[object] = []
    pages = watching._page

    def page(call: Call, run: Callable[[], object]) -> str:
        reads.append(run)
        return pages(call, run)

    monkeypatch.setattr(watching, "_page", page)
    naps = iter(range(6))

    def nap(_out: object, _seconds: float) -> None:
        number = next(naps, None)
        if number is None:
            raise KeyboardInterrupt
        if number == 3:
            world.bead("second")

    monkeypatch.setattr(watching, "pause", nap)
    ran = line("bead", "list", "-o", "json", "--watch")
    assert ran.code == 130
    assert len(reads) == 2
    assert [len(json.loads(each)) for each in ran.out.splitlines()] == [1, 2]
