"""The demo's board served by `halftui serve` in a process of its own, for guests in real terminals."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from halftui.demo.stage import NAME, Stage, open_stage
from halftui.domain.shown import BoardRow
from halftui.main.house import House
from halftui.ops import people
from halftui.settings import Settings
from tests.helpers import tmux
from tests.helpers.people import make_key
from tests.helpers.ssh import client
from tests.helpers.tmux import ROOT, Terminal


@dataclass
class Served:
    """The board, and the program that serves it."""

    house: House
    board: BoardRow
    stage: Stage
    folder: Path  # of the guests' keys
    port: int = 0
    process: "subprocess.Popen[str] | None" = None
    keys: dict[str, Path] = field(default_factory=dict)

    def admit(self, name: str, role: str) -> None:
        """Let somebody in with a key of their own."""
        self.keys[name] = self.folder / name
        self.house.service.write(people.add, name, make_key(self.keys[name]), role)

    def start(self) -> None:
        """Serve, on the same port as the last time; returns when guests may come."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "halftui", "serve", "--host", "127.0.0.1", "--port", str(self.port)],
            env=_env(self.stage), cwd=self.stage.repository, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        said = ""
        while "who may come in" not in said:
            said += (line := self.process.stdout.readline())
            assert line, f"it ended: {said}"
        found = re.search(r"ssh -p (\d+) NAME@127\.0\.0\.1\n", said)
        assert found is not None, said
        self.port = int(found[1])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the program by a signal and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    @contextmanager
    def terminal(self, name: str, size: tuple[int, int]) -> Iterator[Terminal]:
        """Yield a terminal of tmux in which somebody connects by the real client."""
        place = self.folder / f"{name}-terminal"
        place.mkdir(exist_ok=True)
        argv = client(self.port, name, self.keys[name], self.folder / "known")
        with tmux.terminal(place, argv, size, env={"TERM": "tmux-256color"}) as seen:
            yield seen


@asynccontextmanager
async def served_demo() -> AsyncIterator[Served]:
    """Yield the demo's board, not yet served; afterwards nothing of it runs or is left."""
    async with open_stage() as stage:
        settings = Settings(home=str(stage.home), sandbox="local", names="kitchen")
        house = House(settings, stage.env)
        board = house.init(stage.repository, NAME, runtime="claude", sandbox="local")
        stage.fill(house.service, board.id)
        (guests := stage.folder / "guests").mkdir()
        made = Served(house, board, stage, guests)
        try:
            yield made
        finally:
            if made.process is not None:
                made.stop(signal.SIGKILL)
            sandbox = await house.sandbox(board)
            for left in await sandbox.find({}):
                await sandbox.remove(left.name)
            house.store.close()


def _env(stage: Stage) -> dict[str, str]:
    return {
        **stage.env, "PYTHONPATH": str(ROOT), "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HALFTUI_HOME": str(stage.home), "HALFTUI_SANDBOX": "local", "HALFTUI_PERMISSIONS": "free",
        "HALFTUI_CAP": "3", "HALFTUI_API_URL": stage.model_url, "HALFTUI_NAMES": "kitchen",
    }  # fmt: skip
