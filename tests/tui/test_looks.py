"""How the screens look at three sizes, drawn from a frozen shop."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.ops import attempts, beads
from halftui.tui.screens.detail import DetailScreen
from halftui.tui.screens.logs import LogsScreen
from halftui.tui.screens.question import QuestionSheet
from halftui.tui.screens.review import ReviewScreen
from tests.tui.eyes import text, until
from tests.tui.stage import NOW, Stage
from tests.workspace.scene import commit

SIZES = [(80, 24), (120, 40), (200, 50)]
NAMES = ["80x24", "120x40", "200x50"]
THEMES = ("halflight", "light", "mono")
Compare = Callable[..., bool]
OLD = '''"""Export."""
import csv


class Export:
    def rows(self):
        for r in self.rows:
            yield r

    def head(self):
        return [c.name for c in self.columns]
'''
NEW = '''"""Export of tables as CSV."""
import csv


class Export:
    def rows(self):
        for r in self.rows:
            yield self._clean(r)

    def _clean(self, r):
        return [c.strip() for c in r]

    def head(self):
        return [c.title for c in self.columns]  # 日本語
'''
LINES = [
    (290, "note", "started in a container"),
    (280, "say", "I'll look at how the cache reads a key before I change anything."),
    (270, "tool", "Read src/cache.py (120 lines)"),
    (270, "result", "class Cache:"),
    (270, "result", "    def get(self, key):"),
    (250, "think", "The lock must be held while loading, else two readers load the same key twice."),
    (200, "tool", "Edit src/cache.py +2 -1"),
    (200, "diff", "-    return load(key)"),
    (200, "diff", "+    with self._lock:"),
    (200, "diff", "+        return load(key)"),
    (150, "tool", "Bash pytest -q tests/test_cache.py"),
    (149, "out", "\x1b[32m......\x1b[0m\x1b[31mF\x1b[0m [100%]"),
    (149, "error", "exit 1: 1 failed, 6 passed in 0.31s"),
    (140, "say", "One test expects the old count. That expectation is wrong now, since the second reader "
                 "does not load any more; I correct the test and say so in the summary."),
    (90, "tool", "Bash pytest -q"),
    (88, "out", "\x1b[32m.......\x1b[0m 日本語のテスト \x1b[2m[100%]\x1b[0m " + "x" * 150),
    (60, "ok", "finished"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    assert os.environ.get("TZ") == before
    time.tzset()


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    numbers = itertools.count(11)
    monkeypatch.setattr(beads, "free_ids", lambda *_: [f"hf-{next(numbers)}"])
    return Stage(tmp_path)


def compared(
    compare: Compare,
    stage: Stage,
    screen: Screen[None],
    size: tuple[int, int],
    words: str,
    *keys: str,
    theme: str = THEMES[0],
) -> bool:
    """Push a screen, wait for words on it, press keys, and compare the picture."""

    async def prepare(pilot: Pilot[None]) -> None:
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: words in text(pilot))
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        await pilot.pause(0.3)

    return compare(stage.app(theme=theme), terminal_size=size, run_before=prepare)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_review(snap_compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    commit(stage.project, "base", {"src/export.py": OLD, "README.md": "# shop\n", "run.sh": "echo\r\n"})
    stage.repository.refresh(stage.house.origin(stage.board))
    stage.bead("CSV export")
    stage.bead("Log rotation")

    def change(folder: Path) -> None:
        (folder / "run.sh").chmod(0o755)
        (folder / "README.md").rename(folder / "READ.md")

    summary = (
        "Adds CSV export.\n\nCells are stripped of blanks, and hidden columns are left out of the file too."
    )
    files: dict[str, str | bytes] = {
        "src/export.py": NEW,
        "logo.bin": bytes(range(64)),
        "run.sh": "echo 1\r\n",
    }
    stage.now = NOW - 900
    stage.end(stage.claim(), files, summary, change)
    stage.now = NOW - 300
    stage.end(stage.claim(), {"log.py": "x\n" * 30})
    stage.now = NOW
    keys = ("[", "n", "j", "j", "c", "w", "h", "y", "question_mark", "enter")
    assert compared(snap_compare, stage, ReviewScreen(), size, "READ.md · 1/4", *keys, theme=theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_question(snap_compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    stage.bead("Login redirect")
    claim = stage.claim()
    stage.now -= 130
    ask = stage.ask(
        claim,
        "Which database should sessions use? The tests assume that it survives a restart of the server.",
        (("sqlite (as now)", "no new service"), ("postgres", "survives a restart, needs a DSN")),
    )
    stage.now += 130
    assert compared(snap_compare, stage, QuestionSheet(ask), size, "Which database", "j", theme=theme)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_permission(snap_compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    stage.bead("Cache layer")
    command = "rm -rf build/ && \\\n  python -m build --wheel"
    ask = stage.want(stage.claim(), "Bash rm -rf build/", "Bash", command)
    stage.now += 130
    assert compared(snap_compare, stage, QuestionSheet(ask), size, "wants to use", theme=theme)


def page(stage: Stage) -> str:
    """Set a bead with a past, and return its id."""
    stage.now -= 4_000
    bead = stage.bead(
        "Login redirect",
        description="After login the user lands on / instead of ?next=. Keep query strings.\n\n"
        "The old handler is in auth.py; nothing else calls it.",
        acceptance="- redirect keeps ?next\n- open redirect to another host is refused",
        labels=["auth", "web"], priority=1,
    )  # fmt: skip
    stage.bead("Rotate tokens", after_beads=[bead])
    claim = stage.claim()
    stage.now += 700
    store = stage.house.store
    store.write(ENGINE, attempts.meter, claim.attempt, claim.epoch, 30_000, 1_200, 0.31, 9)
    store.write(ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.FAILED, "exit", "pytest is missing")
    stage.service.write(beads.dispatch, bead)
    stage.claim()
    stage.now = NOW
    return bead


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_detail_spec(snap_compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    assert compared(snap_compare, stage, DetailScreen(page(stage)), size, "created", theme=theme)


@pytest.mark.parametrize("keys", ["]", "]]", "["], ids=["activity", "deps", "attempts"])
def test_detail_tabs(snap_compare: Compare, stage: Stage, keys: str) -> None:
    assert compared(snap_compare, stage, DetailScreen(page(stage)), (100, 30), "created", *keys)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=NAMES)
def test_logs(snap_compare: Compare, stage: Stage, size: tuple[int, int], theme: str) -> None:
    for title in ("Login redirect", "Cache layer", "Fix flaky test", "CSV export"):
        stage.bead(title)
    stage.now = NOW - 300
    for number in range(4):
        stage.now += 1
        claim = stage.claim()
        stage.prints(claim.attempt, LINES[: len(LINES) - 3 * number])
    stage.ask(claim, "Which?", (("a", ""),))
    stage.now = NOW
    assert compared(snap_compare, stage, LogsScreen(), size, "finished", "tab", theme=theme)
