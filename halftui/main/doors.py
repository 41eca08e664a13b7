"""The door that the command line is handed: each callable enters the rooms that it needs, no more."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from halftui import logs, settings
from halftui.cli import parser
from halftui.cli.door import Beginning, Check, Cleared, Door, ImageRow, Planned, Safe, Showing
from halftui.domain.actor import person
from halftui.domain.text import counted
from halftui.errors import BUG_EXIT, Misconfigured
from halftui.main.house import House
from halftui.main.who import login
from halftui.ops import views
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.store.store import HEAD

if TYPE_CHECKING:
    from halftui.cli.console import Console
    from halftui.demo.stage import Stage
    from halftui.domain.shown import BoardRow
    from halftui.engine.engine import Engine
    from halftui.service.shells import Shells

Result = TypeVar("Result")
BROKEN_OFF = 143  # by SIGTERM, as shells report it


def enter(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; a bug becomes a sentence and a log entry."""
    if asked := os.environ.get("_HALFTUI_COMPLETE"):
        return _complete(asked)
    logs_at: list[str] = []

    def settings_of(flags: Mapping[str, object]) -> Settings:
        chosen = settings.load(flags)
        logs_at.append(str(logs.start(chosen.home_folder, chosen.log_level) or ""))
        return chosen

    door = _door(settings_of)
    try:
        return parser.run(door, argv)
    except Exception as error:  # noqa: BLE001 - the program's edge: report_bug logs the trace
        return _report(door, error, logs_at[-1] if logs_at else "")


def _report(door: Door, error: Exception, log: str) -> int:
    from halftui.main import crash

    report = crash.write(Path(log).parent, error) if log else None
    if isinstance(error, crash.Crash):  # of a board: there is one to go on with
        return parser.report_bug(door, error.error, log, str(report or ""), f"; {error.again}")
    return parser.report_bug(door, error, log, str(report or ""))


def _door(settings_of: Callable[[Mapping[str, object]], Settings]) -> Door:
    made: list[House] = []

    def house_of(chosen: Settings) -> House:
        """Return the house in which the board was looked for, so that it opens with what is open there."""
        if not made or made[0].settings is not chosen:
            made[:] = [House(chosen)]
        return made[0]

    return Door(
        settings_of=settings_of,
        service=lambda chosen: house_of(chosen).service,
        sealed=lambda chosen, row, secret: House(chosen).vault.sealed(row, secret),
        init=_init,
        tui=lambda chosen, board: _tui(house_of(chosen), board),
        welcome=_welcome,
        demo=_demo,
        doctor=_doctor,
        serve=_serve,
        status=_status,
        image_build=_image_build,
        image_list=_image_list,
        clear=_clear,
        safe=_safe,
        locate=locate,
        plan=_plan,
        shell=_shell,
    )


def _complete(asked: str) -> int:
    """Answer a shell at the Tab key: whatever is wrong is told by the command, once it runs."""
    from halftui.cli import completing

    door = _door(settings.load)._replace(service=_glimpse)
    try:
        sys.stdout.write(completing.answer(parser.cli, door, asked))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 - a trace would stand in the line that is being typed
        return BUG_EXIT
    return 0


def _glimpse(chosen: Settings) -> Service:
    """Return a handle to look with, which makes and changes no database. Raises Misconfigured without one."""
    house = House(chosen)
    if house.store.revision() != HEAD:
        raise Misconfigured("there is no HalfTUI board yet", "run in your repository: halftui init")
    return Service(house.store, person(login(house.env)), house.review)


def _safe(chosen: Settings) -> Safe:
    from halftui.main.safe import HouseSafe

    return HouseSafe(House(chosen))


def locate(chosen: Settings, place: str, branch: str) -> tuple[str, str]:
    """Return the place and the branch of a repository; "" is none. Raises as `workspace.origin` does."""
    found = House(chosen).locate(place, branch) if place else None
    return (found.place, found.branch) if found else ("", "")


