"""`halftui import` and `halftui export` as they are typed."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.exports import line

RAW = '{"id":"a","title":"b","text":"\u009b2J\u202e ü"}'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a board and return the folder it is in."""
    (tmp_path / "shop").mkdir()
    for words in (["init", "-q", "-b", "main"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tmp_path / "shop",
                       check=True)  # fmt: skip
    assert run(tmp_path, "init").returncode == 0
    return tmp_path


def run(home: Path, *words: str, given: bytes = b"", out: int = -1) -> subprocess.CompletedProcess[bytes]:
    """Run a command line in the board's folder."""
    env = {**os.environ, "HALFTUI_HOME": str(home / "home"), "HALFTUI_CONFIG": str(home / "config"),
           "HALFTUI_USER": "ann", "PYTHONIOENCODING": "latin-1"}  # fmt: skip
    return subprocess.run([sys.executable, "-m", "halftui", *words], cwd=home / "shop", env=env, check=False,
                          input=given, stdout=out, stderr=subprocess.PIPE, timeout=60)  # fmt: skip


def test_there_and_back(home: Path) -> None:
    file, copy = home / "issues.jsonl", home / "copy.jsonl"
    file.write_text(f"{RAW}\n\n{line('c', 'a')}\r\n", "utf-8")
    said = run(home, "import", str(file))
    told = b"2 beads made, 0 changed, 0 as they were; 1 is ready, and agents start it when the board runs\n"
    assert (said.returncode, said.stdout) == (0, told)
    assert run(home, "import", "-", given=file.read_bytes()).stdout.startswith(
        b"0 beads made, 0 changed, 2 as"
    )
    expected = f"{RAW}\n{line('c', 'a')}\n".encode()
    assert run(home, "export").stdout == expected  # UTF-8, whatever the terminal speaks
    copy.write_text("an old one, and longer than the new one" * 99)
    assert json.loads(run(home, "export", str(copy), "-o", "json").stdout)["lines"] == 2
    assert copy.read_bytes() == expected
    assert sorted(p.name for p in home.iterdir() if "jsonl" in p.name) == ["copy.jsonl", "issues.jsonl"]


def test_what_is_ready_and_what_is_blocked(home: Path) -> None:
    lines = [line("a"), line("b", "a"), line("c", "a", status="in_progress"), line("d", ephemeral=True)]
    assert run(home, "import", "-", given="\n".join(lines).encode()).returncode == 0

    def listed(*words: str) -> list[str]:
        return [bead["id"] for bead in json.loads(run(home, "bead", "list", *words, "-o", "json").stdout)]

    assert listed("--ready", "--limit", "0") == ["a"]
    assert listed("--blocked", "--limit", "0") == ["b", "c"]
    assert listed("--blocked", "--limit", "1") == ["b"]
    assert listed("--ready", "--blocked") == ["a", "b", "c"]
    assert listed("--ready", "--lane", "working") == ["a", "c"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"{}\n", "error: line 1 is a row of a table dump"),
        (b'{"id":"a","title":"b"}\n{"id":', "error: line 2: it is not JSON"),
        (b'{"id":"a","title":"\xff"}', "error: line 1: it is not UTF-8"),
    ],
)
def test_a_bad_line(home: Path, given: bytes, says: str) -> None:
    said = run(home, "import", "-", given=given)
    assert (said.returncode, said.stdout) == (2, b"")
    assert said.stderr.decode().startswith(says)
    assert b"Traceback" not in said.stderr
    assert run(home, "export").stdout == b""


def test_files_that_are_none(home: Path) -> None:
    assert run(home, "import", "nowhere.jsonl").stderr.startswith(
        b"error: nowhere.jsonl can't be read: No such"
    )
    assert run(home, "import", ".").stderr.startswith(b"error: . can't be read: Is a directory")
    said = run(home, "export", "no/folder.jsonl")
    assert said.returncode == 2
    assert said.stderr.startswith(b"error: no/folder.jsonl can't be written: No such file")


def test_a_terminal_is_not_told_to_do_anything(home: Path) -> None:
    run(home, "import", "-", given=RAW.encode())
    leader, follower = pty.openpty()
    with io.FileIO(leader) as shown:
        run(home, "export", out=follower)
        os.close(follower)
        told = shown.read(4096) or b""
    assert b"\\u009b2J\\u202e" in told
    assert json.loads(told.decode("latin-1")) == json.loads(RAW)


def test_only_a_file_is_replaced(home: Path) -> None:
    """A link stays a link; a pipe, or a device such as /dev/null, is written to and stays what it is."""
    run(home, "import", "-", given=RAW.encode())
    whole, link, pipe = home / "whole.jsonl", home / "link.jsonl", home / "pipe.jsonl"
    whole.write_text("old")
    link.symlink_to(whole)
    os.mkfifo(pipe)
    assert run(home, "export", str(link)).returncode == 0
    assert (link.is_symlink(), whole.read_bytes()) == (True, RAW.encode() + b"\n")
    with os.fdopen(os.open(pipe, os.O_RDWR), "rb") as reader:
        assert run(home, "export", str(pipe)).returncode == 0
        assert reader.readline() == RAW.encode() + b"\n"
    assert pipe.is_fifo()


@pytest.mark.parametrize("words", [["backup"], ["restore"], ["init"], ["import"], ["apply", "-f"]])
def test_what_can_be_no_files_name(home: Path, words: list[str]) -> None:
    said = run(home, *words, "x" * 70_000)
    assert said.returncode == 2
    assert said.stderr.count(b"\n") == 2
    assert len(said.stderr) < 300
