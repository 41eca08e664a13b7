"""Git LFS: what the review says of a pointer, and what an agent is told."""

import asyncio
from pathlib import Path

from halftui.engine import brief
from halftui.ops import views
from halftui.ops.attempts import Claim
from tests.helpers.boards import scene, script

POINTER = f"version https://git-lfs.github.com/spec/v1\\noid sha256:{7:064x}\\nsize 7\\n"
WRITE = (
    f"printf '{POINTER}' > new.bin; echo '*.bin filter=lfs' > .gitattributes; git add -A; git commit -qm x"
)


async def test_a_pointer_is_named_and_not_shown(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        turn = {"text": "I add it.", "tool": "Bash", "input": {"command": WRITE, "description": "x"}}
        bead = at.add("Pointer", script(turn, {"text": "made"}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        desk = at.house.review(at.board.id)
        work = await asyncio.to_thread(desk.work, bead)
        assert {file.path: file.form for file in work.files} == {".gitattributes": "text", "new.bin": "lfs"}
        assert await asyncio.to_thread(desk.patch, bead, "new.bin") == []
        assert await asyncio.to_thread(desk.patch, bead, ".gitattributes")
        claim = Claim(f"{bead}@2", 2, bead, at.board.id, "Toast", "a", "shell", "s", False, None)
        seen = at.house.service.read(views.bead, bead)
        for has in (True, False):
            told = brief.write(claim, at.board, seen, is_free=True, max_turns=1, has_pointers=has)
            assert ("Git LFS" in told.system) == has
