"""A real repository, a real database and a scripted model around one board."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from halftui.demo.model import ScriptedModel
from halftui.domain.shown import BoardRow, Detail
from halftui.engine.engine import Engine
from halftui.main.house import House
from halftui.ops import beads, views
from halftui.runtime.base import Runtime
from halftui.runtime.choose import make
from halftui.settings import Settings

CANARY = "sk-real-credential-canary-5f1e"
Turns = list[dict[str, Any]]


def git(folder: Path, *args: str) -> str:
    """Run git as the test's person and return what it says."""
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@localhost")
    done = subprocess.run(
        ["git", "-C", folder, *identity, *args], check=True, capture_output=True, text=True, env=env
    )
    return done.stdout.strip()


def make_repository(folder: Path) -> Path:
    """Make a repository with one commit on main."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("# Shop\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Open the shop")
    return folder


def script(*turns: dict[str, Any]) -> str:
    """Return a description that carries what the model does."""
    return f"SCRIPT:{json.dumps(list(turns))}"


def commits(name: str, text: str = "done\n") -> dict[str, Any]:
    """Return a turn that writes a file and commits it."""
    command = f"printf '%s' '{text}' > {name} && git add -A && git commit -q -m 'Add {name}'"
    return {"text": f"I add {name}.", "tool": "Bash", "input": {"command": command, "description": "commit"}}


@dataclass
class Scene:
    """A board in its house."""

    house: House
    board: BoardRow
    repository: Path
    model: ScriptedModel

    def add(self, title: str, description: str = "", **fields: Any) -> str:
        """Create a bead and return its id."""
        return self.house.service.write(beads.create, self.board.id, title, description=description, **fields)

    def see(self, bead: str) -> Detail:
        """Return everything about a bead."""
        return self.house.service.read(views.bead, bead)

    async def until(self, wish: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `wish` comes true."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(wish):  # noqa: ASYNC110 - other processes tell no event
                await asyncio.sleep(0.02)

    def working(self, **changes: Any) -> AbstractAsyncContextManager[Engine]:
        """Run the engine; at the end it is stopped as a person would stop it."""
        return self.working_with(self.runtime, **changes)

    @asynccontextmanager
    async def working_with(
        self, runtime: Callable[[str, str], Awaitable[Runtime]], **changes: Any
    ) -> AsyncIterator[Engine]:
        """Run the engine with other programs."""
        engine = self.house.engine(self.house.service, runtime=runtime, **changes)
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.run())
            try:
                yield engine
            finally:
                engine.stop()

    async def runtime(self, kind: str, credential: str) -> Runtime:
        """Return the runtime; the CLI gives up quickly when the model fails."""
        env = {"IS_SANDBOX": "1"} if os.geteuid() == 0 else {}
        return await asyncio.to_thread(lambda: make(kind, retries=1, env=env))


@asynccontextmanager
async def scene(
    folder: Path, runtime: str = "scripted", sandbox: str = "local", env: Mapping[str, str] | None = None,
    **settings: Any,
) -> AsyncIterator[Scene]:  # fmt: skip
    """Yield a board over a new repository in `folder`."""
    repository = make_repository(folder / "shop")
    async with ScriptedModel(socket=folder / "m.sock") as model:
        usual = Settings(home=str(folder / "home"), permissions="free", api_url=model.url)
        chosen = usual._replace(**settings)
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HALFTUI_USER": "ann",
            "HALFTUI_CONFIG": str(folder / "config"),
            "ANTHROPIC_API_KEY": CANARY,
        }
        house = House(chosen, given | dict(env or {}))
        board = house.init(repository, runtime=runtime, sandbox=sandbox)
        try:
            yield Scene(house, board, repository, model)
        finally:
            house.store.close()
