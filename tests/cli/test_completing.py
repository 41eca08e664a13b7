"""The Tab key: every command completes its options, and no words that are typed break it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import click
import pytest

from halftui.cli import completing
from halftui.cli.parser import cli
from tests.cli.conftest import Line
from tests.cli.test_process import ROOT
from tests.helpers.command_line import door_of


def _paths(found: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(found, click.Group):
        yield path
        return
    context = click.Context(found)
    for name in found.list_commands(context):
        inner = found.get_command(context, name)
        assert inner is not None
        yield from _paths(inner, (*path, name))


def _offered(monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    monkeypatch.setenv("COMP_WORDS", " ".join(("halftui", *words)))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    lines = completing.answer(cli, door_of(), "bash_complete").split()
    return [line.partition(",")[2] for line in lines]


def test_every_command_completes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = list(_paths(cli))
    assert len(paths) > 100
    for path in paths:
        assert {"--board", "--output", "--help"} <= set(_offered(monkeypatch, *path, "--")), path


def test_choices_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _offered(monkeypatch, "bead", "list", "-o", "") == ["table", "wide", "json", "yaml"]


@pytest.mark.parametrize(
    "typed",
    [
        "bead edit x --priority nonsense --",
        "nonsense x",
        "bead list --nonsense --",
        "-o nonsense bead list --",
        "wait bead x --timeout nonsense --",
        "--port 99999999 serve --",
        "bead create ' --",
        "-- bead --",
    ],
)
def test_no_words_break_it(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    assert isinstance(_offered(monkeypatch, *typed.split(" ")), list)


@pytest.fixture
def busy(line: Line) -> Line:
    """Return a command line with a bead, a convoy and a leader."""
    line.bead("first: of two")
    line.ok("convoy", "create", "Trip")
    line.ok("identity", "create", "--username", "cedar")
    return line


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("bead show ", "bead"), ("bead show s", "bead"), ("bead link x ", "bead"), ("wait bead ", "bead"),
        ("bead create --parent ", "bead"), ("attempt lines ", "bead"), ("describe bead ", "bead"),
        ("convoy show ", "trip"), ("convoy edit trip --leader ", "cedar"), ("bead create --convoy ", "trip"),
        ("wait convoy t", "trip"), ("get convoys ", "trip"), ("board show ", "shop"), ("--board ", "shop"),
        ("bead list --board s", "shop"), ("wait board ", "shop"), ("agent retire ", "Cedar"),
        ("identity show c", "cedar"), ("convoy show x", ""), ("board lanes ", ""), ("backup ", ""),
        ("delete bead ", "bead"), ("bead create ", ""), ("convoy create ", ""),
        ("--board none bead show ", "bead"),
    ],
)  # fmt: skip
def test_things_of_the_board_are_offered(
    busy: Line, monkeypatch: pytest.MonkeyPatch, typed: str, wanted: str
) -> None:
    bead = busy.ok("bead", "list", "-o", "json").json[0]["id"]
    assert _offered(monkeypatch, *typed.split(" ")) == [bead if wanted == "bead" else wanted][: bool(wanted)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("ill", ["", "no database", "older", "damaged", "no home", "bad settings"])
def test_a_shell_is_answered_and_nothing_is_made_or_told(busy: Line, shell: str, ill: str) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "COMP_WORDS": "halftui convoy show t",
        "COMP_CWORD": "t" if shell == "fish" else "3",
        "_HALFTUI_COMPLETE": f"{shell}_complete",
    }
    file = busy.home / "halftui.db"
    if ill == "no database":
        file.unlink()
    elif ill == "older":
        with closing(sqlite3.connect(file)) as old, old:
            old.execute("UPDATE alembic_version SET version_num = '0021'")
    elif ill == "damaged":
        file.write_bytes(b"nonsense" * 1_000)
    elif ill == "no home":
        env |= {"HALFTUI_HOME": "", "HOME": "", "XDG_CONFIG_HOME": ""}
    elif ill == "bad settings":
        env["HALFTUI_CAP"] = "many"
    words = [sys.executable, "-m", "halftui"]
    ran = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr, "trip" in ran.stdout) == (0, "", not ill)
    assert file.exists() == (ill != "no database")
    if ill == "older":
        with closing(sqlite3.connect(file)) as old:
            assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0021",)]
