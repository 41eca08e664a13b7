"""The board on a guest's terminal, with the real OpenSSH client: keys, mouse, sizes, colours, leaving."""

import asyncio
import gc
import weakref

import pytest

from halftui.ssh.guest import GuestApp, depth_of
from halftui.ssh.session import Session
from tests.helpers.ssh import Host
from tests.helpers.waiting import PATIENCE, forget_timers, until

ENTER = "\r"


async def test_keys_reach_the_board_and_the_board_the_screen(host: Host) -> None:
    host.admit("ann", "operator")
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        ann.send("n")
        await ann.until("New bead")
        ann.send("Mend the roof – ünï" + ENTER)
        await ann.until("Mend the roof – ünï")
        await ann.until("Ready 1")
        ann.send("q")
        assert await ann.ended() == 0
    assert b"\x1b[?1049l" in ann.bytes, "the terminal is given back"
    assert ann.bytes.rindex(b"\x1b[?1000l") < ann.bytes.rindex(b"\x1b[?1049l")


async def test_a_lone_escape_closes_a_dialog(host: Host) -> None:
    host.admit("ann", "operator")
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        ann.send("n")
        await ann.until("New bead")
        ann.send("\x1b")
        await ann.until_gone("New bead")


async def test_text_that_is_pasted_makes_beads(host: Host) -> None:
    host.admit("ann", "operator")
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        ann.send("n")
        await ann.until("New bead")
        ann.send("\x1b[200~first of two\nsecond of two\x1b[201~")
        await ann.until("Ready 2")


async def test_the_mouse_chooses_a_card(host: Host) -> None:
    host.admit("ann", "viewer")
    for title in ("upper card", "lower card"):
        host.bead(title)
    async with host.terminal("ann") as ann:
        await ann.until("lower card")
        y, line = next((y, line) for y, line in enumerate(ann.screen.lines) if "lower card" in line)
        x = line.index("lower card")
        assert "▌○ lower card" not in ann.text
        ann.send(f"\x1b[<0;{x + 1};{y + 1}M\x1b[<0;{x + 1};{y + 1}m")
        await ann.until("▌○ lower card")


async def test_sizes_follow_the_terminal(host: Host) -> None:
    host.admit("ann", "viewer")
    host.bead("a card")
    async with host.terminal("ann", size=(80, 24)) as ann, host.terminal("ann", size=(200, 50)) as wide:
        await ann.until("a card")
        await wide.until("a card")
        await wide.until("Inbox")
        assert "Inbox" not in ann.text
        ann.resize(160, 45)
        await ann.until("Inbox")
        ann.resize(70, 20)
        await ann.until_gone("Inbox")
        ann.resize(120, 35)
        await ann.until("a card")


