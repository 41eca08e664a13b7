"""A bug that ends the screen: the terminal is whole, a report is offered, and it tells no secret."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from halftui.main import crash
from halftui.main.doctor import checks
from halftui.main.house import House
from halftui.settings import Settings
from tests.helpers import tmux

BUGGY = [sys.executable, "-m", "tests.helpers.buggy"]
TOKEN = "hush-0123456789-hush"
pytestmark = tmux.NEEDED


def test_a_bug_leaves_the_terminal_whole_and_offers_a_report(tmp_path: Path) -> None:
    shop, home = tmp_path / "shop", tmp_path / "data" / "halftui"
    shop.mkdir()
    git = ["git", "-C", str(shop), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "begin")):
        subprocess.run([*git, *command], check=True)
    env = _env(tmp_path)
    shell = 'stty -a; "$@" init; "$@" add "A private title"; "$@"; code=$?; stty -a; exit $code'
    with tmux.terminal(tmp_path, ["sh", "-c", shell, "sh", *BUGGY], (120, 60), cwd=shop, env=env) as seen:
        seen.until("A private title", "? help")
        seen.press("Enter")
        rows = seen.until(
            "LEFT 70", "this is a bug in HalfTUI (ZeroDivisionError)", "halftui opens the board again"
        )
        modes = [row for row in rows if "icanon" in row]
        assert len(modes) == 2, "what was on the terminal before is there again"
        assert modes[0] == modes[1], "keys are echoed, and read by lines"
        assert seen.run("display", "-p", "#{alternate_on}#{cursor_flag}#{mouse_any_flag}").strip() == "010"
    told = _report(home)
    assert "textual 8" in told
    assert "The last lines of the log:" in told
    for hidden in (TOKEN, TOKEN.upper(), str(tmp_path), "A private title"):
        assert hidden not in told
        assert hidden not in "\n".join(row for row in rows if "Zero" in row)


def test_a_bug_before_there_is_a_board_is_told_alike(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    with tmux.terminal(tmp_path, BUGGY, (100, 30), cwd=nowhere, env=_env(tmp_path)) as seen:
        seen.until("look at the demo")
        seen.press("d")
        rows = seen.until("LEFT 70", "this is a bug in HalfTUI (ZeroDivisionError)")
    assert not any(word in "\n".join(rows) for word in ("Traceback", TOKEN, TOKEN.upper()))
    told = _report(tmp_path / "data" / "halftui")
    assert not any(word in told for word in (TOKEN, TOKEN.upper(), str(tmp_path)))


def test_a_bug_in_the_demo_opens_no_board_again(tmp_path: Path) -> None:
    with tmux.terminal(tmp_path, [*BUGGY, "demo"], (120, 40), cwd=tmp_path, env=_env(tmp_path)) as seen:
        seen.until("Safer sessions", "? help")
        seen.press("Enter")
        rows = seen.until("LEFT 70", "halftui demo begins another")
    assert "opens the board" not in "\n".join(rows)


def test_a_board_ends_with_its_terminal(tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "halftui", "demo"]
    with tmux.terminal(tmp_path, demo, cwd=tmp_path, env=_env(tmp_path)) as seen:
        seen.until("Safer sessions", "? help")
        shell = seen.run("display", "-p", "#{pane_pid}").strip()
        (board,) = Path(f"/proc/{shell}/task/{shell}/children").read_text("utf-8").split()
        end = os.pidfd_open(int(board))
        seen.run("new-session", "-d", "-s", "another", "sleep", "600")
        seen.run("kill-session", "-t", "0")
        is_over, *_ = select.select([end], [], [], tmux.PATIENCE)
        os.close(end)
        assert is_over


def _env(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "data" / "halftui"
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "HALFTUI_HOME": str(home),
            "HALFTUI_TEST_TOKEN": TOKEN}  # fmt: skip


def _report(home: Path) -> str:
    """Return the one report that was written."""
    (report,) = (home / "reports").iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    told = report.read_text(encoding="utf-8")
    assert "ZeroDivisionError: a bug beside [secret] in ~/private and [secret]" in told
    assert "in _fail" in told
    return told


def test_a_folder_that_is_gone_is_told_and_breaks_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, home = tmp_path / "gone", tmp_path / "home"
    gone.mkdir()
    home.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = {check.name: check for check in checks(House(Settings(home=str(home)), {"PATH": "/usr/bin"}))}
    assert not found["repository"].is_ok
    assert found["repository"].says == "the current folder is gone"
    assert " MB are free" in found["disk"].says
    report = crash.write(home, ValueError("here"))
    assert report is not None
    assert "ValueError" in report.read_text("utf-8")


@pytest.mark.parametrize(
    ("runtime", "named"),
    [("claude", ["ANTHROPIC_API_KEY"]), ("codex", ["OPENAI_API_KEY"]), ("shell", [])],
)
def test_the_account_that_is_missing_is_the_one_that_a_board_needs(
    tmp_path: Path, runtime: str, named: list[str]
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    git = ["git", "-C", str(shop), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "begin")):
        subprocess.run([*git, *command], check=True)
    house = House(
        Settings(home=str(tmp_path / "home")), {"PATH": "/usr/bin", "HALFTUI_CONFIG": str(tmp_path)}
    )
    house.init(shop, "shop", runtime=runtime)
    found = [check.remedy.split()[1].rstrip(",") for check in checks(house, shop) if check.name == "account"]
    assert found == named
    house.store.close()
