"""Serves the boards over SSH, with the engine behind them if no other process runs one."""

from __future__ import annotations

import asyncio
import io
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from halftui.cli import guests
from halftui.cli.console import Console
from halftui.cli.door import Door
from halftui.domain.shown import BoardRow
from halftui.engine.lock import sole_engine
from halftui.errors import Denied
from halftui.main import visits
from halftui.main.show import NOTICE_SECONDS, VIEWER, notice
from halftui.ops import entrance, views
from halftui.service import reaching
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.ssh import status
from halftui.ssh.hosting import Hosting, Streams, Wish
from halftui.ssh.server import Server

if TYPE_CHECKING:
    from halftui.engine.engine import Engine
    from halftui.main.house import House
    from halftui.workspace.repository import Repository

Tell = Callable[[str], None]


async def serve(house: House, tell: Tell) -> int:
    """Serve until a signal; guests are told, agents are stopped with their work kept."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    server = Server(hosting(house))
    with sole_engine(house.home) as is_mine:
        engine = await asyncio.to_thread(house.engine, house.service) if is_mine else None
        port, fingerprint = await server.open(house.settings.serve_host, house.settings.serve_port)
        for line in await asyncio.to_thread(_greeting, house, port, fingerprint, is_mine=is_mine):
            tell(line)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.run())
            working = group.create_task(engine.run()) if engine is not None else None
            beside = [group.create_task(_note(server, engine)), group.create_task(status.write(server, port))]
            if house.settings.metrics_port:
                beside.append(group.create_task(status.expose(server, house.settings.metrics_port)))
            await over.wait()
            tell("closing: guests are told, agents' work is kept")
            server.stop()
            await serving
            for task in beside:
                task.cancel()
            if engine is not None and working is not None:
                engine.stop()
                await working
    return 0


def hosting(house: House) -> Hosting:
    """Return what a server of this house serves."""

    def door(service: Service, streams: Streams, wish: Wish) -> Door:
        return guest_door(house, service, streams, wish)

    def console(service: Service, board: str) -> Console:
        none = Streams(io.StringIO(), io.StringIO(), io.StringIO(), None)  # each line brings its own
        return Console(guest_door(house, service, none, Wish()), service, board)

    def repository(board: BoardRow) -> Repository:
        made = house.repository(board)
        reaching.bring(made, lambda: house.origin(board), board.branch)
        return made

    return Hosting(
        store=house.store,
        service=house.service,
        service_of=house.service_of,
        door=door,
        shells=partial(visits.shells, house),
        console=console,
        repository=repository,
        folder=house.home / "ssh",
        database=house.settings.database_kind,
    )


def guest_door(house: House, service: Service, streams: Streams, wish: Wish) -> Door:
    """Return the command line's door for a guest: their own rights, and nothing of this machine."""

    def settings_of(flags: Mapping[str, object]) -> Settings:
        if flags:
            raise Denied(f"--{next(iter(flags))} is not for guests", "the server's own boards are served")
        return house.settings

    def tui(_settings: Settings, board: str) -> int:
        wish.board = board
        return 0

    def shell(_settings: Settings, bead: str, command: Sequence[str]) -> tuple[str, int]:
        wish.bead, wish.command = bead, tuple(command)
        return "", 0

    return Door(
        settings_of=settings_of,
        service=lambda _settings: service,
        sealed=lambda _settings, row, secret: house.vault.sealed(row, secret),
        init=_refused,
        tui=tui,
        demo=_refused,
        welcome=_refused,
        doctor=_refused,
        serve=_refused,
        status=_refused,
        image_build=_refused,
        image_list=_refused,
        clear=_refused,
        safe=_refused,
        locate=_refused,
        plan=_refused,
        shell=shell,
        out=streams.out,
        err=streams.err,
        input=streams.input,
        has_files=False,
        width=streams.width,
        check=guests.check,
    )


def _refused(*_: object) -> NoReturn:
    raise Denied("this is not for guests", "run it on the machine that serves this board")


def _greeting(house: House, port: int, fingerprint: str, *, is_mine: bool) -> Sequence[str]:
    boards = ", ".join(board.name for board in house.store.read(views.boards))
    host = house.settings.serve_host
    name = socket.gethostname() if host in ("", "0.0.0.0", "::") else host
    people = {row.person: row.role for row in house.store.read(entrance.keys)}
    known = ", ".join(f"{person} ({role})" for person, role in people.items())
    lines = [
        f"serving {boards or 'no board yet'}; send to a colleague:",
        f"  ssh -p {port} NAME@{name}",
        f"host key: {fingerprint} (ED25519)",
        f"who may come in: {known or 'nobody yet; halftui key add NAME --role operator < key.pub'}",
    ]
    return lines if is_mine else [*lines, VIEWER]


async def _note(server: Server, engine: Engine | None) -> None:
    """Let guests see what keeps agents from starting, or that they run unconfined."""
    while True:
        for board in tuple(server.apps):
            says = VIEWER if engine is None else await notice(server.hosting.service, board, engine)
            server.note(board, says)
        await asyncio.sleep(NOTICE_SECONDS)
