"""What an agent made lands under its own name, signed by its key, as stock git verifies."""

import asyncio
from pathlib import Path

from halftui.ops import signers
from tests.helpers.boards import commits, git, scene, script


async def test_landed_work_is_signed_by_its_agent(tmp_path: Path) -> None:
    async with scene(tmp_path, runtime="claude") as at:
        at.house.env = {**at.house.env, "HALFTUI_AGENT": ""}
        bead = at.add("Add a health endpoint", script(commits("health.txt"), {"text": "It is there."}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            merged = await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
        (agent,) = at.house.store.read(signers.identities)
        file = tmp_path / "signers"
        file.write_text(at.house.store.read(signers.allowed_signers))
        trust = ("-c", f"gpg.ssh.allowedSignersFile={file}")
        shown = git(at.repository, *trust, "log", "-1", "--format=%G? %GF %an <%ae>", "main")
        assert shown == f"G {agent.fingerprint} {agent.name} <{agent.username}@agents.localhost>"
        git(at.repository, *trust, "verify-commit", merged)
        assert at.see(bead).merged == merged == git(at.repository, "rev-parse", "main")
        sealed = at.house.store.read(signers.key_of, f"agent:{agent.id}")
        assert sealed is not None
        private = at.house.keyring.private(f"agent:{agent.id}")
        assert private not in sealed.sealed
        assert private not in (tmp_path / "home" / "halftui.db").read_bytes().decode("latin-1")
