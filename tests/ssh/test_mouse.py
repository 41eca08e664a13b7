"""The mouse and the clipboard over SSH: cards are dragged, texts copied, on the guest's own terminal."""

import asyncio
import base64
import os
import shutil
from pathlib import Path

import pytest

from halftui.ops import beads, views
from halftui.tui.clip import MOST_BYTES
from tests.helpers.ssh import GuestTerminal, Host, execute
from tests.helpers.waiting import PATIENCE, until

ALL_MOTION = b"\x1b[?1003h"


def _ready(host: Host) -> list[str]:
    snapshot = host.house.service.read(views.snapshot, host.board.id)
    return [card.title for card in snapshot.lane("ready").cards]


async def _until_seen_below(seen: GuestTerminal, *titles: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (rows := [_at(seen.screen.lines, title)[1] for title in titles]) != sorted(rows):  # noqa: ASYNC110 - a terminal
            await asyncio.sleep(0.05)


def _at(lines: list[str], title: str) -> tuple[int, int]:
    y, line = next((y, line) for y, line in enumerate(lines) if title in line)
    return line.index(title), y


def _sgr(code: int, x: int, y: int, end: str = "M") -> str:
    """Return what a terminal sends for its mouse (SGR 1006); cells count from 0 here."""
    return f"\x1b[<{code};{x + 1};{y + 1}{end}"


async def _lift(guest: GuestTerminal, title: str, by: int) -> tuple[int, int]:
    """Take a card and carry it so many rows down; return where it hangs."""
    x, y = _at(guest.screen.lines, title)
    guest.send(_sgr(0, x, y))
    for row in range(0, by + (1 if by > 0 else -1), 1 if by > 0 else -1):
        guest.send(_sgr(32, x + 3, y + row))
        await asyncio.sleep(0.05)
    return x + 3, y + by


async def _until_order(host: Host, wanted: list[str]) -> None:
    await until(lambda: _ready(host) == wanted)


async def test_a_card_is_dragged_and_the_others_see_it(host: Host) -> None:
    for name in ("ann", "bo"):
        host.admit(name, "operator")
    for title in ("first", "second", "third"):
        host.bead(f"{title} card")
    async with host.terminal("ann") as ann, host.terminal("bo") as bo:
        await ann.until("third card")
        await bo.until("third card")
        x, y = await _lift(ann, "first card", 4)
        await ann.until("▸ ━━━")
        ann.send(_sgr(0, x, y, "m"))
        await _until_order(host, ["second card", "first card", "third card"])
        await bo.until("moved by ann")
        assert ALL_MOTION in ann.bytes
        await _until_seen_below(bo, "second card", "first card", "third card")


async def test_escape_and_a_lost_release_put_a_card_back(host: Host) -> None:
    host.admit("ann", "operator")
    for title in ("first", "second"):
        host.bead(f"{title} card")
    async with host.terminal("ann") as ann:
        await ann.until("second card")
        for end in ("\x1b", _sgr(35, 3, 3)):  # 35: moved without a button
            await _lift(ann, "first card", 4)
            await ann.until("▸ ━━━")
            ann.send(end)
            await ann.until_gone("▸ ━━━")
            ann.send(_sgr(0, 3, 3, "m"))
        await asyncio.sleep(0.3)
        assert _ready(host) == ["first card", "second card"]


async def test_the_terminal_may_keep_its_mouse(host: Host) -> None:
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        for wanted in (b"\x1b[?1003l", ALL_MOTION):
            before = len(ann.bytes)
            ann.send("M")
            await ann.until_sent(wanted, before)


async def test_what_a_drop_would_not_do_is_said_before_it_happens(host: Host) -> None:
    host.admit("ann", "viewer")
    host.admit("bo", "operator")
    for title in ("first", "second"):
        host.bead(f"{title} card")
    blocked = host.bead("held card")
    host.house.service.write(beads.hold, blocked, "later")
    async with host.terminal("ann") as ann, host.terminal("bo", size=(200, 50)) as bo:
        await ann.until("second card")
        x, y = await _lift(ann, "first card", 4)
        await ann.until("you are viewer here")
        ann.send(_sgr(0, x, y, "m"))
        await ann.until("bead.rank is not for you")
        await bo.until("held card")
        x, y = _at(bo.screen.lines, "first card")
        bo.send(_sgr(0, x, y) + _sgr(32, x + 3, y))
        to_x, to_y = _at(bo.screen.lines, "held card")
        bo.send(_sgr(32, to_x, to_y))
        await bo.until("✗")
        bo.send(_sgr(0, to_x, to_y, "m"))
        await asyncio.sleep(0.5)
    assert _ready(host) == ["first card", "second card"]
    assert host.state(blocked) == "blocked"


async def test_a_copy_goes_to_the_guests_clipboard_and_to_no_file(host: Host) -> None:
    host.admit("ann", "viewer")
    bead = host.bead("a card")
    async with host.terminal("ann", term="tmux-256color") as ann:
        await ann.until("a card")
        ann.send("y")
        await ann.until("Copy")
        ann.send("\r")
        await ann.until("set-clipboard on")
        assert b"\x1b]52;c;" + base64.b64encode(bead.encode()) + b"\x07" in ann.bytes
        [app] = host.server.apps[host.board.id]
        before = len(ann.bytes)
        with app._context():
            from halftui.tui import clip

            clip.copy(app, "x" * (MOST_BYTES + 1), "the log")
        await ann.until("too long for a clipboard")
        assert "saved" not in ann.text
        assert b"\x1b]52;c;" not in ann.bytes[before:]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")
async def test_a_drag_within_tmux_reaches_the_database(host: Host, tmp_path: Path) -> None:
    """The way of a person in tmux: tmux, the real client, the server."""
    host.admit("ann", "operator")
    for title in ("first", "second", "third"):
        host.bead(f"{title} card")
    tmux = ["tmux", "-f", os.devnull, "-S", str(tmp_path / "tmux")]

    async def run(*args: str) -> str:
        ran = await execute(*tmux, *args)
        assert ran.code == 0, ran
        return ran.out

    async def seen_with(words: str) -> list[str]:
        async with asyncio.timeout(PATIENCE):
            while words not in (seen := await run("capture-pane", "-p")):  # noqa: ASYNC110 - a terminal
                await asyncio.sleep(0.1)
        return seen.splitlines()

    async def mouse(code: int, x: int, y: int, end: str = "M") -> None:
        await run("send-keys", "-H", *(f"{byte:02x}" for byte in _sgr(code, x, y, end).encode()))

    await run("new-session", "-d", "-x", "120", "-y", "35", *host.argv("ann"))
    try:
        x, y = _at(await seen_with("third card"), "first card")
        await mouse(0, x, y)
        for row in range(5):
            await mouse(32, x + 3, y + row)
        await seen_with("▸ ━━━")
        await mouse(0, x + 3, y + 4, "m")
        await _until_order(host, ["second card", "first card", "third card"])
        await run("resize-window", "-x", "90", "-y", "24")
        await seen_with("second card")
    finally:
        await run("kill-server")
