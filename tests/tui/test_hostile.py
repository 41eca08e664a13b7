"""What agents, repositories and colleagues write reaches every screen, and none of it is obeyed.

Judged by the bytes that the driver gets, and by what a click could start.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot
from textual.widgets import Static

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.ops import attempts, beads
from halftui.ops.attempts import Claim
from halftui.tui.screens.detail import DetailScreen
from halftui.tui.screens.logs import LogsScreen
from halftui.tui.screens.question import QuestionSheet
from halftui.tui.screens.review import ReviewScreen
from tests.tui.eyes import text, until
from tests.tui.stage import Stage

CANARY = "[@click=app.quit]CANARY[/] [bold red]x[/] [/] [link=http://evil]y"
HOSTILE = (
    f"{CANARY} "
    "\x1b]52;c;UFdORUQ=\x07 \x1b]0;PWNED\x1b\\ \x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ "
    "\x1bP1$r\x1b\\ \x1b_apc\x1b\\ \x1b[2J\x1b[1;1H \x1bc \x9b31m \x9d52;c;x\x9c \x07\x08\x00\x7f "
    "\u202egnp.exe\u202c \u200b\u2066 \ufeff \U000e0041 e\u0301 z{chr(0x301) * 300} \x1b[38;5;1"
)
DISALLOWED = re.compile(
    "[\u0300-\u036f]{5}|[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]"
)
# Colours, moves, frames, and the shape of the mouse's pointer, as Textual sends them; the terminal's title.
OURS = re.compile(
    r"\x1b\[[0-9;]*[Hm]|\x1b\[\?2026[hl]|\x1b\]22;[a-z-]+\x07|\x1b\[2[23];2t|\x1b\]2;[^\x00-\x1f\x7f-\x9f]*\x07"
)

BELL = "\a"  # alone, as the app itself rings it

BARS = re.compile(r"app\.(place_[a-z]+|next_need|help)|(screen|focused)\.[a-z_]+")  # header and hints


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is sent to the terminal from now on."""
    written: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "is_headless", False)
    monkeypatch.setattr(HeadlessDriver, "write", lambda self, data: written.append(data))
    return written


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path)
    made.bead(HOSTILE, description=HOSTILE, acceptance=HOSTILE, labels=[HOSTILE])
    made.bead(HOSTILE, after_beads=[next(c.id for c in made.snapshot().lane("ready").cards)])
    return made


def claimed(stage: Stage) -> Claim:
    """Have an agent print hostile lines of every kind, through the entrance that cleans them."""
    claim = stage.claim()
    lines = stage.service.lines
    lines.open(claim.attempt)
    for kind in ("say", "think", "tool", "result", "ok", "error", "note", "out", "diff"):
        lines.add(claim.attempt, kind, f"{HOSTILE}\n\x1b[31mred\x1b[0m")
    lines.add(claim.attempt, "out", "x" * 8_190 + "\x1b[31m cut within a sequence")
    return claim


def offences(sent: list[str]) -> list[str]:
    """Return what was sent and is neither text nor a colour or move of ours."""
    rest = OURS.sub("", "".join(piece for piece in sent if piece != BELL))
    return [rest[max(match.start() - 20, 0) : match.end() + 20] for match in DISALLOWED.finditer(rest)]


def doors(pilot: Pilot[None]) -> list[str]:
    """Return what a click on the screen could start that outside text put there."""
    strips = pilot.app.screen._compositor.render_strips()
    metas = [segment.style.meta for strip in strips for segment in strip if segment.style]
    links = [segment.style.link for strip in strips for segment in strip if segment.style]
    actions = [str(meta["@click"]) for meta in metas if "@click" in meta]
    return [a for a in actions if not BARS.fullmatch(a)] + [link for link in links if link]


async def judged(
    pilot: Pilot[None], sent: list[str], keys: tuple[str, ...], true: Callable[[], object]
) -> None:
    """Wait for a screen, press keys, click everywhere, and look at what was sent."""
    await until(pilot, true)
    assert "CANARY" in text(pilot)
    for key in ("", *keys):
        if key:
            await pilot.press(key)
            await pilot.pause(0.05)
        assert doors(pilot) == []
    assert offences(sent) == []
    assert sum(map(len, sent)) > 1_000, "something was drawn at all"