def _clear(chosen: Settings, days: float, is_dry: bool) -> Sequence[Cleared]:
    from halftui.main.cleaning import clear

    house = House(chosen)
    return _live(clear(house, days, is_dry=is_dry)) if house.store.revision() else ()


def _plan(chosen: Settings, board: str, goal: str, tell: Callable[[str], None]) -> Planned:
    from halftui.main.plan import plan

    return _live(plan(House(chosen), board, goal, tell))


def _shell(chosen: Settings, bead: str, command: Sequence[str]) -> tuple[str, int]:
    return _live(_visit(House(chosen), bead, command))


async def _visit(house: House, bead: str, command: Sequence[str]) -> tuple[str, int]:
    import asyncio

    from halftui.service.seats import own_seat

    visit = asyncio.ensure_future(_shells(house).visit(bead, command, own_seat))
    for number in (signal.SIGTERM, signal.SIGHUP):  # the terminal went away: leave nothing behind in there
        asyncio.get_running_loop().add_signal_handler(number, visit.cancel)
    try:
        end = await visit
    except asyncio.CancelledError:
        return "broken off", BROKEN_OFF
    return end.how, end.code


def _init(chosen: Settings, beginning: Beginning) -> str:
    usual = {"model": chosen.model} if chosen.model else {}
    settings = {**usual, **beginning.settings}
    return House(chosen).init(beginning.place, beginning.name, beginning.branch, **settings).id


def _require_terminal() -> None:
    """Raise Misconfigured unless there are keys to read and a screen to draw on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # where the board is drawn, whatever stdout is
        raise Misconfigured(
            "the board needs a terminal", "halftui bead list prints it, halftui serve shows it"
        )


def _tui(house: House, board: str) -> int:
    import asyncio

    _require_terminal()
    return asyncio.run(_open(house, board, lambda: house.engine(house.service)))


def _shells(house: House) -> Shells:
    from halftui.main.visits import shells

    return shells(house, house.service)


def _live(work: Coroutine[None, None, Result]) -> Result:
    """Run what may take hours, with the search for garbage on again, and return what it returns."""
    import asyncio

    gc.freeze()  # what is imported stays
    gc.enable()
    return asyncio.run(work)


async def _open(house: House, board: str, make_engine: Callable[[], Engine], again: str = "") -> int:
    from halftui.main.show import AGAIN, show
    from halftui.tui import terminal
    from halftui.tui.app import HalfApp

    gc.disable()  # the app lets it work again once the first frame is drawn and its objects are frozen
    app = HalfApp(
        house.service,
        board,
        owns_agents=True,
        is_alone=True,
        theme=house.settings.theme,
        database=house.settings.database_kind,
    )
    app.console_of = lambda: _console(house, board)
    app.lending.shells = lambda: _shells(house)
    app.has_mouse = house.settings.mouse == "on"
    app.teller.way, app.teller.command = house.settings.notify, house.settings.notify_command
    terminal.be_careful(app)
    terminal.draw_in_few(app)
    if (settings.config_folder() / "keymap.toml").exists():
        from halftui.tui import keymap

        keymap.take(app)
    if house.settings.marks == "ascii":
        terminal.draw_plain(app)
    return await show(house, app, make_engine, again or AGAIN)


def _console(house: House, board: str) -> Console:
    from halftui.cli.console import Console

    return Console(_door(lambda _: house.settings), house.service, board)


def _serve(chosen: Settings, tell: Callable[[str], None]) -> int:
    from halftui.main.serving import serve

    return _live(serve(House(chosen), tell))


def _status(chosen: Settings) -> Mapping[str, object]:
    from halftui.ssh import status

    return status.read(chosen.home_folder / "ssh")


def _demo(chosen: Settings, showing: Showing) -> int:
    if not showing.is_headless:
        _require_terminal()
    return _live(_demonstrate(chosen, showing))


async def _demonstrate(chosen: Settings, showing: Showing) -> int:
    import asyncio

    from halftui.demo.stage import open_stage
    from halftui.main.show import ANOTHER

    if not showing.is_headless:  # for some seconds there is nothing else to be seen
        sys.stderr.write("setting the stage…\n")
    async with open_stage() as stage:
        with logs.elsewhere(stage.home, "info"):
            house, board = await asyncio.to_thread(_set_stage, chosen, stage)
            engine = _engine_of(house)
            if showing.is_headless:
                return await _run_headless(house, board, engine, showing)
            return await _open(house, board.id, engine, ANOTHER)


def _set_stage(chosen: Settings, stage: Stage) -> tuple[House, BoardRow]:
    """Make the demo's house and board, its beads included."""
    from claude_agent_sdk import __file__ as sdk  # the demo pays for it in any case

    from halftui.demo.stage import NAME, can_run

    house = House(
        chosen._replace(home=str(stage.home), database="", sandbox="local", permissions="free", cap=3,
                        api_url=stage.model_url, names="kitchen", log_level="info"),
        stage.env,
    )  # fmt: skip
    is_real = can_run(Path(sdk).parent / "_bundled" / "claude")
    board = house.init(stage.repository, NAME, runtime="claude" if is_real else "scripted", sandbox="local")
    stage.fill(house.service, board.id)
    return house, board


