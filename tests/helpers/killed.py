"""A board in a process of its own, that can be killed at a place or at any time."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from halftui.failpoints import VARIABLE
from halftui.main.house import House
from halftui.settings import Settings
from tests.helpers.boards import Scene

KILLED = -signal.SIGKILL


@asynccontextmanager
async def board(at: Scene, plan: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the scene's engine in another process, with failpoints; afterwards it is killed."""
    settings = at.house.settings._asdict() | {"origins": {}}
    env = {**os.environ, VARIABLE: plan}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.helpers.killed", json.dumps([settings, dict(at.house.env)]), env=env
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(settings: Mapping[str, object], env: Mapping[str, str]) -> None:
    """Run an engine until SIGTERM asks it to stop."""
    house = House(Settings(**settings), env)  # type: ignore[arg-type]  # from JSON
    engine = house.engine(house.service)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, engine.stop)
    await engine.run()


if __name__ == "__main__":
    asyncio.run(run(*json.loads(sys.argv[1])))
