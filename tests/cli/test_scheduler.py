"""The commands of budgets, use, accounts and draining, as they are typed."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.names import POOL
from halftui.ops import attempts
from halftui.store.store import Store

Type = Callable[..., str]
TOKEN = "sk-ant-oat01-typed-in"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HALFTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HALFTUI_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("HALFTUI_BOARD", raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return tmp_path / "home"


@pytest.fixture
def typed(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Type:
    from tests.helpers.command_line import main

    def run(*words: str, code: int = 0, given: str = "") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        assert main(words) == code, capsys.readouterr()
        out = capsys.readouterr()
        return out.out if not code else out.err

    run("init", str(home.parent / "shop"), "--name", "Shop")
    return run


def _claim(home: Path) -> attempts.Claim:
    store = Store(f"sqlite:///{home / 'halftui.db'}")
    claim = store.write(ENGINE, attempts.claim, "shop", 30.0, 4, POOL)
    assert claim is not None
    store.write(ENGINE, attempts.meter, claim.attempt, claim.epoch, 900, 100, 1.5, 3)
    store.close()
    return claim


def test_budgets_and_use(typed: Type, home: Path) -> None:
    bead = json.loads(typed("add", "Sell", "-o", "json"))["id"]
    assert typed("budget", "set", "bead", bead, "usd=2", "turns=40").startswith(
        f"the limit of bead {bead} is 2 usd, 40 turns"
    )
    assert "attempt (each) is 30 minutes" in typed("budget", "set", "attempt", "minutes=30")
    typed("budget", "set", "day", "Shop", "usd=20")
    claim = _claim(home)
    rows = json.loads(typed("budget", "list", "-o", "json"))
    assert [(r["scope"], r["subject"], r["measure"], r["most"], r["used"]) for r in rows] == [
        ("attempt", "", "minutes", 30, None), ("bead", bead, "turns", 40, 3), ("bead", bead, "usd", 2, 1.5),
        ("day", "shop", "usd", 20, 1.5),
    ]  # fmt: skip
    for by, what in (
        ("bead", bead),
        ("agent", claim.agent),
        ("attempt", claim.attempt),
        ("subscription", ""),
    ):
        (row,) = json.loads(typed("usage", "--by", by, "-o", "json"))
        assert (row["what"], row["tokens_in"], row["cost_usd"], row["turns"]) == (what, 900, 1.5, 3)
    (row,) = json.loads(typed("usage", "--by", "day", "-o", "json"))
    assert row["what"].startswith("20")
    typed("budget", "clear", "bead", bead, "usd")
    assert len(json.loads(typed("budget", "list", "-o", "json"))) == 3


@pytest.mark.parametrize(("words", "code", "says"), [
    (("budget", "set", "bead", "usd=2", "apples=1"), 2, "is no limit"),
    (("budget", "set", "bead", "none", "usd=2"), 5, "there is no bead none"),
    (("budget", "set", "bead", "usd=-1"), 2, "can't be -1"),
    (("budget", "clear", "day", "usd"), 5, "no such budget"),
    (("budget", "set", "subscription", "none", "usd=2"), 5, "there is no subscription none"),
    (("subscription", "rotate", "none"), 5, "there is no subscription none"),
    (("subscription", "edit", "none", "--cap", "2"), 5, "there is no subscription none"),
])  # fmt: skip
def test_what_is_refused(typed: Type, words: tuple[str, ...], code: int, says: str) -> None:
    assert says in typed(*words, code=code, given=TOKEN)


def test_rotating_keeps_name_kind_and_limits(typed: Type) -> None:
    typed("subscription", "register", "work", "--kind", "api-key", "--base-url", "https://x", given=TOKEN)
    typed("subscription", "edit", "work", "--cap", "3")
    assert typed("subscription", "rotate", "work", given=TOKEN + "2").startswith(
        "work has another credential"
    )
    (row,) = json.loads(typed("subscription", "list", "-o", "json"))
    assert (row["kind"], row["base_url"], row["cap"], row["has_token"]) == ("api-key", "https://x", 3, True)
    assert TOKEN not in json.dumps(row)


def test_draining_pauses_and_waits(typed: Type, home: Path) -> None:
    assert "nobody is at work on Shop" in typed("board", "drain")
    typed("board", "resume")
    typed("add", "Sell")
    claim = _claim(home)
    assert f"still at work: {claim.agent}" in typed("board", "drain", "--seconds", "0", code=7)
    board: dict[str, Any] = json.loads(typed("board", "show", "-o", "json"))
    assert board["is_paused"] is True


def test_a_card_is_read_without_the_orm(typed: Type, home: Path) -> None:
    typed("add", "Sell")
    code = "import sys; from halftui.main.doors import enter; enter(['bead', 'show', sys.argv[1]]);"
    code += "sys.exit(bool({'sqlmodel', 'sqlalchemy'} & set(sys.modules)))"
    bead = json.loads(typed("bead", "list", "-o", "json"))[0]["id"]
    done = subprocess.run([sys.executable, "-c", code, bead], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
