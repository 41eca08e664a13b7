"""What agents are told of the network."""

from dataclasses import replace
from pathlib import Path

import pytest

from halftui.engine import brief
from halftui.ops import beads, boards, views
from halftui.ops.attempts import Claim
from tests.helpers.boards import scene


@pytest.mark.parametrize("is_review", [False, True])
async def test_agents_know_which_hosts_they_reach(tmp_path: Path, *, is_review: bool) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("One")
        claim = Claim(
            "a@1", 1, bead, at.board.id, "Toast", "a", "shell", "s", False, None, is_review=is_review
        )

        def told(*, is_confined: bool = True) -> str:
            seen = at.house.service.read(views.bead, bead)
            words = brief.write(claim, at.board, seen, is_free=True, max_turns=1, is_confined=is_confined)
            return words.system

        assert "You reach no network" in told()
        assert "network" not in told(is_confined=False)
        hosts = "packages.example.org,files.example.org:8443"
        at.house.service.write(boards.edit, at.board.id, egress=hosts)
        assert "names: packages.example.org, files.example.org:8443." in told()
        at.house.service.write(beads.edit, bead, egress="files.example.org:8443")
        assert "names: files.example.org:8443." in told()
        assert "packages" not in told()
        assert "WebSearch" not in told()
        at.house.service.write(beads.edit, bead, egress=None)
        at.house.service.write(boards.edit, at.board.id, egress="web-search")
        assert "You reach no network" in told()
        assert "WebSearch" not in told(), "its runtime can't"
        claim = replace(claim, runtime="claude")
        assert "WebSearch" in told()
