"""The commands by which people talk to agents, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.names import POOL
from halftui.ops import attempts, boards
from halftui.store.store import Store
from tests.helpers.stores import ANN

Type = Callable[..., str]


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    """Return what runs a command line on a board where Toast is at work."""
    from tests.helpers.command_line import main

    monkeypatch.setenv("HALFTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HALFTUI_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    store = Store(f"sqlite:///{tmp_path}/home/halftui.db")
    store.prepare()
    board = store.write(ANN, boards.create, "Shop", str(tmp_path), "main")
    monkeypatch.setenv("HALFTUI_BOARD", board)

    def run(*words: str, code: int = 0) -> str:
        assert main(words) == code, capsys.readouterr()
        out = capsys.readouterr()
        return out.err if code else out.out

    run("bead", "create", "Work")
    claim = store.write(ENGINE, attempts.claim, board, 1e9, 4, POOL)
    assert claim is not None
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    store.close()
    return run


def test_telling_and_reading(typed: Type) -> None:
    assert typed("agent", "tell", "Toast", "use tabs") == "Toast is told\n"
    typed("agent", "interrupt", "Toast", "leave that")
    typed("agent", "handoff", "Toast", "mind the gap")
    said = json.loads(typed("agent", "messages", "Toast", "-o", "json"))
    assert [m["text"].partition("\n")[0][:8].strip() for m in said] == ["use tabs", "leave th", "You hand"]
    assert {m["delivered_at"] for m in said} == {None}


def test_refusals_say_the_remedy(typed: Type) -> None:
    assert "a message needs words" in typed("agent", "tell", "Toast", " ", code=2)
    assert "Nobody" in typed("agent", "tell", "Nobody", "hello", code=5)
