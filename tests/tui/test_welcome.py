"""The first screen: what is missing with its remedy, and the ways on."""

import re
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot

from halftui.tui.welcome import DEMO, INIT, Welcome
from tests.tui.eyes import text, until


@dataclass(frozen=True)
class Found:
    """A finding."""

    name: str
    is_ok: bool
    says: str
    remedy: str = ""


HERE = [
    Found("git", True, "new enough"),
    Found("repository", True, "/srv/shop, work goes to main"),
    Found(
        "account",
        False,
        "no account \x1b]0;x\x07[red]is registered",
        "run: halftui subscription register NAME",
    ),
]
NOWHERE = [Found("git", True, "new enough"), Found("repository", False, "no repository", "run git init")]


async def ended(pilot: Pilot[str], key: str) -> object:
    """Press a key and return what the first screen ended with."""
    await until(pilot, lambda: "git" in text(pilot))  # type: ignore[arg-type]
    await pilot.press(key)
    await pilot.pause()
    return pilot.app.return_value


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=["80x24", "40x12"])
async def test_each_finding_stands_with_its_remedy(size: tuple[int, int]) -> None:
    app = Welcome(lambda: HERE)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "account" in text(pilot))  # type: ignore[arg-type]
        words = " ".join(text(pilot).split())  # type: ignore[arg-type]
        assert "✓ repository" in words
        assert "✗ account" in words
        assert "[red]is" in words
        assert size[0] < 80 or "run: halftui subscription register NAME" in words
        assert "…" not in words


@pytest.mark.parametrize("env", [{"NO_COLOR": ""}, {"TERM": "vt100"}, {"TERM": "xterm"}], ids=str)
async def test_no_colour_is_sent_to_a_terminal_without(env: dict[str, str]) -> None:
    app = Welcome(lambda: HERE, env=env)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "account" in text(pilot))  # type: ignore[arg-type]
        sent = app.screen._compositor.render_full_update().render_segments(app.console)
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", sent) for code in found.split(";")}
    assert (codes <= {"0", "1", "2", "3", "4", "7", "", "39", "49"}) is (env != {"TERM": "xterm"}), codes


@pytest.mark.parametrize(("key", "way"), [("d", DEMO), ("enter", INIT), ("q", "")])
async def test_the_ways_on(key: str, way: str) -> None:
    async with Welcome(lambda: HERE).run_test() as pilot:
        assert await ended(pilot, key) == way


async def test_without_a_repository_there_is_no_board_yet() -> None:
    found = [NOWHERE]
    async with Welcome(lambda: found[0]).run_test() as pilot:
        await until(pilot, lambda: "once this folder is a git repository" in text(pilot))  # type: ignore[arg-type]
        assert await ended(pilot, "enter") is None
        assert "a board needs a repository" in {n.title for n in pilot.app._notifications}
        found[0] = HERE
        await pilot.press("r")
        await until(pilot, lambda: "✓ repository" in text(pilot))  # type: ignore[arg-type]
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.return_value == INIT
