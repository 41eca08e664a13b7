"""What a pane of lines can do beside following: fold, say what was used, save."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from halftui.domain.actor import ENGINE
from halftui.ops import attempts
from halftui.tui.screens.entry import EntrySheet
from halftui.tui.screens.logs import LogsScreen
from halftui.tui.widgets.pane import LinePane
from halftui.tui.widgets.rows import RING
from tests.tui.eyes import text, toasts, until
from tests.tui.stage import Stage

PRINTED = [(9, "tool", "Bash pytest -q"), (9, "result", "first"), (9, "result", "second"),
           (9, "result", "third"), (8, "say", "All passed."), (7, "diff", "+ one")]  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A board with one bead."""
    made = Stage(tmp_path)
    made.bead("Cache layer")
    return made


def pane_of(pilot: Pilot[None]) -> LinePane:
    """Return the pane in front."""
    return pilot.app.screen.query(LinePane).first()


def shown(pane: LinePane) -> list[str]:
    """Return the rows of a pane, without what leads them."""
    return [row for y in range(len(pane.tail.rows)) if (row := pane.render_line(y).text[9:].strip())]


async def test_space_folds_what_a_tool_printed_and_unfolds_it(stage: Stage) -> None:
    claim = stage.claim()
    stage.prints(claim.attempt, PRINTED)
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "All passed." in text(pilot))
        await pilot.press("space")
        pane = pane_of(pilot)
        assert shown(pane) == ["▸ Bash pytest -q", "│ first … 2 more", "All passed.", "│ + one"]
        stage.prints(claim.attempt, [(0, "diff", "+ two"), (0, "say", "Bye.")], first=7)
        await until(pilot, lambda: "Bye." in text(pilot))
        assert shown(pane)[-2:] == ["│ + one … 1 more", "Bye."], "what comes is folded too"
        await pilot.press("space")
        assert "│ second" in shown(pane)


async def test_a_match_in_a_fold_is_unfolded(stage: Stage) -> None:
    stage.prints(stage.claim().attempt, PRINTED)
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "All passed." in text(pilot))
        await pilot.press("space", "/", *"third", "enter")
        assert "/third 1 of 1" in text(pilot)
        assert "│ third" in text(pilot)


async def test_a_fold_lets_its_oldest_lines_go(stage: Stage) -> None:
    claim = stage.claim()
    stage.prints(claim.attempt, [(0, "out", f"line {n}") for n in range(1, 11)])
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "line 10" in text(pilot))
        await pilot.press("space")
        stage.prints(claim.attempt, [(0, "out", f"line {n}") for n in range(11, RING + 5)], first=11)
        pane = pane_of(pilot)
        await until(pilot, lambda: pane.tail.last == RING + 4)
        assert len(pane.tail.entries) <= RING
        first = pane.tail.entries[0]
        assert pane.tail.rows[0].entry == first
        assert sum(row.folded + 1 for row in pane.tail.rows) == len(pane.tail.entries)


async def test_tokens_and_cost_stand_in_the_title_and_in_a_column(stage: Stage) -> None:
    claim = stage.claim()
    stage.prints(claim.attempt, PRINTED)
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "All passed." in text(pilot))
        used = (20_000, 4_000, 0.31, 2)
        stage.house.store.write(ENGINE, attempts.meter, claim.attempt, claim.epoch, *used)
        await until(pilot, lambda: "24k tok · $0.31" in text(pilot))
        assert "24k $0.31 " not in text(pilot)
        await pilot.press("i")
        assert "24k $0.31 │ + one" in text(pilot), "at the newest line when it was heard"
        await pilot.press("i")
        assert "24k $0.31 " not in text(pilot)


async def test_the_lines_are_saved_clean_and_no_file_is_overwritten(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    claim = stage.claim()
    stage.prints(claim.attempt, [*PRINTED, (0, "out", "\x1b[31mred\x1b[0m \x1b]2;PWNED\x07 end")])
    (tmp_path / "mine.txt").write_text("mine")
    async with stage.app(LogsScreen()).run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "end" in text(pilot))
        await pilot.press("Y")
        await until(pilot, lambda: isinstance(pilot.app.screen, EntrySheet))
        await until(pilot, lambda: f"{claim.attempt}.txt" in text(pilot))
        await pilot.press("ctrl+u", *"mine.txt")
        await until(pilot, lambda: "is there already" in text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "give it another name" in toasts(pilot))
        await until(pilot, lambda: isinstance(pilot.app.screen, EntrySheet))
        await pilot.press("ctrl+u", *"new.txt", "enter")
        await until(pilot, lambda: "7 lines saved" in toasts(pilot))
    assert (tmp_path / "mine.txt").read_text() == "mine"
    saved = (tmp_path / "new.txt").read_text()
    assert saved.splitlines()[1:4] == ["first", "second", "third"]
    assert "\x1b" not in saved
    assert "red" in saved
    assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o600
