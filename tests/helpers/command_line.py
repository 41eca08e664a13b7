"""A composition root for tests: the command line over a real database, without engine and screens."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halftui import logs, settings
from halftui.cli import parser
from halftui.cli.door import Beginning, Check, Cleared, Door, ImageRow, Planned, Safe
from halftui.domain.actor import PEOPLE, Actor, Role, agent, person
from halftui.main.doors import locate
from halftui.main.house import House
from halftui.main.safe import HouseSafe
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.store.store import Store

if TYPE_CHECKING:
    from halftui.service.review import Review

WRONG = "HALFTUI_TEST_BUG"  # set, `doctor` has a bug


def actor_of(role: Role) -> Actor:
    """Return somebody of a role: the person ann, or an agent that works on nothing."""
    return person("ann", role) if role in PEOPLE else agent("elm", role)


def _safe(chosen: Settings, actor: Actor) -> Safe:
    """Return the program's own safe, opened by the test's actor."""
    house = House(chosen)
    house.__dict__["actor"] = actor  # a cached property: what would be found out from the environment
    return HouseSafe(house)


def door_of(actor: Actor | None = None) -> Door:
    """Return a door that opens the database which the settings name."""
    stores: dict[str, Store] = {}
    who = actor or actor_of(Role(os.environ.get("HALFTUI_TEST_ROLE", "admin")))

    def service(chosen: Settings) -> Service:
        store = stores.setdefault(chosen.database_url, Store(chosen.database_url))
        return Service(store, who, lambda board: _desk(store, board, who))

    def init(chosen: Settings, asked: Beginning) -> str:
        from halftui.ops import boards

        opened = service(chosen)
        stores[chosen.database_url].prepare()
        name, branch = asked.name or Path(asked.place).name, asked.branch or "main"
        return opened.write(boards.create, name, str(asked.place), branch, **asked.settings)

    return Door(
        settings_of=settings.load,
        service=service,
        plan=lambda _settings, _board, goal, _tell: Planned(goal, service(settings.load())),
        safe=lambda chosen: _safe(chosen, who),
        locate=locate,
        sealed=lambda chosen, ident, secret: House(chosen).vault.sealed(ident, secret),
        init=init,
        tui=lambda _settings, board: _opened(f"the screen opens{board and f' on {board}'}"),
        welcome=lambda _settings: _opened("the first screen opens"),
        demo=lambda _settings, _showing: _opened("the demo opens"),
        doctor=_doctor,
        serve=lambda _settings, _tell: _opened("the server runs"),
        status=lambda _settings: {"guests": 0},
        image_build=_build,
        image_list=lambda _settings: [ImageRow("halftui-agent:1", "sha256:00", 300, 0.0, ("shop",))],
        shell=lambda _settings, bead, _command: (f"a shell opens in {bead}", 0),
        clear=lambda _settings, _days, _dry: [Cleared("clone", "hf-1", 1.5, "goes")],
    )


def main(argv: Sequence[str]) -> int:
    """Run a command line as the program does, with its edge for bugs."""
    door = door_of()
    log = ""
    try:
        chosen = settings.load()
        log = str(logs.start(chosen.home_folder, chosen.log_level) or "")
        return parser.run(door, argv)
    except Exception as error:  # noqa: BLE001 - stands for the edge of main
        return parser.report_bug(door, error, log)


def _desk(store: Store, board: str, who: Actor) -> "Review":
    from tests.helpers.desk import PlainDesk

    return PlainDesk(store, board, who)


def _opened(text: str) -> int:
    sys.stdout.write(text + "\n")
    return 0


def _doctor(_settings: Settings) -> list[Check]:
    if os.environ.get(WRONG):
        raise ZeroDivisionError("a secret place in the code")
    return [Check("git", is_ok=True, says="2.39"), Check("docker", is_ok=False, says="not there", remedy="x")]


def _build(_settings: Settings, tell: Callable[[str], None]) -> Sequence[str]:
    tell("step \x1b]0;1\x07 of 1")
    return ["halftui-agent:1"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