def _engine_of(house: House) -> Callable[[], Engine]:
    from halftui.demo import story
    from halftui.runtime.base import Runtime
    from halftui.runtime.choose import make

    async def runtime(kind: str, credential: str) -> Runtime:
        if kind == "scripted":
            return make(kind, scenario=story.script_for)
        return await house.runtime(kind, credential)

    return lambda: house.engine(house.service, runtime=runtime)


async def _run_headless(
    house: House, board: BoardRow, make_engine: Callable[[], Engine], showing: Showing
) -> int:
    import asyncio

    from halftui.main.headless import Run

    run = Run(house, board.id, _say)
    engine = await asyncio.to_thread(make_engine)
    await run.go(engine, showing.seconds, plays_person=True)
    shown = await asyncio.to_thread(house.store.read, views.snapshot, board.id)
    done = shown.lane("done").total
    total = sum(lane.total for lane in shown.lanes)
    answered = counted(run.counts["question.answer"], "question")
    _say(f"{done} of {counted(total, 'bead')} merged, {answered} answered")
    return 0 if done else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _welcome(chosen: Settings) -> int:
    """Show what is there and what is missing; then make a board here, or open the demo, or neither."""
    from halftui.tui import terminal
    from halftui.tui.welcome import DEMO, INIT, Welcome

    _require_terminal()
    first = Welcome(lambda: _doctor(chosen), chosen.theme)
    terminal.draw_in_few(first)
    if chosen.marks == "ascii":
        terminal.draw_plain(first)
    way = first.run(mouse=chosen.mouse == "on")
    if first.fault is not None:
        raise first.fault
    if way == DEMO:
        return _demo(chosen, Showing())
    return _tui(House(chosen), _init(chosen, Beginning(Path.cwd()))) if way == INIT else 0


def _doctor(chosen: Settings) -> Sequence[Check]:
    from halftui.main.doctor import checks

    return checks(House(chosen))


def _image_build(chosen: Settings, tell: Callable[[str], None]) -> Sequence[str]:
    from halftui.sandbox import image

    host = chosen.docker_host or None
    wanted = dict.fromkeys(["", *(board.recipe for board in _boards(chosen))])  # the usual one first
    for recipe in wanted:
        if not image.is_built(host, recipe):
            for line in image.build(host, recipe=recipe):
                tell(line)
    return [image.tag(recipe) for recipe in wanted]


def _image_list(chosen: Settings) -> Sequence[ImageRow]:
    from halftui.sandbox import image

    boards = [(board.name, image.tag(board.recipe)) for board in _boards(chosen)]
    return [
        ImageRow(
            found.name, found.digest, found.size_mb, found.created_at,
            tuple(name for name, wanted in boards if wanted == found.name),
        )
        for found in image.listed(chosen.docker_host or None)
    ]  # fmt: skip


def _boards(chosen: Settings) -> Sequence[BoardRow]:
    """Return all boards; none where there is no database yet."""
    house = House(chosen)
    return house.service.read(views.boards) if house.store.revision() else ()
