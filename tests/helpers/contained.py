"""A bead whose agent stands still in a real container, for those who go in to it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.domain.shown import BoardRow
from halftui.engine.lock import sole_engine
from halftui.main.house import House
from halftui.ops import attempts, beads, views
from halftui.ops.attempts import Claim
from halftui.sandbox.base import Places, Process, Spec
from halftui.sandbox.docker import DockerSandbox, engine, socket_of
from halftui.settings import Settings
from tests.helpers.boards import make_repository

LEASE = 86_400.0
# Ends when it is told anything.
PROGRAM = ["/bin/sh", "-c", "while read -r line; do exit 0; done"]


@dataclass
class Still:
    """A board with one bead at work, and the container of its agent."""

    house: House
    board: BoardRow
    bead: str
    claim: Claim
    sandbox: DockerSandbox
    process: Process
    env: dict[str, str]  # of another process of this house

    @property
    def shop(self) -> Path:
        """The repository."""
        return Path(self.board.repository)

    async def end(self) -> None:
        """End its attempt, as the engine does."""
        await self.sandbox.remove(self.process.name)
        self.house.store.write(
            ENGINE, attempts.end, self.claim.attempt, self.claim.epoch, Outcome.PASSED, "", "done"
        )

    def told(self) -> list[tuple[str, str]]:
        """Return who went in and out, and what the history says of it."""
        found = self.house.store.read(views.events, 0, most=10_000)
        return [(e.actor, str(e.after["reason"])) for e in found if e.verb == "bead.shell"]

    def processes(self) -> str:
        """Return the command lines of what runs in the container."""
        with engine(socket_of(self.env["DOCKER_HOST"])) as api:
            return "\n".join(row[-1] for row in api.top(self.process.name)["Processes"])


@asynccontextmanager
async def standing_still(folder: Path, docker_host: str, image: str) -> AsyncIterator[Still]:
    """Yield a board whose engine is held by this process, and a bead at work in a container."""
    env = {
        "HALFTUI_USER": "owner",
        "HALFTUI_CONFIG": str(folder / "config"),
        "HALFTUI_HOME": str(folder / "home"),
        "HALFTUI_SANDBOX": "docker",
        "HOME": str(folder),
        "DOCKER_HOST": docker_host,
    }
    house = House(Settings(home=str(folder / "home"), sandbox="docker", docker_host=docker_host), env)
    board = house.init(make_repository(folder / "shop"), prefix="sh")
    bead = house.service.write(beads.create, board.id, "Stand still")
    claim = house.store.write(ENGINE, attempts.claim, board.id, LEASE, 9, ("Toast",))
    assert claim is not None
    for name in ("work", "home", "sockets"):
        (folder / "places" / name).mkdir(parents=True)
    (folder / "places/work/README.md").write_text("# Shop\n")
    here = folder / "places"
    name = f"halftui-test-still-{os.getpid()}-{os.urandom(3).hex()}"
    sandbox = DockerSandbox(image, docker_host)
    process = await sandbox.start(
        Spec(name, PROGRAM, {}, Places(here / "work", here / "home", here / "sockets"))
    )
    try:
        house.store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "docker", name)
        with sole_engine(house.home):
            yield Still(house, board, bead, claim, sandbox, process, env)
    finally:
        await sandbox.remove(name)
        house.store.close()
