"""Gemini CLI, as npm brings it, takes a bead to the merge through the Agent Client Protocol."""

import asyncio
import json
from pathlib import Path

import pytest

from halftui.ops import boards, subscriptions, transcripts
from halftui.runtime.base import Runtime
from halftui.runtime.choose import make
from tests.helpers import gemini
from tests.helpers.boards import Scene, scene

LOOKS = (
    "grep -arl 'gemini-canary-[7]c1d' /work /home /run /tmp /etc /var 2>/dev/null | wc -l;"
    " cat /proc/[0-9]*/environ 2>/dev/null | grep -ac 'gemini-canary-[7]c1d'; id -u"
)
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


async def _runtime(kind: str, credential: str) -> Runtime:
    return await asyncio.to_thread(lambda: make(kind, programs=gemini.programs()))


def _account(at: Scene, url: str) -> None:
    ident = at.house.store.read(subscriptions.identify, "work")
    with at.house.vault.sealed(ident, gemini.KEY) as sealed:
        at.house.service.write(subscriptions.register, "work", "google-key", sealed, ident, url)


@pytest.mark.docker
async def test_it_works_in_a_container_that_holds_no_key(
    tmp_path: Path, docker_host: str, agent_image: str
) -> None:
    parts = (
        gemini.uses("mcp_board_read_bead"),
        gemini.uses("run_shell_command", command=WRITES, description="write"),
        gemini.uses("run_shell_command", command=LOOKS, description="look"),
        {"text": "All is done."},
    )
    async with (
        gemini.stand_in(*parts) as model,
        scene(tmp_path, "gemini", "docker", docker_host=docker_host, permissions="auto") as at,
    ):
        _account(at, model.url)
        bead = at.add("Add a file")
        async with at.working_with(_runtime):
            await at.until(lambda: at.see(bead).card.state == "review", 90)
        seen = at.see(bead)
        assert (seen.card.files, seen.attempts[0].sandbox) == (1, "docker")
        assert seen.attempts[0].tokens_in == 7 * seen.attempts[0].turns >= 28, "it asks for itself, too"
        assert model.keys == {gemini.KEY}
        told = [part for turn in model.asked[-1]["contents"] for part in turn["parts"]]
        (looked,) = [p["functionResponse"]["response"] for p in told if "functionResponse" in p][-1:]
        assert "0\n0\n1000" in looked["output"]
