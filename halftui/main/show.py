"""Shows a board on this terminal, with the engine behind it if no other process runs one."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from halftui.engine.lock import sole_engine
from halftui.errors import BUG_EXIT, HalfTUIError
from halftui.service.auditor import keep_signed
from halftui.tui import lending

if TYPE_CHECKING:
    from halftui.engine.engine import Engine
    from halftui.main.house import House
    from halftui.service.service import Service
    from halftui.tui.app import HalfApp

log = logging.getLogger(__name__)

MakeEngine = Callable[[], "Engine"]
VIEWER = "another HalfTUI runs the agents"
AGAIN, ANOTHER = "halftui opens the board again", "halftui demo begins another"
NOTICE_SECONDS = 1.0


async def show(house: House, app: HalfApp, make_engine: MakeEngine, again: str = AGAIN) -> int:
    """Run the app until it is left, the engine beside it; return the exit code.

    Raises Crash if a bug ended it, the terminal being whole again; `again` says how to go on then. What is
    refused with a remedy, such as a home that can't be written, is raised as it is.
    """
    try:
        code = await _run(house, app, make_engine)
        fault: Exception | None = app.fault
    except Exception as error:  # noqa: BLE001 - what ends the engine ends the screen, and is reported alike
        code, fault = BUG_EXIT, error
    if isinstance(fault, HalfTUIError):
        log.warning("the board ended", exc_info=fault)
        raise fault
    if fault is not None:
        from halftui.main.crash import Crash  # what it brings along is no part of a start

        raise Crash(fault, house.service.lines.redact, again) from fault
    return code


async def _run(house: House, app: HalfApp, make_engine: MakeEngine) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal went away: end as if left by hand
        loop.add_signal_handler(number, app.exit)
    with sole_engine(house.home) as is_mine:
        async with asyncio.TaskGroup() as group:
            backstage = Backstage(app, make_engine)
            engine = group.create_task(backstage.run()) if is_mine else None
            if not is_mine:
                app.notice, app.owns_agents = VIEWER, False
                backstage.usual = VIEWER
            signer = group.create_task(
                keep_signed(house.store, lambda: house.keyring, app.drawn, backstage.warn)
            )
            await app.run_async()
            await lending.end(app)
            signer.cancel()
            backstage.leave()
            if engine is not None:
                await engine
    return app.return_code or 0


class Backstage:
    """The engine behind one app: made once the first frame is drawn, ended when the app is left."""

    def __init__(self, app: HalfApp, make_engine: MakeEngine) -> None:
        self._app = app
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._left = asyncio.Event()
        self._warning = ""  # of the history; it goes before all else
        self.usual = ""  # what is said without an engine

    async def run(self) -> None:
        """Make the engine and run it, telling the app what keeps agents from starting."""
        await self._app.drawn.wait()
        if self._left.is_set():
            return
        self._engine = await asyncio.to_thread(self._make_engine)
        async with asyncio.TaskGroup() as group:
            teller = group.create_task(self._tell())
            if not self._left.is_set():
                await self._engine.run()
            teller.cancel()

    def leave(self) -> None:
        """End the engine, its agents' work kept."""
        self._left.set()
        self._app.drawn.set()
        if self._engine is not None:
            self._engine.stop()

    def warn(self, words: str) -> None:
        """Say what is wrong with the history for as long as it is; "" is nothing."""
        if words != self._warning:
            self._warning = words
            self._app.notice = words or self.usual
            self._app.redraw()  # nothing else may happen on the board for hours

    async def _tell(self) -> None:
        while self._engine is not None:
            app = self._app
            app.hindrance = self._engine.notices.get(app.board)
            app.notice = self._warning or await notice(app.service, app.board, self._engine)
            await asyncio.sleep(NOTICE_SECONDS)


async def notice(service: Service, board: str, engine: Engine) -> str:
    """Return in a sentence what keeps a board's agents from starting, or that they run unconfined, or ""."""
    if (fault := engine.notices.get(board)) is not None:
        return f"{fault.message}: {fault.hint}"
    if (snapshot := service.watch(board).snapshot) is None:
        return ""
    try:
        sandbox = await engine.rooms.sandbox(snapshot.board)
    except HalfTUIError as error:
        return f"{error.message}: {error.hint}"
    return "" if sandbox.is_confined else "agents run unconfined on this machine"
