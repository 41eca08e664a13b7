"""A home, a repository with a board, and a command line in this process."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from halftui.cli import parser
from halftui.store.store import Store
from tests.helpers.command_line import door_of
from tests.helpers.desk import git
from tests.helpers.world import World


@dataclass
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


@dataclass
class Line:
    """A command line in a home and a repository."""

    home: Path
    repository: Path
    runner: CliRunner = field(default_factory=CliRunner)

    def __call__(self, *argv: str, stdin: str = "") -> Ran:
        """Run a command line."""
        code = 0
        with self.runner.isolation(input=stdin) as (out, err, _):
            code = parser.run(door_of(), argv)
            texts = [stream.getvalue().decode() for stream in (out, err)]
        assert "Traceback" not in texts[0] + texts[1]
        return Ran(code, *texts)

    def ok(self, *argv: str, stdin: str = "") -> Ran:
        """Run a command line that has to succeed."""
        ran = self(*argv, stdin=stdin)
        assert (ran.code, ran.err) == (0, "")
        return ran

    def bead(self, title: str = "work", *more: str) -> str:
        """Make a bead and return its id."""
        return str(self.ok("bead", "create", title, *more, "-o", "json").json["id"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a git repository with one commit, as the current folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    git(folder, "add", "a.txt")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def empty(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return a command line without a database."""
    for name in ("NO_COLOR", "HALFTUI_DATABASE", "HALFTUI_TEST_ROLE", "HALFTUI_TEST_BUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HALFTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(repository)
    return Line(tmp_path / "home", repository)


@pytest.fixture
def line(empty: Line, prepared_file: Path) -> Line:
    """Return a command line with a board over the current folder."""
    empty.home.mkdir()
    shutil.copy(prepared_file, empty.home / "halftui.db")
    empty.ok("init", "--name", "Shop", "--prefix", "sh")
    return empty


@pytest.fixture
def world(line: Line) -> Iterator[World]:
    """Return the same board behind the command line's back."""
    with closing(Store(f"sqlite:///{line.home / 'halftui.db'}")) as store:
        yield World(store, "shop")
