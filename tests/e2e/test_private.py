"""What a container holds of the token of the repository that its agent works on: nothing."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.helpers.boards import script
from tests.helpers.https import TOKEN, serve
from tests.helpers.private import private

pytestmark = pytest.mark.docker


async def test_nothing_of_it_is_there(
    tmp_path: Path, docker_host: str, agent_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = "(env; cat /proc/*/environ /proc/*/cmdline; mount) > /tmp/seen 2>&1;"
    look += " find /work /home /run /etc /var -xdev -type f -size -2000k -exec cat {} + >> /tmp/seen 2>&1;"
    look += " cp /tmp/seen seen.txt; git add -A; git commit -qm s"
    turn = {"tool": "Bash", "input": {"command": look, "description": "x"}}
    (tmp_path / "served").mkdir()
    (tmp_path / "w").mkdir()
    with serve(tmp_path / "served", tmp_path) as server:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(server.ca))
        async with private(tmp_path / "w", server, "claude", "docker", docker_host=docker_host) as at:
            bead = at.add("Look around", script(turn, {"text": "seen"}))
            async with at.working():
                await at.until(lambda: at.see(bead).card.state == "review", 120)
            tip = at.see(bead).tip
            words = ["git", "-C", str(at.house.repository(at.board).path), "show", f"{tip}:seen.txt"]
            seen = await asyncio.to_thread(subprocess.run, words, capture_output=True, check=True)
            assert b"PATH=" in seen.stdout
            assert TOKEN.encode() not in seen.stdout
            assert b"keyhole" not in seen.stdout
            assert server.heard
