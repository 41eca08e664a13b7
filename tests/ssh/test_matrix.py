"""Every role at every command over SSH: what it may do works as elsewhere, and all else is refused.

One connection for each name carries all of its commands; before each, the stage is as it was.
"""

import asyncio
import shlex
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from halftui.domain.actor import Role
from halftui.errors import Denied
from halftui.main.house import House
from halftui.ops import views
from halftui.settings import Settings
from tests.cli.stage import Stage, case, refusal, stage, template
from tests.helpers.commands import EXAMPLES
from tests.helpers.desk import PlainDesk
from tests.helpers.elm import let_elm_lead
from tests.helpers.ssh import Host, Ran, hosted, is_refused

__all__ = ["stage", "template"]


class Snapshot:
    """The database as it was; a guest's command changes it for a moment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(file)) as now:
            now.backup(self._copy)

    def restore(self) -> None:
        """Put everything back."""
        with closing(sqlite3.connect(self._file)) as now:
            self._copy.backup(now)

    def is_kept(self) -> bool:
        """Return whether nothing was written."""
        asked = "SELECT count(*), max(seq) FROM event"
        with closing(sqlite3.connect(self._file)) as now:
            return bool(now.execute(asked).fetchone() == self._copy.execute(asked).fetchone())


@pytest.fixture
def sockets() -> Iterator[Path]:
    """Return a folder with a path short enough for ssh's sockets."""
    with tempfile.TemporaryDirectory(prefix="m") as folder:
        yield Path(folder)


@asynccontextmanager
async def _line(host: Host, name: str, sockets: Path) -> AsyncIterator[list[str]]:
    """Hold one connection open for somebody; yield the options with which commands go over it."""
    options = ["-o", "ControlMaster=auto", "-o", f"ControlPath={sockets}/s", "-o", "ControlPersist=60"]
    try:
        yield options
    finally:
        await host.run(name, options=[*options, "-O", "exit"])


@case
async def test_the_matrix(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sockets: Path, role: Role, *, leads: bool
) -> None:
    if role is Role.GUEST:
        return  # who gives a code and nothing else: see the invites
    monkeypatch.setattr(House, "review", lambda self, board, actor=None: PlainDesk(self.store, board, actor))
    house = House(Settings(home=str(stage.folder / "home"), sandbox="local"))
    wrong: list[str] = []
    async with hosted(house, house.store.read(views.board, "shop"), tmp_path) as host:
        name = host.play(role)
        if leads and role is Role.LEADER:
            host.house.service.write(let_elm_lead)
        before = Snapshot(stage.folder / "home" / "halftui.db")
        async with _line(host, name, sockets) as options:
            for path, example in EXAMPLES.items():
                words = stage.words(example)
                given = example.stdin.encode()
                ran = await host.run(name, *map(shlex.quote, words), stdin=given, options=options)
                wanted = _wanted(role, path, leads=leads)
                if not _is_as(ran, wanted, example.code) or (wanted and not before.is_kept()):
                    wrong.append(f"{path}: {wanted or example.code}, but {ran}")
                if example.verbs and not wanted:
                    await asyncio.to_thread(before.restore)
    assert wrong == []


def _wanted(role: Role, path: str, *, leads: bool) -> str:
    """Return what a refusal says, "" if there is none."""
    if is_refused(path.split()):
        return f"error: {path} is not for guests"
    return refusal(role, EXAMPLES[path], leads=leads)


def _is_as(ran: Ran, wanted: str, code: int) -> bool:
    if wanted:
        return (ran.code, ran.out) == (Denied.exit_code, "") and ran.err.startswith(wanted)
    return ran.code == code and "Traceback" not in ran.err
