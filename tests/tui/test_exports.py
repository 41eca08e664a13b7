"""Real exports as boards: whole rows at every size, true counts, and every lane can be walked.

HALFTUI_EXPORTS names the folder that holds NAME.jsonl and NAME.ready.json.
"""

import json
import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from halftui.tui.app import HalfApp
from tests.helpers.gallery import NOW, SIZES, imported
from tests.tui.player import PLAIN, Player

FOLDER = os.environ.get("HALFTUI_EXPORTS", "")
FILES = sorted(Path(FOLDER).glob("*.jsonl")) if FOLDER else []
LANES = ("blocked", "ready", "working", "review", "done")


def test_the_real_exports_are_there() -> None:
    if not FOLDER:
        pytest.skip("NO REAL EXPORT IS LOOKED AT: set HALFTUI_EXPORTS to the folder that holds them")
    assert FILES, f"{FOLDER} holds no export"


def _whole(player: Player, size: tuple[int, int]) -> None:
    assert {cell_len(line) for line in player.lines} == {size[0]}
    assert len(player.lines) == size[1]


@pytest.mark.parametrize("size", [(40, 12), *SIZES], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_real_board_can_be_walked(file: Path, size: tuple[int, int], tmp_path: Path) -> None:
    known = json.loads(file.with_suffix(".ready.json").read_text(encoding="utf-8"))["file"]
    with imported(file, tmp_path) as (service, board):
        app = HalfApp(service, board, clock=lambda: NOW, env=PLAIN)
        async with app.run_test(size=size) as pilot:
            player = Player(app, pilot)
            await player.rest()
            for lane in LANES:
                player.board.lanes.go(lane)
                for key in ("G", "k", "g", "j", "ctrl+d"):
                    await player.press(key)
                    _whole(player, size)
            assert player.board.lanes.by_name["ready"].total == len(known["ready_by_priority"])
            assert player.board.lanes.by_name["blocked"].total >= len(known["blocked"])
            player.board.lanes.go("ready")
            for keys in (["enter"], ["right_square_bracket"], ["right_square_bracket"], ["escape"], ["e"]):
                await player.press(*keys)
                await pilot.pause(0.1)
                _whole(player, size)
