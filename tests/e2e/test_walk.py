"""The journeys of somebody new, walked in a real terminal by the keys that the screen names."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import tmux, walk
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
    walk.watch(demo)
    walk.answer(demo)
    walk.review(demo)
    walk.write(demo)
    walk.sling_a_convoy(demo)
    demo.until("Working 0/")  # else leaving asks first
    demo.press("q")
    demo.until("LEFT 0")


def test_what_is_typed_ahead_reaches_what_it_opens(tmp_path: Path) -> None:
    with tmux.terminal(tmp_path, [*HALFTUI, "demo"], (80, 24), cwd=tmp_path, env=_own(tmp_path)) as seen:
        seen.until("Ready", "Working 3/", "? help")
        seen.run("send-keys", "n", "x", "Space", *"aqNs", "Space", *"typed", "Enter")
        seen.until("x aqNs typed", gone=["New bead"])
        walk.answer(seen)  # so that there is something to review
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
        seen.until("enter", "a board", "the demo")
        seen.until("repository", gone=["looking at what is there"])
        seen.press("Enter")
        if size[1] < 12:
            seen.until("HalfTUI needs")
        else:
            seen.until("n writes the", "? help")
            seen.press("n")
            seen.until("New bead")
            seen.type("Add a health endpoint")
            seen.press("Enter")
            seen.until("Add a health", gone=["New bead"])
        seen.press("q")
        seen.until("LEFT 0")
