"""An agent that asks holds nothing up: neither the board's end, nor the end of its own program."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from halftui.engine.naming import HOME_LABEL, home_label
from halftui.ops import boards, views
from tests.helpers import bare_agent
from tests.helpers.boards import Scene, commits, git, scene, script

ASKS = {"tool": "ask", "input": {"question": "Which colour?", "options": ["red", "blue"]}}
PATIENCE = 60.0  # seconds; a hang would last until somebody answers


@asynccontextmanager
async def _asking(folder: Path, runtime: str) -> AsyncIterator[tuple[Scene, str]]:
    """Yield a board and a bead whose agent waits for an answer; the board stops at the end, in time."""
    async with scene(folder, runtime, "local") as at:
        shutil.copy(bare_agent.__file__, at.repository / "agent.py")
        git(at.repository, "add", "-A")
        git(at.repository, "commit", "-q", "-m", "Bring the agent")
        at.house.service.write(boards.edit, at.board.id, command="python3 agent.py")
        bead = at.add("Paint it", script(commits("early.txt"), ASKS, commits("late.txt")))
        async with asyncio.timeout(PATIENCE), at.working():
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)))
            yield at, bead


@pytest.mark.parametrize("runtime", ["scripted", "claude", "acp"])
async def test_the_board_can_end(tmp_path: Path, runtime: str) -> None:
    async with _asking(tmp_path, runtime) as (at, bead):
        pass
    seen = at.see(bead)
    assert (seen.card.state, seen.attempts[-1].state, seen.attempts[-1].outcome) == ("open", "ended", "lost")
    assert runtime == "acp" or seen.card.files == 1


@pytest.mark.parametrize("runtime", ["scripted", "claude", "acp"])
async def test_its_program_can_end(tmp_path: Path, runtime: str) -> None:
    async with _asking(tmp_path, runtime) as (at, bead):
        sandbox = await at.house.sandbox(at.board)
        (found,) = await sandbox.find({HOME_LABEL: home_label(at.house.home)})
        await (await sandbox.adopt(found.name)).stop(0.1)
        first = f"{bead}@1"  # the next may begin at once, and asks again
        await at.until(lambda: _ends(at, bead)[first][0] == "ended")
        assert _ends(at, bead)[first][1] in ("failed", "lost")
        assert first not in [ask.attempt for ask in at.house.service.read(views.asks, at.board.id)]


def _ends(at: Scene, bead: str) -> dict[str, tuple[str, str]]:
    """Return how the attempts at a bead stand, by their ids."""
    return {one.id: (one.state, one.outcome) for one in at.see(bead).attempts}
