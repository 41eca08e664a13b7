"""Hostile repositories of plans and results, and hostile clones of them: nothing of theirs runs here."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from halftui.engine import clones
from halftui.ops import collab, views
from halftui.workspace.blobs import read_blobs
from halftui.workspace.tree import Tree, read_plain
from tests.engine.test_collab import GOOD, leaves
from tests.helpers.boards import commits, scene, script
from tests.workspace.hazards import SHARED
from tests.workspace.scene import World, commit, git

HARMFUL = (  # that one repository can have all at once
    "smudge", "merge driver", "diff driver", "hooks", "fsmonitor", "ssh", "pack objects", "alternate refs",
    "odd branches", "rewritten addresses", "programs",
)  # fmt: skip


def _does(command: str) -> dict[str, Any]:
    return {"text": "I do it.", "tool": "Bash", "input": {"command": command, "description": "x"}}


async def test_a_hostile_origin_of_plans(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    for name in HARMFUL:
        SHARED[name](world, world.project)
    async with scene(tmp_path) as at:
        at.house.service.write(collab.pair, at.board.id, str(world.project), "main")
        bead = at.add("Note", script(commits("note.txt"), leaves(GOOD), {"text": "made"}))
        world.has_run  # noqa: B018  what stock git ran while the hazards were laid does not count
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
            await at.until(lambda: at.see(bead).collab_merged != "")
        assert not world.has_run
        assert f"results/{bead}.json" in git(world.project, "ls-tree", "-r", "--name-only", "main")


async def test_a_hostile_clone_of_plans(tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    async with scene(tmp_path) as at:
        at.house.service.write(collab.pair, at.board.id, str(world.project), "main")
        # The agent's own git may run the canary in its sandbox, the host's must not: it is armed at the end.
        arm = _does(
            f"cd ../collab && for h in post-checkout post-merge pre-commit reference-transaction; do printf "
            f"'#!/bin/sh\\n[ -e {tmp_path}/armed ] && touch {world.canaries}/ran\\n' > .git/hooks/$h;"
            f" chmod +x .git/hooks/$h; done; git config core.fsmonitor {world.canary};"
            f" git config uploadpack.packObjectsHook {world.canary};"
            f" git config core.sshCommand {world.canary}"
        )
        bead = at.add("Note", script(leaves(GOOD), arm, {"text": "made"}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
            world.has_run  # noqa: B018  the agent's own git
            (tmp_path / "armed").touch()
            await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
            await at.until(lambda: at.see(bead).collab_merged != "")
        assert not world.has_run


@pytest.mark.parametrize(
    "command",
    [
        "mkdir -p results && ln -s /etc/passwd results/$bead.json",
        "ln -s /etc results",
        "mkdir -p results/$bead.json && touch results/$bead.json/x",
        "mkfifo results; rm -rf results; mkdir results; head -c 200000 /dev/zero > results/$bead.json",
    ],
)
async def test_what_is_no_plain_file_is_no_result(tmp_path: Path, command: str) -> None:
    world = World(tmp_path / "world")
    async with scene(tmp_path) as at:
        at.house.service.write(collab.pair, at.board.id, str(world.project), "main")
        said = "bead=$(git branch --show-current); bead=${bead#halftui/}; cd ../collab && " + command
        bead = at.add("Note", script(_does(said), {"text": "made"}))
        async with at.working():
            await at.until(lambda: at.see(bead).card.hold != "")
        hold = at.see(bead).card.hold
        assert "There is no result" in hold or "is larger than 64 KiB" in hold
        sent = [e for e in at.house.service.read(views.events, 0, bead) if e.verb == "bead.reject"]
        assert all("root:" not in e.after["reason"] for e in sent)


async def test_a_clone_that_became_something_else_fails_and_is_not_followed(tmp_path: Path) -> None:
    world, other = World(tmp_path / "world"), World(tmp_path / "other")
    async with scene(tmp_path) as at:
        at.house.service.write(collab.pair, at.board.id, str(world.project), "main")
        before = git(other.project, "rev-parse", "HEAD")
        swap = _does(f"cd .. && rm -rf collab && ln -s {other.project} collab")
        bead = at.add("Note", script(leaves(GOOD), swap, {"text": "made"}))
        async with at.working():
            await at.until(lambda: bool(at.see(bead).attempts) and at.see(bead).attempts[0].state == "ended")
        assert at.see(bead).attempts[0].reason == "collect"
        assert git(world.project, "log", "--format=%s", "main") == "first"
        assert before in git(other.project, "log", "--format=%H", "--all")
        assert at.see(bead).collab == ""


def test_links_are_not_read(tmp_path: Path) -> None:
    world = World(tmp_path).open()
    tree = world.clone()
    (tree.path / "secret").symlink_to("/etc/passwd")
    (tree.path / "way").symlink_to("/etc")
    (tree.path / "plain").write_text("words")
    assert read_plain(tree, "plain") == b"words"
    for name in ("secret", "way/passwd", "none", "dir", "none/none"):
        assert read_plain(tree, name) is None
    sha = commit(tree.path, "links")
    world.repo.collect(tree, 1)
    read = read_blobs(world.repo.path, sha, ("secret", "way/passwd", "plain", "dir", "none"), 3)
    assert read == {"plain": b"wor"}
    assert read_plain(Tree(tmp_path / "nowhere", "b-1", "main"), "plain") is None
    assert clones.PAIRS == "pairs"
