"""The journeys of a guest: the real OpenSSH client in a real terminal, against the program that serves."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator

import pytest

from halftui.domain.shown import Card
from halftui.ops import views
from tests.helpers import tmux, walk
from tests.helpers.served import Served, served_demo
from tests.helpers.tmux import Terminal

pytestmark = tmux.NEEDED
SIZES = ((80, 24), (120, 40))
every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """Yield the demo's board with ann, who maintains it, and vi, who looks."""
    async with served_demo() as made:
        made.admit("ann", "maintainer")
        made.admit("vi", "viewer")
        yield made


@every_size
async def test_every_journey_of_a_guest(served: Served, size: tuple[int, int]) -> None:
    await asyncio.to_thread(_walk, served, size)


def _walk(served: Served, size: tuple[int, int]) -> None:
    served.start()
    with served.terminal("ann", size) as ann:
        ann.until("Ready", "Working 3/", "? help")
        walk.watch(ann)
        walk.answer(ann)
        walk.review(ann)
        walk.write(ann)
        _drag(served, ann)
        walk.sling_a_convoy(ann)
        ann.press("q")
        ann.until("LEFT 0")
    assert served.stop() == 0


def _drag(served: Served, seen: Terminal) -> None:
    """The mouse puts a card behind the next one, and back before it."""
    for before in (["Second part", "First part"], ["First part", "Second part"]):
        _until_ready(served, before)
        rows = _until_drawn(seen, before)
        y, to = (walk.row(rows, title) for title in before)
        x = rows[y].index(before[0])
        seen.mouse(0, x, y)
        for at in range(y, to + 2):
            seen.mouse(32, x + 2, at)
        seen.until("▸ ━━━")
        seen.mouse(0, x + 2, to + 1, "m")
    _until_ready(served, ["Second part", "First part"])
    seen.press("k", "k", "k", "k")


def _until_drawn(seen: Terminal, titles: list[str]) -> list[str]:
    """Return the rows of the screen once these cards stand there in this order."""
    end = time.monotonic() + tmux.PATIENCE
    while True:
        rows = seen.until(*titles)
        places = [walk.row(rows, title) for title in titles]
        if places == sorted(places):
            return rows
        assert time.monotonic() < end, f"never in this order: {titles}"
        time.sleep(0.05)


def _until_ready(served: Served, titles: list[str]) -> None:
    """Wait until these are the first cards of Ready."""
    end = time.monotonic() + tmux.PATIENCE
    while (found := [card.title for card in _lane(served, "ready")][: len(titles)]) != titles:
        assert time.monotonic() < end, found
        time.sleep(0.05)


def _lane(served: Served, name: str) -> tuple[Card, ...]:
    return served.house.service.read(views.snapshot, served.board.id).lane(name).cards


@every_size
async def test_a_viewers_first_visit(served: Served, size: tuple[int, int]) -> None:
    await asyncio.to_thread(_visit, served, size)


def _visit(served: Served, size: tuple[int, int]) -> None:
    served.start()
    with served.terminal("vi", size) as seen:
        seen.until("Ready", "? help", "asks you")
        hints = seen.run("capture-pane", "-p", "-e").splitlines()[-1]
        assert _style(hints, "n new") != _style(hints, "enter open"), "what they may not do is grey"
        for key, verb in (("n", "bead.create"), ("p", "board.pause"), ("x", "bead.cancel")):
            seen.press(key)
            seen.until(f"you are viewer here: {verb} is not for you")
        seen.press("!")
        seen.until("Which database should sessions use?")
        seen.press("1")
        seen.until("question.answer is not for you")
        seen.press("Escape")
        seen.until("Ready", gone=["Which database should sessions use? ", "1-2 answer"])
        walk.watch(seen)
        seen.press("q")
        seen.until("LEFT 0")
    people = {"person:vi", "person:ann"}
    assert not people & {event.actor for event in served.house.service.read(views.events, 0, most=10_000)}
    assert served.stop() == 0


def _style(line: str, hint: str) -> str:
    """Return the colours that stand before a hint's key."""
    key, _, label = hint.partition(" ")
    found = re.search(rf"((?:\x1b\[[0-9;:]*m)+){key}(?:\x1b\[[0-9;:]*m)* {label}", line)
    assert found is not None, line
    return found[1]


@every_size
async def test_a_killed_server_and_its_guests(served: Served, size: tuple[int, int]) -> None:
    await asyncio.to_thread(_recover, served, size)


def _recover(served: Served, size: tuple[int, int]) -> None:
    """Agents work on while nobody serves; who comes again finds every state as it is, and goes on."""
    served.start()
    with served.terminal("ann", size) as ann, served.terminal("vi", size) as vi:
        for guest in (ann, vi):
            guest.until("Working 3/", "asks you")
        assert served.stop(signal.SIGKILL) == -signal.SIGKILL
        for guest in (ann, vi):
            guest.until("LEFT 255")
    served.start()
    with served.terminal("ann", size) as ann, served.terminal("vi", size) as vi:
        for guest in (ann, vi):
            guest.until("asks you")
        walk.answer(ann)
        vi.until("Review 4", "Working 0/", gone=["asks you"])
        vi.press("q")
        vi.until("LEFT 0")
    assert served.stop() == 0
    read = served.house.service.read
    worked = [card.id for card in read(views.snapshot, served.board.id).lane("review").cards]
    ends = [[row.outcome for row in read(views.bead, bead).attempts] for bead in worked]
    assert ends == [["passed"]] * 4, "nothing was lost, and nothing done twice"
    assert [e for e in read(views.events, 0, most=10_000) if e.verb == "attempt.adopt"]
