"""The board's tools in the hands of the real Claude CLI: the board does them, within the agent's reach."""

from pathlib import Path
from typing import Any

from halftui.ops import transcripts, views
from tests.helpers.boards import Scene, commits, scene, script


def _uses(tool: str, **given: Any) -> dict[str, Any]:
    return {"tool": f"mcp__board__{tool}", "input": given}


def _said(at: Scene, bead: str, wanted: str) -> list[str]:
    entries = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
    return [text for _, _, kind, text in entries if kind == wanted]


async def test_a_bead_is_read_parted_noted_and_handed_in(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local", cap=1) as at:
        foreign = at.add("Somebody's", hold="not now")
        bead = at.add(
            "A large one",
            script(
                _uses("read_bead"),
                _uses("note_progress", text="half way"),
                _uses("create_bead", title="The other half", description="SCRIPT:[]"),
                _uses("create_bead", title="Mine now", parent=foreign),
                _uses("link_beads", source=foreign, target=foreign),
                _uses("message", text="the tests are slow"),
                commits("half.txt"),
                _uses("attach", name="what I made", path="half.txt"),
                _uses("attach", name="passwords", path="/etc/passwd"),
                _uses("submit", summary="Half of it is there.", evidence="1 passed"),
                {"text": "Bye."},
            ),
            priority=0,
        )
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert [(one.name, one.size) for one in at.see(bead).artefacts] == [("what I made", 5)]
        assert at.house.review(at.board.id).artefact(bead, "what I made") == b"done\n"
        assert at.see(bead).summary == "Half of it is there.\n\nEvidence:\n1 passed"
        children = [(ident, kind) for ident, kind, _ in at.see(bead).frees if kind == "parent-child"]
        assert [at.see(ident).card.title for ident, _ in children] == ["The other half"]
        assert at.see(foreign).frees == ()
        assert [text for text in _said(at, bead, "error") if "is not yours" in text]
        told = [e.verb for e in at.house.service.read(views.events, 0)]
        assert (told.count("tool.use"), told.count("tool.refuse")) == (6, 3)
        assert told.count("message.send") == 1
