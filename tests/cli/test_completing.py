"""The Tab key: every command completes its options, and no words that are typed break it."""

from collections.abc import Iterator

import click
import pytest

from halftui.cli import completing
from halftui.cli.parser import cli
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