async def test_live_lines(stage: Stage, sent: list[str]) -> None:
    claimed(stage)
    async with stage.app().run_test(size=(100, 40)) as pilot:
        await pilot.app.push_screen(LogsScreen())
        keys = ("w", "i", "home", "/", "x", "enter", "escape", "z", "|")
        await judged(pilot, sent, keys, lambda: "red" in text(pilot))


async def test_questions(stage: Stage, sent: list[str]) -> None:
    claim = claimed(stage)
    ask = stage.ask(claim, HOSTILE, ((HOSTILE, HOSTILE), ("b", CANARY)))
    async with stage.app().run_test(size=(100, 40)) as pilot:
        await pilot.app.push_screen(QuestionSheet(ask))
        await judged(pilot, sent, ("j", "pagedown", "t"), lambda: "asks" in text(pilot))


async def test_permissions(stage: Stage, sent: list[str]) -> None:
    ask = stage.want(claimed(stage), HOSTILE, HOSTILE[:40], f"{HOSTILE}\n+ {HOSTILE}\n- {HOSTILE}")
    async with stage.app().run_test(size=(100, 40)) as pilot:
        await pilot.app.push_screen(QuestionSheet(ask))
        await judged(pilot, sent, ("pagedown", "t"), lambda: "wants to use" in text(pilot))


async def test_pages(stage: Stage, sent: list[str]) -> None:
    claim = claimed(stage)
    stage.ask(claim, HOSTILE)
    stage.service.write(beads.edit, claim.bead, title=HOSTILE + "2", notes=HOSTILE)
    async with stage.app().run_test(size=(100, 60)) as pilot:
        await pilot.app.push_screen(DetailScreen(claim.bead))
        await judged(pilot, sent, ("]", "]", "]", "enter", "escape", "e"), lambda: "created" in text(pilot))


async def test_reviews(stage: Stage, sent: list[str]) -> None:
    claim = stage.claim()
    name = "src/[@click=app.quit]CANARY[b]\u202e\x1b]0;x\x07.py"
    stage.end(claim, {name: HOSTILE + "\nline\n", "b.txt": f"\r\n{HOSTILE}\r\n"}, HOSTILE)
    async with stage.app().run_test(size=(120, 40)) as pilot:
        await pilot.app.push_screen(ReviewScreen())
        keys = ("w", "=", "j", "c", "x", "enter", "]", "space", "r", "escape")
        await judged(pilot, sent, keys, lambda: "1/2" in text(pilot))


async def test_refusals_and_toasts(stage: Stage, sent: list[str]) -> None:
    claim = stage.claim()
    stage.end(claim, {"a.txt": "mine\n"}, HOSTILE)
    async with stage.app().run_test(size=(120, 40)) as pilot:
        await pilot.app.push_screen(ReviewScreen())
        await until(pilot, lambda: "a.txt · 1/1" in text(pilot))
        await pilot.press("a")  # says what was merged, by the bead's title
        await until(pilot, lambda: pilot.app._notifications)
        await pilot.pause(0.2)
        assert doors(pilot) == []
        assert offences(sent) == []


async def test_a_failed_attempts_words(stage: Stage, sent: list[str]) -> None:
    claim = stage.claim()
    stage.house.store.write(ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.FAILED, "exit", HOSTILE)
    async with stage.app().run_test(size=(100, 60)) as pilot:
        await pilot.app.push_screen(DetailScreen(claim.bead))
        await judged(pilot, sent, ("]", "]", "]"), lambda: "created" in text(pilot))


async def test_the_judge_sees_what_is_wrong(sent: list[str]) -> None:
    """A control: the same judge finds a sequence that is let through."""

    class Careless(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("\x1b]52;c;UFdORUQ=\x07", markup=False)
            yield Static("[@click=app.quit]x[/]")

    async with Careless().run_test() as pilot:
        await pilot.pause()
        assert offences(sent)
        assert doors(pilot)
