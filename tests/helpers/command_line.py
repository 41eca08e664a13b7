"""A composition root for tests: the command line over a real database, without engine and screens."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from halftui import logs, settings
from halftui.cli import parser
from halftui.cli.door import Beginning, Check, Door, ImageRow, Safe
from halftui.domain.actor import Actor, Role, person
from halftui.service.keyring import Keyring
from halftui.service.service import Service
from halftui.settings import Settings
from halftui.store.store import Store
from halftui.store.vault import Vault

if TYPE_CHECKING:
    from halftui.service.review import Review

WRONG = "HALFTUI_TEST_BUG"  # set, `doctor` has a bug


class PlainSafe:
    """The secrets of a test's database, in the config folder as the program has them."""

    def __init__(self, store: Store, actor: Actor) -> None:
        self._actor = actor
        self._config = settings.config_folder()
        self._keyring = Keyring(store, Vault(self._config / "key"))

    def keep_key(self, agent_id: str) -> Path:
        """Return the file of an agent's private key."""
        return self._keyring.keep(agent_id, self._config / "identity")

    def sign_history(self) -> int:
        """Sign the history."""
        return self._keyring.sign_history(self._actor, is_wanted=True)

    def house_key(self) -> str:
        """Return the history's key."""
        return self._keyring.public_of_house()

    def rotate_key(self, agent_id: str) -> str:
        """Give an agent a new key."""
        return self._keyring.rotate(self._actor, agent_id)


def door_of(actor: Actor | None = None) -> Door:
    """Return a door that opens the database which the settings name."""
    stores: dict[str, Store] = {}
    who = actor or person("ann", Role(os.environ.get("HALFTUI_TEST_ROLE", "admin")))

    def service(chosen: Settings) -> Service:
        store = stores.setdefault(chosen.database_url, Store(chosen.database_url))
        return Service(store, who, lambda board: _desk(store, board, who))

    def init(chosen: Settings, asked: Beginning) -> str:
        from halftui.ops import boards

        opened = service(chosen)
        stores[chosen.database_url].prepare()
        name, branch = asked.name or asked.folder.name, asked.branch or "main"
        return opened.write(boards.create, name, str(asked.folder), branch, **asked.settings)

    def safe(chosen: Settings) -> Safe:
        opened = service(chosen)
        return PlainSafe(stores[chosen.database_url], opened.actor)

    return Door(
        settings_of=settings.load,
        service=service,
        safe=safe,
        seal=lambda _settings, ident, secret: f"sealed {len(secret)} for {ident}",
        init=init,
        tui=lambda _settings, board: _opened(f"the screen opens{board and f' on {board}'}"),
        demo=lambda _settings, _showing: _opened("the demo opens"),
        doctor=_doctor,
        image_build=_build,
        image_list=lambda _settings: [ImageRow("halftui-agent:1", "sha256:00", 300, 0.0)],
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


def _build(_settings: Settings, tell: Callable[[str], None]) -> str:
    tell("step \x1b]0;1\x07 of 1")
    return "halftui-agent:1"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
