"""A disk that is nearly full: agents are stopped, nothing starts, and all goes on when there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from halftui.engine import disk
from halftui.errors import Unavailable
from tests.helpers.boards import Scene, commits, scene, script

FILLS = "dd if=/dev/zero of=big bs=1M count=150 status=none; sleep 60"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of 256 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def _notice(at: Scene) -> str:
    sql = "SELECT notice FROM board WHERE id = :b"
    return str(at.house.store.read(lambda r: r.rows(sql, b=at.board.id))[0][0])


async def test_agents_stop_before_the_disk_is_full(small: Path) -> None:
    async with scene(small, runtime="claude", disk_floor_mb=150) as at:
        full = {"tool": "Bash", "input": {"command": FILLS, "description": "fill"}}
        bead = at.add("Fill the disk", script(full, commits("a.txt"), {"text": "Done."}))
        async with at.working():
            await at.until(lambda: [a.outcome for a in at.see(bead).attempts][:1] == ["lost"], 40)
            [tried] = at.see(bead).attempts
            assert "MB are free, 150 have to be" in tried.reason
            await at.until(lambda: "150 have to be" in _notice(at), 20)
            assert len(at.see(bead).attempts) == 1, "nothing starts below the floor"
            (small / f"home/beads/{bead}/work/big").unlink()
            await at.until(lambda: at.see(bead).card.state == "review", 60)
            assert _notice(at) == ""
        assert [a.outcome for a in at.see(bead).attempts] == ["passed", "lost"]


def test_the_remedy_is_named(tmp_path: Path) -> None:
    disk.require(tmp_path / "gone", 0)
    with pytest.raises(Unavailable) as caught:
        disk.require(tmp_path, 10**9)
    assert "disk_floor_mb" in caught.value.hint


def test_a_folder_that_is_gone_ends_no_engine(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="can't be looked at"):
        disk.require(tmp_path / "gone", 1)
