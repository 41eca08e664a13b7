"""Every screen there is: keys mean one thing, hints are whole, words can be read, nothing is obeyed."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.dom import DOMNode
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from halftui.ops import beads, budgets, convoys, remarks, subscriptions
from halftui.settings import theme_folders
from halftui.tui.app import HalfApp
from halftui.tui.screens.logs import LogsScreen
from halftui.tui.widgets.finder import Finder
from tests.helpers.stage import Clock, Stage
from tests.tui.player import PLAIN, Player, playing
from tests.tui.stage import Stage as Worked
from tests.tui.test_hostile import HOSTILE, offences
from tests.tui.test_keys import own_keys
from tests.tui.test_look import contrast

LEAST = 4.5
Go = Callable[[Player], Awaitable[object]]


def pressed(*keys: str) -> Go:
    """Return what presses keys on the board."""

    async def go(player: Player) -> None:
        for key in keys:
            await player.press(key)
            await player.pilot.pause(0.1)

    return go


async def ask(player: Player) -> None:
    """Open the question that waits."""
    assert player.app.snapshot is not None
    player.app.open_ask(player.app.snapshot.asks[0])


SCREENS: dict[str, Go] = {
    "board": pressed(),
    "filter": pressed("slash"),
    "rail": pressed("tab"),
    "agents": pressed("2"),
    "convoys": pressed("3"),
    "outline": pressed("3", "="),
    "edges": pressed("3", "b"),
    "output": pressed("4"),
    "accounts": pressed("6"),
    "metrics": pressed("7"),
    "detail": pressed("enter"),
    "history": pressed("enter", "right_square_bracket"),
    "question": ask,
    "menu": pressed("m"),
    "lane menu": pressed("comma"),
    "copy": pressed("y"),
    "themes": pressed("ctrl+g"),
    "command": pressed("colon"),
    "help": pressed("question_mark"),
    "palette": pressed("ctrl+p"),
    "entry": pressed("n"),
    "page": pressed("e"),
    "comment": pressed("c"),
    "convoy": pressed("space", "N"),
    "jump": pressed("ctrl+o"),
    "blockers": pressed("b"),
    "confirm": pressed("x"),
}

WORKED: dict[str, Go] = {  # where there is work of agents, of which the others have none
    "review": pressed("5"),
    "remark": pressed("5", "c"),
    "sending back": pressed("5", "r"),
    "dropping": pressed("5", "R"),
    "side by side": pressed("5", "="),
    "lists of the review": pressed("5", "tab"),
    "panes": pressed("4"),
    "search": pressed("4", "slash", "x"),
    "permission": ask,
    "page": pressed("enter"),
    "attempts": pressed("enter", "left_square_bracket"),
    "attempt": pressed("enter", "left_square_bracket", "enter"),
    "output": pressed("o"),
    "talk": pressed("t"),
    "stop": pressed("X"),
}


@pytest.fixture
def worked(tmp_path: Path) -> Stage:
    """Return a board over a real repository on which one agent asks, and work waits for a review."""
    made = Worked(tmp_path)
    made.bead(HOSTILE, description=HOSTILE, acceptance=HOSTILE, labels=[HOSTILE])
    claim = made.claim()
    made.prints(claim.attempt, [(9.0, kind, f"{kind} CANARY") for kind in ("say", "tool", "out", "error")])
    made.end(claim, {"src/CANARY.py": f"{HOSTILE}\nline\n"}, HOSTILE)
    made.bead(HOSTILE)
    claim = made.claim()
    made.prints(claim.attempt, [(9.0, "say", "CANARY")])
    made.want(claim, HOSTILE, "Bash", HOSTILE)
    return Stage(made.house.store, made.service, Clock(made.now), made.board.id)


async def visited(player: Player, screens: Mapping[str, Go] = SCREENS) -> AsyncIterator[str]:
    """Go to each screen from the board, one after the other, and yield its name."""
    for name, go in screens.items():
        while len(player.app.screen_stack) > 1:
            await player.pilot.press("escape")
            await player.pilot.pause(0.1)
        player.board.finder.end()
        player.board.unmark()
        player.board.lanes.go("ready" if screens is SCREENS else "working")
        player.board.lanes.lane.move(0)
        await player.pilot.pause(0.1)
        await go(player)
        await player.pilot.pause(0.15)
        yield name


KINDS = {"busy": SCREENS, "worked": WORKED}


@pytest.fixture(params=KINDS)
def shown(request: pytest.FixtureRequest) -> tuple[Stage, Mapping[str, Go]]:
    """Return a board and the screens that have something to show on it."""
    return request.getfixturevalue(request.param), KINDS[request.param]


async def test_no_key_means_two_things(shown: tuple[Stage, Mapping[str, Go]]) -> None:
    stage, screens = shown
    clashes: dict[str, list[str]] = {}
    async with playing(stage) as player:
        async for name in visited(player, screens):
            for focus in player.app.screen.focus_chain or [player.app.screen]:
                chain = [node for node in focus.ancestors_with_self if node is not player.app]
                counted = Counter(key for node in chain for key in own_keys(node))
                twice = [key for key, count in counted.items() if count > 1]
                if twice and not _is_text(focus):
                    clashes[f"{name} {type(focus).__name__}"] = twice
    assert not clashes


def _is_text(focus: DOMNode) -> bool:
    """In texts n, g and the like belong to the text, and in a line esc and tab to the line."""
    return isinstance(focus, Finder) or (
        type(focus).__name__ == "LinePane" and not isinstance(focus.screen, LogsScreen)
    )


@pytest.mark.parametrize("size", [(40, 12), (80, 24)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_rows_are_whole_and_hints_are_not_cut(
    shown: tuple[Stage, Mapping[str, Go]], size: tuple[int, int]
) -> None:
    stage, screens = shown
    wrong: dict[str, str] = {}
    async with playing(stage, *size) as player:
        async for name in visited(player, screens):
            assert {cell_len(line) for line in player.lines} == {size[0]}, name
            assert len(player.lines) == size[1], name
            if "…" in player.lines[-1] and name not in ("palette", "themes"):
                wrong[name] = player.lines[-1]
    assert not wrong


@pytest.mark.parametrize("theme", ["halflight", "dark", "light", "contrast"])
async def test_every_word_can_be_read(shown: tuple[Stage, Mapping[str, Go]], theme: str) -> None:
    stage, screens = shown
    faint: dict[str, str] = {}
    async with playing(stage, theme=theme) as player:
        async for name in visited(player, screens):
            if name != "palette" and (words := _faint(player.pilot)):  # that one is Textual's
                faint[name] = words
    assert not faint


async def test_a_theme_dresses_what_is_open(shown: tuple[Stage, Mapping[str, Go]]) -> None:
    stage, screens = shown
    old = _colours("halflight") - _colours("light")
    left: dict[str, set[str]] = {}
    async with playing(stage) as player:
        assert len(player.app.themes) > 1  # they are read when asked for
        async for name in visited(player, screens):
            player.app.theme = "light"
            await player.pilot.pause(0.15)
            strips = player.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            worn = {c.triplet.hex for s in styles for c in (s.color, s.bgcolor) if c and c.triplet}
            if name != "palette" and (kept := worn & old):  # that one is Textual's
                left[name] = kept
            player.app.theme = "halflight"
    assert not left


def _colours(theme: str) -> set[str]:
    """Return the colours that the file of a theme names."""
    text = (theme_folders()[0] / f"{theme}.toml").read_text(encoding="utf-8")
    return {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}", text)}


def _faint(pilot: Pilot[None]) -> str:
    """Return words that can't be read; what lies dimmed under a sheet need not be."""
    screen = pilot.app.screen
    regions = (
        [w.region for w in screen.children if w.display and w.region] if screen.is_modal else [screen.region]
    )
    for y, strip in enumerate(screen._compositor.render_strips()):
        for region in (r for r in regions if r.y <= y < r.bottom):
            for segment in strip.crop(region.x, region.right):
                if words := _unreadable(segment):
                    return words
    return ""


