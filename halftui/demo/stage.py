"""A private stage for the demo: a temporary repository, database and model, with nothing left behind."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from halftui.demo import story
from halftui.demo.model import ScriptedModel
from halftui.ops import beads, convoys
from halftui.sandbox.local import LocalSandbox
from halftui.service.service import Service

NAME = "pantry"
PREFIX = "halftui-demo-"
CREDENTIAL = "demo-credential-of-no-account"


@dataclass(frozen=True)
class Stage:
    """Where the demo plays."""

    folder: Path
    model_url: str

    @property
    def home(self) -> Path:
        """The demo's own home folder."""
        return self.folder / "home"

    @property
    def repository(self) -> Path:
        """The demo's own repository."""
        return self.folder / NAME

    @property
    def env(self) -> Mapping[str, str]:
        """The surroundings: nothing of the person's accounts or settings gets in."""
        kept = {k: v for k, v in os.environ.items() if k in ("HOME", "USER", "LOGNAME", "LANG", "PATH")}
        return kept | {"ANTHROPIC_API_KEY": CREDENTIAL, "HALFTUI_CONFIG": str(self.folder / "config")}

    def fill(self, service: Service, board: str) -> None:
        """Put the demo's beads and its convoy on a board. Blocks."""
        made: dict[str, str] = {}
        for scene in story.SCENES:
            made[scene.key] = service.write(
                beads.create,
                board,
                scene.title,
                after_beads=[made[key] for key in scene.after],
                description=scene.description,
                acceptance=scene.acceptance,
                priority=scene.priority,
                labels=list(scene.labels),
                hold="the stage is being set",
            )
        for name in dict.fromkeys(s.convoy for s in story.SCENES if s.convoy):
            members = [made[s.key] for s in story.SCENES if s.convoy == name]
            service.write(convoys.start, service.write(convoys.create, board, name, members))
        for bead in made.values():
            service.write(beads.hold, bead, "")


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Yield a stage; afterwards its folder is gone, and so is that of any demo that was killed."""
    for folder in await asyncio.to_thread(_stale, Path(tempfile.gettempdir())):
        await _clear(folder)
    prefix = f"{PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        await asyncio.to_thread(_make_repository, folder / NAME)
        async with ScriptedModel(story.script_for, socket=folder / "model.sock") as model:
            yield Stage(folder, model.url)


def _stale(temporary: Path) -> list[Path]:
    """Return the folders of demos of this person whose process is gone."""
    return [
        folder
        for folder in temporary.glob(f"{PREFIX}*")
        if (pid := folder.name.removeprefix(PREFIX).partition("-")[0]).isdecimal()
        and not Path(f"/proc/{pid}").exists()
        and folder.lstat().st_uid == os.getuid()
    ]


async def _clear(folder: Path) -> None:
    sandbox = LocalSandbox(folder / "home")
    for left in await sandbox.find({}):
        await sandbox.remove(left.name)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def can_run(program: Path) -> bool:
    """Return True if the Claude CLI starts on this machine. Blocks for a second."""
    try:
        asked = subprocess.run(
            [program, "--version"], capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _make_repository(folder: Path) -> None:
    for path, text in story.FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=Pantry", "-c", "user.email=pantry@localhost", "-c", "commit.gpgSign=false")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for command in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        (*identity, "commit", "-q", "-m", "Open the shop"),
    ):
        subprocess.run(["git", "-C", folder, *command], check=True, capture_output=True, env=env)
