"""What `halftui doctor` and the first screen look at: can work be done here, and what is missing."""

import os
import shlex
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from halftui.cli.door import Check
from halftui.domain.address import host_of, scope_of
from halftui.domain.shown import BoardRow
from halftui.domain.text import counted
from halftui.engine import disk
from halftui.errors import HalfTUIError, Misconfigured, Refused
from halftui.main.house import House
from halftui.ops import chain, views
from halftui.service.keyring import ACCEPT
from halftui.store import ground


def checks(house: House, folder: Path | None = None) -> list[Check]:
    """Return every finding, each with its remedy."""
    boards = _boards(house)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("git", _git),
        ("repository", lambda: _repository(folder)),
        ("database", lambda: _database(house)),
        ("disk", lambda: _disk(house)),
        ("sandbox", lambda: _sandbox(house)),
        *(("account", partial(_account, house, runtime)) for runtime in _paying(boards)),
        ("keys", lambda: house.vault.place),
        ("privacy", lambda: _privacy(house)),
    )
    if boards:
        looks = (*looks, ("history", partial(_history, house)))
    for runtime in sorted({board.runtime for board in boards} & {"codex", "gemini"}):
        looks = (*looks, (runtime, partial(_installed, house, runtime)))
    for place in _places(boards):
        looks = (*looks, ("server", partial(_server, house, *place)))
    return [_check(name, look) for name, look in looks]


def _boards(house: House) -> tuple[BoardRow, ...]:
    """Return all boards; none if there is no database to ask, which is told elsewhere."""
    try:
        if not house.store.revision():
            return ()
        house.store.prepare()
        return house.store.read(views.boards)
    except HalfTUIError:
        return ()


def _places(boards: Sequence[BoardRow]) -> list[tuple[str, str]]:
    """Return an address at each https server that boards have to do with, with its branch."""
    found = [place for b in boards for place in ((b.repository, b.branch), (b.collab, b.collab_branch))]
    return list({scope: place for place in found if (scope := scope_of(place[0]))}.values())


def _server(house: House, place: str, branch: str) -> str:
    house.locate(place, branch, is_forced=True)
    return f"{host_of(scope_of(place))} lets git in"


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, is_ok=True, says=look())
    except HalfTUIError as error:
        return Check(name, is_ok=False, says=error.message, remedy=error.hint)


def _git() -> str:
    from halftui.workspace.git import check_version

    check_version()
    return "new enough"


def _repository(folder: Path | None) -> str:
    from halftui.workspace.origin import locate

    try:
        origin = locate(folder or Path.cwd())
    except FileNotFoundError as error:  # removed while somebody stands in it
        raise Misconfigured("the current folder is gone", "go to a folder that is there") from error
    return f"{origin.place}, work goes to {origin.branch}"


def _database(house: House) -> str:
    if not house.store.revision():
        raise Misconfigured(f"there is none yet at {house.store.shown_url}", "run: halftui init")
    house.store.prepare()
    return f"{house.store.shown_url}, {counted(len(house.store.read(views.boards)), 'board')}"


def _history(house: House) -> str:
    """Look whether the history is the one that this home remembers; it is not looked at as a whole."""
    known = house.memory.recall()
    if fault := house.store.read(chain.another, known):
        raise Refused(f"event {fault.seq}: {fault.what}", ACCEPT)
    if not known:
        return "nothing is remembered here yet; an open board, or halftui audit verify, does"
    return f"the one that this home remembers, up to event {max(place.seq for place in known)}"


def _disk(house: House) -> str:
    """Look where the home is, or will be."""
    place = next(folder for folder in (house.home, *house.home.parents) if os.access(folder, os.F_OK))
    disk.require(place, house.settings.disk_floor_mb)
    return f"{shutil.disk_usage(place).free // 2**20:,} MB are free"


def _privacy(house: House) -> str:
    files = [house.home, *sorted(house.home.glob("halftui.log*"))]
    if house.store.path is not None:
        file = house.store.path
        files += [file.with_name(f"{file.name}{end}") for end in ground.BESIDE]
        files += sorted(file.parent.glob(f"{file.name}.before-restore-*"))
    if found := ground.open_files(files):
        named = ", ".join(file.name for file in found[:3]) + (", …" if len(found) > 3 else "")
        raise Misconfigured(
            f"others may read {named} of {house.home}", f"chmod go-rwx {shlex.join(map(str, found))}"
        )
    return "the database and the log are for their owner alone"


def _sandbox(house: House) -> str:
    choice = house.choice(house.settings.sandbox or "auto")
    if choice.sandbox.kind == "docker":
        house.require_image()
    return choice.reason


def _paying(boards: Sequence[BoardRow]) -> list[str]:
    """Return the runtimes of boards that speak with a provider; before there is a board, the usual one."""
    from halftui.ops import accounts

    wanted = {board.runtime for board in boards} if boards else {"claude"}
    return sorted(wanted & set(accounts.NEEDS_ACCOUNT))


def _account(house: House, runtime: str) -> str:
    from halftui.engine.gate import Credentials
    from halftui.ops import accounts

    stored = house.store.read(accounts.choose, runtime) if house.store.revision() else None
    found = Credentials(house.store, house.vault, house.env).find(stored, runtime)
    return f"{'a stored subscription' if stored else 'from the environment'} for {runtime} ({found.kind})"


def _installed(house: House, runtime: str) -> str:
    from halftui.engine.gate import Credentials
    from halftui.ops import accounts
    from halftui.runtime import codex, gemini

    {"codex": codex, "gemini": gemini}[runtime].find(house.settings.programs_folder)
    stored = house.store.read(accounts.choose, runtime)
    Credentials(house.store, house.vault, house.env).find(stored, runtime)
    return f"installed, with {'a stored key' if stored else 'the key of the environment'}"