async def test_of_many_sizes_the_last_one_is_drawn(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    real = Session._turn

    def turn(session: Session) -> None:
        assert session.terminal is not None
        drawn.append((session.terminal.width, session.terminal.height))
        real(session)

    monkeypatch.setattr(Session, "_turn", turn)
    host.admit("ann", "viewer")
    host.bead("a card")
    async with host.terminal("ann", size=(80, 24)) as ann:
        await ann.until("a card")
        for number in range(200):
            ann.resize(5_000 + number, 5_000)
        ann.resize(160, 45)
        await ann.until("Inbox")
    assert drawn[-1] == (160, 45)
    assert len(drawn) < 100
    assert all(width <= 1_000 and height <= 500 for width, height in drawn)


@pytest.mark.parametrize(
    ("term", "env", "wanted", "unwanted"),
    [
        ("xterm-256color", {}, b"38;5;", b"38;2;"),
        ("xterm-256color", {"COLORTERM": "truecolor"}, b"38;2;", b"38;5;"),
        ("xterm-kitty", {}, b"38;2;", b"38;5;"),
        ("xterm-256color", {"NO_COLOR": "1"}, b"Ready", b"38;"),
        ("vt100", {}, b"Ready", b"38;"),
    ],
)
async def test_colours_are_the_clients(
    host: Host, term: str, env: dict[str, str], wanted: bytes, unwanted: bytes
) -> None:
    host.admit("ann", "viewer")
    host.bead("a card")
    options = ["-o", "SendEnv=COLORTERM NO_COLOR"]
    async with host.terminal("ann", term=term, env=env, options=options) as ann:
        await ann.until("a card")
        await ann.until_sent(wanted)
    assert unwanted not in ann.bytes


def test_what_terminals_can_show() -> None:
    assert depth_of({"TERM": "dumb"}) == depth_of({}) == "none"
    assert depth_of({"TERM": "linux"}) == "standard"
    assert depth_of({"TERM": "tmux-256color"}) == "256"
    assert depth_of({"TERM": "xterm-direct"}) == "truecolor"
    assert depth_of({"TERM": "xterm-direct", "NO_COLOR": ""}) == "none"


async def test_a_theme_is_kept_for_the_next_visit(host: Host) -> None:
    host.admit("ann", "viewer")
    host.admit("bo", "viewer")
    for visit in range(2):
        async with host.terminal("ann") as ann:
            await ann.until("Ready")
            [app] = host.server.apps[host.board.id]
            if not visit:
                before = app.theme
                app.action_theme_next()
                await until(lambda: app.theme != before)  # noqa: B023 - at once
                chosen = app.theme
            assert app.theme == chosen != before
            ann.send("q")
            await ann.ended()
    async with host.terminal("bo") as bo:
        await bo.until("Ready")
        [app] = host.server.apps[host.board.id]
        assert app.theme == before


async def test_one_guests_crash_is_nobody_elses(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    host.admit("ann", "operator")
    host.admit("bo", "operator")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        [app] = host.server.apps[host.board.id]
        async with host.terminal("bo") as bo:
            await bo.until("Ready")

            def fail() -> None:
                secret = "the server's own secret"
                raise ZeroDivisionError(secret[:3])

            app.call_later(fail)
            assert await ann.ended() == 70
            assert "the others go on" in ann.text
            assert "secret" not in ann.bytes.decode(errors="replace")
            assert "Traceback" not in ann.bytes.decode(errors="replace")
            host.bead("after the crash")
            await bo.until("after the crash")
    assert host.server.counts["screens_failed"] == 1


async def test_what_stands_for_no_key_ends_nothing(host: Host) -> None:
    host.admit("ann", "operator")
    hostile = (
        "\x1b[99999999999999999999u", "\x1b[1;99999999999u", "\x1b[<99999999999;1;1M", "\x1b[<0;-5;0M",
        "\x1b[200~never closed\x1b[201~", "\x9b1u", "\x1b]c;AAAA\x07", "\x1bP+z\x1b\\",
    )  # fmt: skip
    async with host.terminal("ann") as ann:
        await ann.until("Ready 0")
        for text in hostile:
            ann.send(text)
            await asyncio.sleep(0.05)
        ann.send("\x1b")  # the lone ^G among them opened the themes
        host.bead("still alive")
        await ann.until("still alive")
    assert host.server.counts["screens_failed"] == 0


async def test_no_app_is_left_behind(host: Host, request: pytest.FixtureRequest) -> None:
    """Opened and closed in every way, the applications go."""
    host.admit("ann", "operator")
    seen: list[weakref.ref[GuestApp]] = []
    rounds = 100 if request.config.getoption("--slow") else 8
    for number in range(rounds):
        async with host.terminal("ann") as ann:
            if number % 4 != 3:
                await ann.until("Ready")
                seen += [weakref.ref(app) for app in host.server.apps[host.board.id]]
                ann.send("jkn")
                await ann.until("New bead")
            if number % 4 == 0:
                ann.send("\x1b")
                await ann.until_gone("New bead")
                ann.send("q")
                await ann.ended()
    await host.empty()
    assert len(seen) == rounds * 3 // 4
    async with asyncio.timeout(PATIENCE):
        while any(ref() is not None for ref in seen):
            await forget_timers()
            gc.collect()
            await asyncio.sleep(0.1)


async def test_the_server_itself_frees_what_was_closed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.ssh.server.SWEEP_SECONDS", 0.5)
    monkeypatch.setattr("halftui.ssh.server.SETTLED_SECONDS", 0.0)
    host.admit("ann", "operator")
    seen: list[weakref.ref[GuestApp]] = []
    gc.disable()  # what the thresholds would find by chance does not count
    try:
        async with asyncio.timeout(2 * PATIENCE):
            while not seen or seen[0]() is not None:  # what was held by a timer goes when the next one closes
                async with host.terminal("ann") as ann:
                    await ann.until("Ready")
                    seen += [weakref.ref(app) for app in host.server.apps[host.board.id]]
                await host.empty()
                await forget_timers()
                await until(lambda: not host.server._closed)  # it has swept
    finally:
        gc.enable()


async def test_the_end_of_the_server_is_told(host: Host) -> None:
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        host.server.stop()
        await ann.until("The board is closing")
        await ann.ended()


async def test_a_guest_who_is_away_is_put_out_and_one_who_types_is_not(host: Host) -> None:
    host.admit("ann", "viewer")
    async with host.terminal("ann") as ann:
        await ann.until("Ready")
        [visitor] = host.server.visitors
        visitor.stirred -= host.server.limits.idle + 1
        await ann.until("You were away for long")
        await ann.ended()
