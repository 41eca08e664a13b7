"""Shows the board on a guest's terminal."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from halftui.errors import BUG_EXIT
from halftui.ssh.guest import GuestApp
from halftui.tui import lending

if TYPE_CHECKING:
    from halftui.ssh.session import Session, Terminal

MOST_AHEAD = 1_000  # keys of a guest that wait; who types a file into the board slows down nobody else
BREATH_SECONDS = 0.02

log = logging.getLogger(__name__)


async def show(session: Session, board: str, terminal: Terminal) -> int:
    """Run the application until it is left; return its exit code."""
    server, env = session.server, session.env
    service = server.hosting.service_of(session.member.actor)
    app = GuestApp(
        service,
        board,
        session.line,
        env,
        theme=env.get("HALFTUI_THEME") or session.member.theme,
        notice=server.notices.get(board, ""),
        database=server.hosting.database,
    )
    app.console_of = partial(server.hosting.console, service, board)
    app.lending.shells = partial(server.hosting.shells, service)
    app.lending.lend = partial(app.lend_to, session)
    if not session.line.is_open:
        return BUG_EXIT
    session.app = app
    server.counts["screens"] += 1
    has_mouse = env.get("HALFTUI_MOUSE") != "off"
    with server.watching(board, app):
        keys = server.spawn(_feed(session, app))
        try:
            await app.run_async(size=(terminal.width, terminal.height), mouse=has_mouse)
        finally:
            keys.cancel()
            await lending.end(app)
    if app.fault is not None:
        log.error("a guest's screen failed", exc_info=app.fault, extra={"person": session.member.name})
        server.counts["screens_failed"] += 1
    session.line.write(app.parting.getvalue().replace("\r\n", "\n").replace("\n", "\r\n").encode())
    return BUG_EXIT if app.fault is not None else app.return_code or 0


async def _feed(session: Session, app: GuestApp) -> None:
    """Hand the guest's keys to the app, as soon as it has a driver."""
    while data := await session.reader.read(4_096):
        while app.driver is None:
            await app.begun.wait()
        if app.keys is not None:
            await app.keys.put(data)
            continue
        was_at_rest = app.is_at_rest
        app.driver.feed(data)
        await asyncio.sleep(0)  # what is there already is read without giving way to others
        while _is_behind(app):  # noqa: ASYNC110 - queues tell nobody; meanwhile ssh holds the guest back
            await asyncio.sleep(BREATH_SECONDS)
        if was_at_rest:
            app.call_later(app.tell_ages)


def _is_behind(app: GuestApp) -> bool:
    return app.message_queue_size + app.ahead.waiting > MOST_AHEAD
