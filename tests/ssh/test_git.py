"""Git over the same port, with the real git: all fetch, beads' branches are pushed by whom the ops let."""

import shlex
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.names import POOL
from halftui.ops import attempts, beads, views
from tests.helpers.ssh import Host, Ran, execute


class Remote:
    """Somebody's clone of the board's repository."""

    def __init__(self, host: Host, name: str) -> None:
        self.host, self.name = host, name
        self.folder = host.folder / f"clone-of-{name}"
        self.url = f"ssh://{name}@127.0.0.1:{host.port}/{host.board.name}"

    async def __call__(self, *args: str) -> Ran:
        """Run git there."""
        ssh = [word for word in self.host.argv(self.name) if not word.startswith(f"{self.name}@")]
        env = {
            "GIT_SSH_COMMAND": shlex.join(ssh), "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": self.name, "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": "a@b",
        }  # fmt: skip
        return await execute("git", "-C", str(self.folder), *args, env=env)

    async def begin(self) -> None:
        """Fetch the target branch into an empty repository."""
        self.folder.mkdir()
        await self("init", "-q", "-b", "none")
        ran = await self("fetch", "-q", self.url, "refs/remotes/origin/main:refs/remotes/origin/main")
        assert (ran.code, ran.err) == (0, "")

    async def commit(self, branch: str, file: str, text: str) -> str:
        """Commit a file on a branch."""
        await self("checkout", "-q", "-B", branch, *([] if await self._has(branch) else ["origin/main"]))
        (self.folder / file).write_text(text, encoding="utf-8")
        await self("add", file)
        await self("commit", "-qm", f"Write {file}")
        return (await self("rev-parse", "HEAD")).out.strip()

    async def push(self, branch: str, *options: str) -> Ran:
        """Push a branch to one of the same name."""
        return await self("push", *options, self.url, f"{branch}:refs/heads/{branch}")

    async def _has(self, branch: str) -> bool:
        return (await self("rev-parse", "-q", "--verify", f"refs/heads/{branch}")).code == 0


async def test_work_by_hand_from_elsewhere_is_reviewed_and_merged(host: Host) -> None:
    host.admit("ann", "operator")
    bead = host.bead("paint the door")
    ann = Remote(host, "ann")
    await ann.begin()
    assert (ann.folder / ".git").is_dir()
    await host.run("ann", "bead", "claim", bead)
    tip = await ann.commit(f"halftui/{bead}", "door.txt", "red\n")
    ran = await ann.push(f"halftui/{bead}")
    assert ran.code == 0, ran.err
    shown = host.house.service.read(views.bead, bead)
    assert (shown.tip, shown.card.files, shown.card.plus) == (tip, 1, 1)
    assert (await host.run("ann", "bead", "submit", bead, "-m", "painted")).code == 0
    assert "+red" in (await host.run("ann", "bead", "diff", bead)).out
    assert (await host.run("ann", "bead", "approve", bead)).code == 4
    host.house.review(host.board.id).accept(bead)
    assert (host.folder / "shop" / "door.txt").read_text() == "red\n"
    fetched = await ann("fetch", "-q", ann.url, f"refs/heads/halftui/{bead}")
    assert fetched.code == 0


async def test_a_viewer_fetches_and_pushes_nothing(host: Host) -> None:
    host.admit("ann", "viewer")
    bead = host.bead("paint")
    ann = Remote(host, "ann")
    await ann.begin()
    await ann.commit(f"halftui/{bead}", "a.txt", "x\n")
    ran = await ann.push(f"halftui/{bead}")
    assert ran.code != 0
    assert "ann may not do bead.push" in ran.err


async def test_what_may_not_be_pushed(host: Host) -> None:
    host.admit("ann", "operator")
    mine, other, done = host.bead("mine"), host.bead("another's"), host.bead("done")
    await host.run("ann", "bead", "claim", mine)
    host.house.service.write(beads.cancel, done)
    ann = Remote(host, "ann")
    await ann.begin()
    await ann.commit("work", "a.txt", "x\n")
    repository = host.house.repository(host.board)
    before = {branch: repository.fork(branch, "main") for branch in ("main", f"halftui/{mine}")}
    for ref, why in (
        ("refs/heads/main", "not a bead's branch"),
        ("refs/remotes/origin/main", "not a bead's branch"),
        ("refs/halftui/x/1", ""),
        ("refs/tags/v1", "not a bead's branch"),
        (f"refs/heads/halftui/{other}", "is not yours"),
        (f"refs/heads/halftui/{done}", "is cancelled"),
        ("refs/heads/halftui/none", "there is no bead none"),
        (f"refs/heads/halftui/{mine}/x", "not a bead's branch"),
    ):
        ran = await ann("push", ann.url, f"work:{ref}")
        assert ran.code != 0, ref
        assert why in ran.err
    both = await ann("push", ann.url, "work:refs/heads/main", f"work:refs/heads/halftui/{mine}")
    assert both.code != 0
    assert repository.fork("main", "main") == before["main"], "no branch was made"
    assert repository.fork(f"halftui/{mine}", "main") is not None, "and what was allowed was taken"


async def test_history_is_not_rewritten(host: Host) -> None:
    host.admit("ann", "maintainer")
    bead = host.bead("paint")
    ann = Remote(host, "ann")
    await ann.begin()
    branch = f"halftui/{bead}"
    tip = await ann.commit(branch, "a.txt", "one\n")
    assert (await ann.push(branch)).code == 0
    await ann("checkout", "-q", "-B", branch, "origin/main")
    await ann.commit(branch, "a.txt", "two\n")
    assert (await ann.push(branch, "--force")).code != 0
    assert (await ann("push", ann.url, f":refs/heads/{branch}")).code != 0
    assert host.house.service.read(views.bead, bead).tip == tip


