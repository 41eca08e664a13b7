"""When an application rests: when nothing it was given is undone, not when the processor happens to idle.

Textual's pilot guesses it from the process's share of the processor, which other programs take away.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

import pytest
import textual.app
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.worker import Worker

from halftui.service.lines import Lines, Ring
from halftui.tui import toasts
from halftui.tui.ahead import DOING
from halftui.tui.app import HalfApp
from halftui.tui.screens.board import BoardScreen

PATIENCE = 60.0  # seconds
LASTING = {"default", "telling", "shell"}  # groups of workers that need not end
_waiting: WeakSet[asyncio.Task[Any]] = WeakSet()  # those that have read all lines there were


async def rest(app: App[Any], *, reads: bool = True) -> None:
    """Wait until an app has handled its messages, done and read what keys began, and drawn it.

    `reads=False`: only until it has handled its messages.
    """
    quiet = 0
    async with asyncio.timeout(PATIENCE):
        while quiet < 2 and app.is_running and app.screen_stack and app._exception is None:
            if _has_messages(app) or (reads and _is_at_work(app)):
                quiet = 0
                await asyncio.sleep(0.001)
                continue
            quiet += 1  # the second time for what was on its way from one part to another
            await _handle_all(app)
            if app.screen_stack:
                app.screen._on_timer_update()


async def settle(app: App[Any]) -> None:
    """Wait until an app rests and its dock, which waits until the cursor does, has followed that."""
    await rest(app)
    loop, board = asyncio.get_running_loop(), app.screen_stack[0]
    if isinstance(board, BoardScreen) and (due := board._resting) is not None:
        await asyncio.sleep(0.0 if due.cancelled() else max(due.when() - loop.time(), 0.0) + 0.002)
    await rest(app)


def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pilots wait in this way, and toasts stand until a test has read them."""
    pause, wait = Pilot.pause, Lines._wait

    async def paused(pilot: Pilot[Any], delay: float | None = None) -> None:
        await (rest(pilot.app) if delay is None else pause(pilot, delay))

    async def pressed(pilot: Pilot[Any], *keys: str) -> None:
        for key in keys:
            await pilot.app._press_keys([key])
            await rest(pilot.app, reads=False)

    async def idle(*_: float) -> None:
        await asyncio.sleep(0)

    async def waited(lines: Lines, attempt: str, ring: Ring | None, after: int, *, had_some: bool) -> None:
        task = asyncio.current_task()
        assert task is not None
        if ring is not None or not had_some:
            _waiting.add(task)  # for good: on a slow machine its later looks at the journal would never end
        await wait(lines, attempt, ring, after, had_some=had_some)

    monkeypatch.setattr(Pilot, "pause", paused)
    monkeypatch.setattr(Pilot, "press", pressed)
    monkeypatch.setattr(Lines, "_wait", waited)
    monkeypatch.setattr(textual.app, "wait_for_idle", idle)
    for name in ("DONE_SECONDS", "REFUSED_SECONDS"):
        monkeypatch.setattr(toasts, name, 600.0)


async def _handle_all(app: App[Any]) -> None:
    """Let every part of an app handle what it has been sent so far."""
    left = 1
    handled = asyncio.Event()

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            handled.set()

    for pump in _pumps(app):
        left += pump.call_later(count)
    count()
    events: tuple[asyncio.Event, ...] = (handled, app._exception_event)
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=PATIENCE)
    finally:
        for wait in waits:
            wait.cancel()


def _pumps(app: App[Any]) -> Iterator[MessagePump]:
    yield app
    for screen in app.screen_stack:
        yield from screen.walk_children(with_self=True)


def _has_messages(app: App[Any]) -> bool:
    if app.screen._callbacks or app._resize_event is not None:
        return True
    return any(p.message_queue_size or p._next_callbacks or p._pending_message for p in _pumps(app))


def _is_at_work(app: App[Any]) -> bool:
    if isinstance(app, HalfApp) and (app.ahead.waiting or app.ahead._at_work()):
        return True
    return any(_reads(app, worker) for worker in app.workers if not worker.is_finished)


def _reads(app: App[Any], worker: Worker[Any]) -> bool:
    if worker.group == "lines":
        return worker._task not in _waiting
    return worker.group not in LASTING | DOING or (worker.group == "default" and worker.node is not app)
