"""The command line as a process: what it imports, how it ends, and what it writes to terminals and pipes."""

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.domain.happenings import Outcome
from halftui.ops import beads, transcripts
from halftui.ops.attempts import Claim
from halftui.store.tx import Tx
from tests.cli.conftest import Line
from tests.helpers.world import World

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "tests.helpers.command_line"]
HEAVY = ["textual", "docker", "git", "asyncssh", "claude_agent_sdk", "aiohttp", "alembic", "asyncio"]
ORM = ["sqlmodel", "sqlalchemy", "pydantic"]

_LOOK = """
import json, sys
from tests.helpers.command_line import main
code = main(sys.argv[1:])
sys.stderr.write(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.fixture
def env(line: Line) -> dict[str, str]:
    """Return the environment of a process in the line's home."""
    usual = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}  # it hides cut writes
    return {**usual, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", "COLUMNS": "60"}


def _run(env: dict[str, str], *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *argv], env=env, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def _fill(world: World, count: int) -> None:
    def make(tx: Tx) -> None:
        for number in range(count):
            beads.create(tx, world.board, f"bead {number} with an ordinary title of some words")

    world.do(make)


@pytest.mark.parametrize(
    ("argv", "forbidden"),
    [
        (["--version"], [*HEAVY, *ORM, "yaml", "rich"]),
        (["--help"], [*HEAVY, *ORM]),
        (["bead", "list"], [*HEAVY, *ORM]),
        (["bead", "list", "-o", "json"], [*HEAVY, *ORM, "rich"]),
        (["bead", "show", "{bead}"], [*HEAVY, *ORM]),
        (["board", "show"], [*HEAVY, *ORM]),
        (["convoy", "list"], [*HEAVY, *ORM]),
        (["agent", "list"], [*HEAVY, *ORM]),
        (["inbox"], [*HEAVY, *ORM]),
        (["event", "list"], [*HEAVY, *ORM]),
        (["subscription", "list"], [*HEAVY, *ORM]),
        (["config", "show"], [*HEAVY, *ORM]),
        (["bead", "create", "x"], [*HEAVY, *ORM]),
        (["bead", "edit", "{bead}", "-p", "1"], [*HEAVY, *ORM]),
        (["bead", "hold", "{bead}", "later"], [*HEAVY, *ORM]),
        (["convoy", "create", "x", "{bead}"], [*HEAVY, *ORM]),
        (["board", "edit", "cap=4"], [*HEAVY, *ORM]),
        (["identity", "create", "--username", "cedar"], [*HEAVY, *ORM]),
        (["audit", "sign"], [*HEAVY, *ORM]),
        (["export"], [*HEAVY, *ORM]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) and v[0] not in HEAVY else "",
)
def test_what_is_not_imported(line: Line, env: dict[str, str], argv: list[str], forbidden: list[str]) -> None:
    bead = line.bead()
    ran = subprocess.run(
        [sys.executable, "-c", _LOOK, *[a.format(bead=bead) for a in argv]],
        env=env, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    code, modules = json.loads(ran.stderr)
    assert code == 0
    assert [m for m in modules if {m, m.partition(".")[0]} & set(forbidden)] == []


def test_what_it_costs(
    line: Line, world: World, env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """P9: printed, not asserted, since the machine is shared."""
    _fill(world, 100)
    for argv in (["--version"], ["bead", "list", "-o", "json"]):
        costs = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            ran = _run(env, *argv)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert ran.returncode == 0
            costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        with capsys.disabled():
            sys.stdout.write(f"\nP9 {' '.join(argv)}: {sorted(costs)[2]:.3f} s of CPU (median of 5)\n")
    assert len(json.loads(_run(env, "bead", "list", "-o", "json").stdout)) == 100


def test_a_bug_is_said_in_a_sentence_and_told_in_the_log(line: Line, env: dict[str, str]) -> None:
    ran = _run({**env, "HALFTUI_TEST_BUG": "1"}, "doctor")
    log = line.home / "halftui.log"
    assert ran.returncode == 70
    assert (
        ran.stderr
        == f"error: this is a bug in HalfTUI (ZeroDivisionError)\nhint: the log tells more: {log}\n"
    )
    told = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    assert "a secret place in the code" in told["trace"]
    assert told["trace"].startswith("Traceback")


@pytest.mark.parametrize(
    "argv", [["bead", "list", "--limit", "0"], ["bead", "list", "--limit", "0", "-o", "json"]]
)
def test_a_closed_pipe_ends_it_quietly(world: World, env: dict[str, str], argv: list[str]) -> None:
    _fill(world, 1_500)  # more than a pipe holds
    with subprocess.Popen(
        [*PROGRAM, *argv], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.readline()
        ran.stdout.close()
        assert ran.stderr.read() == ""
        assert ran.wait(timeout=30) == 141


def test_another_encoding_is_no_reason_to_fail(line: Line, env: dict[str, str]) -> None:
    line.bead("日本語")
    ran = _run({**env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, "bead", "list")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u65e5" in ran.stdout


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["bead", "show", "none"]])
def test_exit_codes_are_the_process_s(env: dict[str, str], argv: list[str]) -> None:
    wanted = {"": 0, "nonsense": 2, "bead show none": 5}
    assert _run(env, *argv).returncode == wanted[" ".join(argv)]


@pytest.fixture
def claim(line: Line, world: World) -> Claim:
    """Return an attempt that printed two lines."""
    found = world.taken(line.bead())
    _say(world, found, 1, 2)
    return found


def _say(world: World, claim: Claim, *numbers: int) -> None:
    said = [(n, float(n), "out", f"line {n} of {claim.attempt}") for n in numbers]
    world.engine(transcripts.append, claim.attempt, said, "")


@pytest.fixture
def following(env: dict[str, str], claim: Claim) -> Iterator[subprocess.Popen[str]]:
    """Return a process that follows the attempt's bead."""
    with subprocess.Popen(
        [*PROGRAM, "attempt", "lines", claim.bead, "--follow"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as ran:  # fmt: skip
        yield ran
        if ran.poll() is None:
            ran.kill()


def _line(ran: subprocess.Popen[str]) -> str:
    assert ran.stdout is not None
    return ran.stdout.readline()


def test_following_goes_on_with_the_next_attempt(
    world: World, claim: Claim, following: subprocess.Popen[str]
) -> None:
    assert [_line(following), _line(following)] == [f"line {n} of {claim.attempt}\n" for n in (1, 2)]
    _say(world, claim, 3)
    assert _line(following) == f"line 3 of {claim.attempt}\n"

    def change_hands(tx: Tx) -> Claim:
        from halftui.domain.names import POOL
        from halftui.ops import attempts

        attempts.end(tx, claim.attempt, claim.epoch, Outcome.LOST, "silent", "")
        found = attempts.claim(tx, world.board, 30.0, 9, POOL)
        assert found is not None
        return found

    again = world.engine(change_hands)
    _say(world, again, 1)
    assert _line(following) == f"line 1 of {again.attempt}\n"
    _say(world, again, 2)
    world.end(again)
    out, err = following.communicate(timeout=30)
    assert (out, err, following.returncode) == (f"line 2 of {again.attempt}\n", "", 0)


def test_an_interrupt_ends_following_quietly(claim: Claim, following: subprocess.Popen[str]) -> None:
    assert _line(following).startswith("line 1")
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=30)
    assert (err, following.returncode) == ("", 130)
    assert "Traceback" not in out


def _on_terminal(env: dict[str, str], columns: int, *argv: str) -> bytes:
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    without = {k: v for k, v in env.items() if k != "COLUMNS"}
    ran = subprocess.Popen([*PROGRAM, *argv], env=without, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    said, deadline = b"", time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                said += os.read(leader, 65_536)
            except OSError:
                break
    ran.wait(timeout=30)
    os.close(leader)
    return said


def test_a_terminal_gets_bold_headings_and_fitted_lines(line: Line, env: dict[str, str]) -> None:
    line.bead("a title that is far too long for such a narrow terminal 日本語日本語日本語", "-l", "x")
    env = {**env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    said = _on_terminal(env, 50, "bead", "list").decode()
    assert said.startswith("\x1b[1mID")
    from rich.cells import cell_len

    rows = said.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()
    assert max(map(cell_len, rows)) <= 50
    assert "ASSIGNEE" in rows[0]
    assert "…" in rows[1]
    for plain in ({**env, "NO_COLOR": "1"}, {**env, "TERM": "dumb"}):
        assert b"\x1b" not in _on_terminal(plain, 50, "bead", "list")
    assert b"\x1b" not in _on_terminal(env, 50, "bead", "list", "--no-color")
    assert b"\x1b" not in _run(env, "bead", "list").stdout.encode()


def test_hostile_text_reaches_no_terminal(line: Line, world: World, env: dict[str, str]) -> None:
    claim = world.taken(line.bead("t\x1b]0;owned\x07\u202e\x9b2J"))
    hostile = "\x1b]52;c;aGk=\x07\x1b[2J\x9b1mx\u202e\x1b[31mred"
    world.engine(transcripts.append, claim.attempt, [(1, 1.0, "out", hostile)], hostile)
    world.do(lambda tx: tx.change("UPDATE bead SET title = :t, description = :t, hold = :t", t=hostile))
    world.do(lambda tx: tx.change("UPDATE board SET repository = :t", t=hostile))
    env = {**env, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    beads_ = [["bead", "list", "-o", form] for form in ("table", "wide", "json", "yaml")]
    boards = [["board", "show"], ["board", "list", "-o", "json"], ["agent", "list"], ["event", "list"]]
    lines = [["attempt", "lines", claim.bead], ["attempt", "lines", claim.bead, "-o", "json"]]
    for argv in (*beads_, *boards, *lines, ["bead", "show", claim.bead]):
        said = _on_terminal(env, 120, *argv).decode()
        for allowed in ("\x1b[1m", "\x1b[0m", "\x1b[31m"):
            said = said.replace(allowed, "")
        assert not [c for c in "\x1b\x07\x9b\u202e" if c in said], argv


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", [["bead", "list"], ["bead", "list", "-o", "json"], ["export"]])
def test_an_output_without_room_is_no_bug(line: Line, env: dict[str, str], words: list[str]) -> None:
    line.bead()
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*PROGRAM, *words],
            env=env,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ran.returncode, ran.stderr.count("\n")) == (7, 2)
    assert "can't be written: No space left" in ran.stderr


def test_streams_that_the_caller_closed(line: Line, env: dict[str, str]) -> None:
    """The database never gets the number of a standard stream."""
    line.bead()
    for closing in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        ran = subprocess.run(
            ["sh", "-c", f'"$@" {closing}', "sh", sys.executable, "-m", "halftui", "bead", "list"],
            env=env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (0, ""), closing


def test_the_demo_leaves_nothing_behind() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own has too long a name for sockets
        place = Path(folder)
        env = {"HOME": folder, "PATH": os.environ["PATH"], "TMPDIR": folder,
               "PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # fmt: skip
        ran = subprocess.run(
            [sys.executable, "-m", "halftui", "demo", "--headless", "--seconds", "4"],
            env=env, cwd=place, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert " of 6 beads merged" in ran.stdout, ran.stderr
        assert [found for found in place.rglob("*") if found.is_file()] == []
        assert [found.name for found in place.iterdir()] == [".local"]


@pytest.mark.parametrize("words", [[], ["demo"]])
def test_the_board_needs_a_terminal(line: Line, env: dict[str, str], words: list[str]) -> None:
    line.bead()
    ran = subprocess.run(
        [sys.executable, "-m", "halftui", *words], env=env, input="q", capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: the board needs a terminal\n")
