"""Gemini CLI, as npm brings it, takes a bead to the merge through the Agent Client Protocol."""

import json
from pathlib import Path

from halftui.ops import boards, transcripts
from tests.helpers import gemini
from tests.helpers.boards import scene

WRITES = "echo hi > gemini.txt && git add -A && git commit -q -m 'Add gemini.txt'"


def _own_home(folder: Path, url: str) -> str:
    """Make a person's home with their login to Gemini, and return a command line that uses it."""
    (folder / ".gemini").mkdir(parents=True)
    chosen = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    (folder / ".gemini/settings.json").write_text(json.dumps(chosen))
    (folder / ".gemini/.env").write_text(f"GEMINI_API_KEY={gemini.KEY}\nGOOGLE_GEMINI_BASE_URL={url}\n")
    return f"HOME={folder} {gemini.program()} --acp --skip-trust"


async def test_gemini_cli_completes_a_bead(tmp_path: Path) -> None:
    parts = (
        gemini.uses("mcp_board_read_bead"),
        gemini.uses("run_shell_command", command=WRITES, description="write"),
        gemini.uses("mcp_board_submit", summary="gemini.txt is there", evidence="I looked"),
        {"text": "All is done."},
    )
    async with gemini.stand_in(*parts) as model, scene(tmp_path, "acp") as at:
        at.house.service.write(boards.edit, at.board.id, command=_own_home(tmp_path / "ann", model.url))
        bead = at.add("Add a file")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        seen = at.see(bead)
        told = at.house.service.read(transcripts.read, seen.attempts[0].id).entries
        assert [text for _, _, kind, text in told if kind == "tool"] == [
            "read_bead (board MCP Server)", WRITES, "submit (board MCP Server)",
        ]  # fmt: skip
        assert seen.attempts[0].turns == 1
        assert seen.summary == "gemini.txt is there\n\nEvidence:\nI looked"
        assert model.keys == {gemini.KEY}
        at.house.review(at.board.id).accept(bead)
        assert (at.repository / "gemini.txt").read_text() == "hi\n"