def _unreadable(segment: Segment) -> str:
    style = segment.style
    if style is None or not re.search(r"\w", segment.text) or not style.color or not style.bgcolor:
        return ""
    ink, ground = style.color.triplet, style.bgcolor.triplet
    if ink is None or ground is None or contrast(tuple(ink), tuple(ground)) >= LEAST - 0.05:
        return ""
    return f"{segment.text.strip()[:40]!r} {ink.hex} on {ground.hex}"


def poison(stage: Stage) -> None:
    """Put hostile words wherever words from outside are kept."""
    bead = stage.bead("first", description=HOSTILE, acceptance=HOSTILE, labels=[HOSTILE])
    other = stage.bead("second", 0, ("first",), hold=HOSTILE)
    for each in (bead, other):
        stage.write(beads.edit, each, title=HOSTILE, notes=HOSTILE, priority=0)
    stage.write(remarks.comment, bead, HOSTILE)
    convoy = stage.write(convoys.create, stage.board, HOSTILE, [bead, other])
    stage.write(convoys.start, convoy)
    stage.write(subscriptions.register, HOSTILE[:60], "oauth", "sealed", "s1")
    stage.write(budgets.set_budget, "bead", HOSTILE, "usd", 3.0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is sent to the terminal from now on."""
    written: list[str] = []
    monkeypatch.setattr(HeadlessDriver, "is_headless", False)
    monkeypatch.setattr(HeadlessDriver, "write", lambda self, data: written.append(data))
    return written


async def test_what_others_wrote_is_never_obeyed(busy: Stage, sent: list[str]) -> None:
    poison(busy)
    app = HalfApp(busy.service, busy.board, clock=busy.clock, env=PLAIN)
    shown = set()
    async with app.run_test(size=(120, 40)) as pilot:
        player = Player(app, pilot)
        async for name in visited(player):
            for key in ("down", "up"):
                await pilot.press(key)
                await pilot.pause(0.05)
            shown |= {name} if "CANARY" in player.text else set()
            assert offences(sent) == [], name
    assert sum(map(len, sent)) > 10_000
    assert {"board", "convoys", "outline", "accounts", "detail", "menu", "copy", "confirm"} <= shown


PLACES = ("agents", "convoys", "output", "review", "accounts", "metrics")


@pytest.mark.parametrize("place", PLACES)
async def test_a_place_can_be_left_before_it_stands(busy: Stage, place: str) -> None:
    async with playing(busy) as player:
        app = player.app
        for other in PLACES:
            # As two keys that come at once:
            await player.turns(*[getattr(app, f"action_place_{go}") for go in (place, other)])
            assert len(app.screen_stack) == 2
        app.open_review("hf-4")
        await player.turns(app.action_place_board)
        assert app.screen is player.board


async def test_what_agents_wrote_is_never_obeyed(worked: Stage, sent: list[str]) -> None:
    app = HalfApp(worked.service, worked.board, clock=worked.clock, env=PLAIN)
    shown = set()
    async with app.run_test(size=(120, 40)) as pilot:
        player = Player(app, pilot)
        async for name in visited(player, WORKED):
            shown |= {name} if "CANARY" in player.text else set()
            assert offences(sent) == [], name
    assert shown == set(WORKED)
