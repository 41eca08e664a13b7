"""Draws the README's picture from the real board: `python -m tests.helpers.picture`."""

import asyncio
import re
import tempfile
from pathlib import Path

from halftui.tui.app import HalfApp
from tests.helpers.stage import busy

PLACE = Path(__file__).parents[2] / "docs" / "board.svg"
SIZE = (132, 36)


async def draw(folder: Path) -> str:
    """Return the board of a busy day as SVG that loads nothing from elsewhere."""
    stage = await asyncio.to_thread(busy, folder)
    env = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    app = HalfApp(stage.service, stage.board, clock=stage.clock, env=env)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("l")
        await pilot.pause(1.0)
        svg = app.export_screenshot(title="halftui")
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL).replace(
        "font-family: Fira Code, monospace", "font-family: 'DejaVu Sans Mono', Menlo, Consolas, monospace"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PLACE.write_text(asyncio.run(draw(Path(name))), encoding="utf-8")
