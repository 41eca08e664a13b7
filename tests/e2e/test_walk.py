"""The journeys of somebody new, walked in a real terminal by the keys that the screen names."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import tmux
from tests.helpers.tmux import Terminal

SIZES = ((80, 24), (120, 40), (200, 50))
HALFTUI = [sys.executable, "-m", "halftui"]
pytestmark = tmux.NEEDED


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def demo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """Yield a terminal in which the demo runs."""
    with tmux.terminal(tmp_path, [*HALFTUI, "demo"], request.param, cwd=tmp_path, env=_own(tmp_path)) as seen:
        seen.until("Ready", "Working 3/", "? help")
        yield seen


def _own(folder: Path) -> dict[str, str]:
    return {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }


def test_from_the_demo_to_a_convoy_of_ones_own(demo: Terminal) -> None:
    _watch(demo)
    _answer(demo)
    _review(demo)
    _write(demo)
    _sling_a_convoy(demo)
    demo.until("Working 0/")  # else leaving asks first
    demo.press("q")
    demo.until("LEFT 0")


def _watch(seen: Terminal) -> None:
    """One key shows what agents print; esc leads back."""
    seen.press("4")
    seen.until("Bash", "FOLLOW")
    seen.press("Escape")
    seen.until("Ready", "Working")


def _answer(seen: Terminal) -> None:
    """Two keys answer a question from anywhere."""
    seen.until("asks you")
    seen.press("2", "!")
    seen.until("Maple asks", "Which database should sessions use?", "1-2 answer")
    seen.press("1")
    seen.until("Agents", gone=["Which database"])
    seen.press("1")
    seen.until("Review 4", gone=["asks you"])


def _review(seen: Terminal) -> None:
    """A comment is sent back with a reason; a key accepts, and the next opens itself."""
    seen.press("5")
    seen.until("a accept & merge", "hunk 1/1", " says")
    seen.press("c")
    seen.until("enter keep")
    seen.type("name the file")
    seen.press("Enter")
    seen.until("you: name the file", "send back with 1 comment")
    seen.press("r")
    seen.until("1 comment will be sent with it", "enter ")
    seen.type("say where")
    seen.press("Enter")
    seen.until("sent back", "a accept & merge", gone=["you: name the file"])
    seen.press("a")
    seen.until("merged")
    seen.press("1")
    seen.until("Ready")


def _write(seen: Terminal) -> None:
    """One key and a line write a bead; agents rest meanwhile."""
    seen.press("p")
    seen.until("paused")
    for title in ("First part #api", "Second part"):
        seen.press("n")
        seen.until("New bead", "enter write")
        seen.type(title)
        seen.press("Enter")
        seen.until(title.partition(" #")[0], gone=["New bead"])
    seen.press("K", "K")
    rows = seen.until("First part", "Second part", " 1/2 ")
    assert _row(rows, "Second") < _row(rows, "First"), "a key has raised it"


def _row(rows: list[str], words: str) -> int:
    return next(number for number, row in enumerate(rows) if words in row)


def _sling_a_convoy(seen: Terminal) -> None:
    """Pick, name, go."""
    seen.press("Space", "Space", "N")
    seen.until("New convoy", "2 beads")
    seen.type("Two parts")
    seen.press("Enter")
    seen.until("staged with 2 beads", "S starts it", gone=["New convoy"])
    seen.press("S")
    seen.until("2 beads on the way", "Ready 2")
    seen.press("3")
    seen.until("Two parts", "moving", "0 of 2")
    seen.press("1")
    seen.until("Ready 2")


def test_what_is_typed_ahead_reaches_what_it_opens(tmp_path: Path) -> None:
    with tmux.terminal(tmp_path, [*HALFTUI, "demo"], (80, 24), cwd=tmp_path, env=_own(tmp_path)) as seen:
        seen.until("Ready", "Working 3/", "? help")
        seen.run("send-keys", "n", "x", "Space", *"aqNs", "Space", *"typed", "Enter")
        seen.until("x aqNs typed", gone=["New bead"])
        _answer(seen)  # so that there is something to review
        seen.run("send-keys", "5", "c", *"aRar", "Enter")
        seen.until("you: aRar", "send back with 1 comment")


@pytest.mark.parametrize("size", [(40, 10), *SIZES], ids=lambda size: f"{size[0]}x{size[1]}")
def test_from_nothing_to_the_first_bead(size: tuple[int, int], tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    git = ["git", "-C", str(shop), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (("init", "-q", "-b", "main"), ("commit", "-q", "--allow-empty", "-m", "begin")):
        subprocess.run([*git, *command], check=True)
    with tmux.terminal(tmp_path, HALFTUI, size, cwd=shop, env=_own(tmp_path)) as seen:
        seen.until("enter", "make a board", "look at the demo")
        seen.until("repository", gone=["looking at what is there"])
        seen.press("Enter")
        if size[1] < 12:
            seen.until("HalfTUI needs")
        else:
            seen.until("n writes the first", "? help")
            seen.press("n")
            seen.until("New bead")
            seen.type("Add a health endpoint")
            seen.press("Enter")
            seen.until("Add a health", gone=["New bead"])
        seen.press("q")
        seen.until("LEFT 0")