async def test_an_agents_branch_is_left_alone_while_it_works(host: Host) -> None:
    host.admit("ann", "maintainer")
    bead = host.bead("paint")
    host.house.service.write(beads.dispatch, bead)
    assert host.house.store.write(ENGINE, attempts.claim, host.board.id, 3_600.0, 4, POOL) is not None
    ann = Remote(host, "ann")
    await ann.begin()
    await ann.commit(f"halftui/{bead}", "a.txt", "x\n")
    ran = await ann.push(f"halftui/{bead}")
    assert ran.code != 0
    assert "an agent is at work" in ran.err


@pytest.mark.parametrize(
    "words",
    [["git-upload-pack", "'/nope'"], ["git-upload-pack", "'/../../etc'"], ["git-upload-pack"],
     ["git-upload-pack", "--help", "'/shop'"], ["git-upload-archive", "'/shop'"],
     ["git-receive-pack", "'/etc'"], ["git-upload-pack", "'/shop'", "x"], ["git-upload-pack", "--strict"],
     ["git-receive-pack", "'--skip-connectivity-check'"], ["git-upload-pack", "'shop/../../..'"],
     ["git-upload-pack", "'~/shop'"], ["git-upload-pack", "'shop\nx'"], ["git-upload-pack", "''"],
     ["git", "upload-pack", "'/shop'"], ["git-shell", "-c", "id"], ["/usr/bin/git-upload-pack", "'/shop'"],
     ["git-upload-pack", "'/shop';", "id"], ["git-upload-pack", "'/shop/hooks'"]],
)  # fmt: skip
async def test_only_boards_are_repositories(host: Host, words: list[str]) -> None:
    host.admit("ann", "admin")
    ran = await host.run("ann", *words)
    assert ran.code in (2, 5)
    assert ran.out == ""


async def test_a_beads_branch_is_cloned_and_fetched_by_who_may_only_look(host: Host) -> None:
    host.admit("ann", "operator")
    host.admit("bo", "viewer")
    bead = host.bead("paint")
    ann, bo = Remote(host, "ann"), Remote(host, "bo")
    await ann.begin()
    await host.run("ann", "bead", "claim", bead)
    await ann.commit(f"halftui/{bead}", "a.txt", "one\n")
    assert (await ann.push(f"halftui/{bead}")).code == 0
    bo.folder.mkdir()
    for protocol in ("0", "1", "2"):
        ran = await bo(
            "-c", f"protocol.version={protocol}", "clone", "-q", "-b", f"halftui/{bead}", bo.url, protocol
        )
        assert (ran.code, ran.err) == (0, ""), protocol
        assert (bo.folder / protocol / "a.txt").read_text() == "one\n"
    tip = await ann.commit(f"halftui/{bead}", "b.txt", "two\n")
    assert (await ann.push(f"halftui/{bead}")).code == 0
    assert (await bo("-C", "2", "pull", "-q")).code == 0
    assert (await bo("-C", "2", "rev-parse", "HEAD")).out.strip() == tip
    shown = (await bo("ls-remote", bo.url)).out
    assert "refs/halftui" not in shown, "the attempts' own refs are not shown"


async def test_what_is_announced_late_or_badly_moves_nothing(host: Host) -> None:
    """Git's hook knows only the refs that were looked at, whatever a client sends."""
    host.admit("ann", "maintainer")
    bead = host.bead("paint")
    ann = Remote(host, "ann")
    await ann.begin()
    await ann.commit(f"halftui/{bead}", "a.txt", "x\n")
    assert (await ann.push(f"halftui/{bead}")).code == 0
    repository = host.house.repository(host.board)
    tip = repository.fork(f"halftui/{bead}", "main")
    assert tip is not None
    nothing = "0" * 40

    def packet(text: str) -> bytes:
        line = text.encode()
        return f"{len(line) + 4:04x}".encode() + line

    # more refs than are looked at, and the forbidden one after them
    many = b"".join(
        packet(f"{nothing} {tip[1]} refs/heads/halftui/{bead}{'x' * 190}{n}") for n in range(1_200)
    )
    for sent in (
        many + packet(f"{nothing} {tip[1]} refs/heads/stolen") + b"0000",
        packet(f"{nothing} {tip[1]} refs/heads/stolen\0report-status atomic push-options") + b"0000",
        packet(f"{nothing} {tip[1]} refs/heads/halftui/{bead}/../../stolen\0report-status") + b"0000",
        b"zzzz" + packet(f"{nothing} {tip[1]} refs/heads/stolen") + b"0000",
        b"0004" * 70_000,
        b"ffff",
        b"",
    ):
        await host.run("ann", "git-receive-pack", "'/shop'", stdin=sent)
        heads = [line for line in (await ann("ls-remote", ann.url, "refs/heads/*")).out.splitlines()]
        assert [line.split("\t")[1] for line in heads] == [f"refs/heads/halftui/{bead}"]
    await host.empty()
    assert not list((host.house.home / "ssh").glob("push-*")), "nothing of a push is left"


async def test_a_hook_or_setting_of_the_repository_runs_nothing(host: Host, tmp_path: Path) -> None:
    host.admit("ann", "maintainer")
    bead = host.bead("paint")
    ann = Remote(host, "ann")
    await ann.begin()
    repository = host.house.repository(host.board)
    canary = tmp_path / "canary"
    hooks = repository.path / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {canary}\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    await ann.commit(f"halftui/{bead}", "a.txt", "x\n")
    assert (await ann.push(f"halftui/{bead}")).code == 0
    assert not canary.exists()
