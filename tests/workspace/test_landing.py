"""Landing on the person's repository: wholly or not at all, once, whoever else is at it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from halftui.errors import Conflict, Refused, Unavailable
from halftui.workspace.landing import _swap
from halftui.workspace.origin import Origin, locate
from tests.workspace.origins import BARE, ELSEWHERE, FOLDER, URL, as_url, prepare
from tests.workspace.scene import ADA, BOB, World, commit, git, make_project, write


@pytest.fixture(params=[FOLDER, ELSEWHERE, BARE, URL])
def origin(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Origin:
    found = prepare(world, request.param, monkeypatch)
    world.repo.refresh(found)
    return found


def advance(world: World, name: str) -> str:
    """Let somebody else commit to main, where it is not checked out here."""
    other = world.home / "other"
    if not other.exists():
        git(world.home, "clone", "-q", str(world.project), "other", "-b", "main")
    git(other, "pull", "-q", "--ff-only", "origin", "main")
    git(other, "config", "user.name", "Eve")
    git(other, "config", "user.email", "eve@people.example")
    sha = commit(other, name, {name: name})
    git(other, "push", "-q", "origin", "main:refs/heads/main")
    return sha


def test_every_kind_of_origin_is_landed_on(world: World, origin: Origin) -> None:
    sha = world.work("b-1", {"x": "1"})
    merged = world.merge("b-1", sha)
    world.repo.land(merged, origin, "main")
    assert git(world.project, "rev-parse", "main") == sha
    assert world.repo.tip("main") == sha
    world.repo.land(merged, origin, "main")  # again: a success without a change
    assert git(world.project, "rev-parse", "main") == sha
    assert git(world.project, "fsck", "--strict", "--connectivity-only") is not None


def test_a_target_that_moved_is_a_conflict_then_a_retry_lands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in (BARE, URL):
        origin = prepare(world, kind, monkeypatch) if kind == BARE else as_url(world, monkeypatch)
        world.repo.refresh(origin)
        bead = f"b-{kind}"
        sha = world.work(bead, {kind: "1"})
        merged = world.merge(bead, sha)
        theirs = advance(world, "theirs-" + kind)
        with pytest.raises(Conflict, match="moved"):
            world.repo.land(merged, origin, "main")
        assert git(world.project, "rev-parse", "main") == theirs
        world.repo.refresh(origin)
        world.repo.land(world.merge(bead, sha), origin, "main")
        advance(world, "later-" + kind)
        world.repo.land(world.merge(bead, sha), origin, "main")
        assert git(world.project, "log", "--format=%H", "main").count(sha) == 1
        assert world.repo.is_merged(sha, "main")


def test_landing_again_when_others_went_on_is_a_success(world: World, origin: Origin) -> None:
    merged = world.merge("b-1", world.work("b-1", {"x": "1"}))
    world.repo.land(merged, origin, "main")
    if origin.root is None:
        advance(world, "later")
    else:
        git(world.project, "switch", "-q", "main")
        commit(world.project, "later", {"later": "later"})
    tip = git(world.project, "rev-parse", "main")
    world.repo.land(merged, origin, "main")
    assert git(world.project, "rev-parse", "main") == tip


def test_a_target_that_went_back_is_a_conflict(world: World) -> None:
    commit(world.project, "second", {"s": "s"})
    world.repo.refresh(world.origin)
    merged = world.merge("b-1", world.work("b-1", {"x": "1"}))
    git(world.project, "reset", "-q", "--hard", "HEAD~1")
    before = git(world.project, "rev-parse", "main")
    with pytest.raises(Conflict):
        world.repo.land(merged, world.origin, "main")
    assert git(world.project, "rev-parse", "main") == before


@pytest.mark.parametrize("kind", [ELSEWHERE, BARE])
def test_a_target_deleted_meanwhile(world: World, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = prepare(world, kind, monkeypatch)
    merged = world.merge("b-1", world.work("b-1", {"x": "1"}))
    git(world.project, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(Refused, match="no branch main"):
        world.repo.land(merged, origin, "main")
    listed = git(world.project, "for-each-ref", "--format=%(refname)")
    assert "refs/heads/main" not in listed.splitlines()


def test_a_target_deleted_at_an_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = prepare(world, URL, monkeypatch)
    merged = world.merge("b-1", world.work("b-1", {"x": "1"}))
    git(world.project, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(Conflict):
        world.repo.land(merged, origin, "main")
    assert git(world.project, "for-each-ref", "refs/heads/main") == ""


def _snapshot(folder: Path) -> dict[str, bytes | str]:
    found: dict[str, bytes | str] = {"HEAD": git(folder, "rev-parse", "HEAD")}
    found["status"] = git(folder, "status", "--porcelain", "--ignored")
    for path in folder.rglob("*"):
        if ".git" not in path.parts and path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def _modified(world: World) -> None:
    write(world.project, {"a.txt": "mine\n"})


def _staged(world: World) -> None:
    write(world.project, {"a.txt": "mine\n"})
    git(world.project, "add", "a.txt")


def _untracked(world: World) -> None:
    write(world.project, {"new.txt": "mine\n"})


def _ignored(world: World) -> None:
    write(world.project, {"new.txt": "mine\n", ".git/info/exclude": "new.txt\n"})


def _folder_in_the_way(world: World) -> None:
    write(world.project, {"new.txt/mine": "mine\n"})


@pytest.mark.parametrize("dirty", [_modified, _staged, _untracked, _ignored, _folder_in_the_way])
def test_local_changes_in_the_way_are_kept(world: World, dirty: Callable[[World], None]) -> None:
    sha = world.work("b-1", {"a.txt": "theirs\n", "new.txt": "theirs\n", "dir/c.txt": "theirs\n"})
    dirty(world)
    before = _snapshot(world.project)
    with pytest.raises(Refused) as caught:
        world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert caught.value.hint == "commit or stash them"
    assert "a.txt" in caught.value.message or "new.txt" in caught.value.message
    assert _snapshot(world.project) == before
    git(world.project, "stash", "-q", "--all")
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "rev-parse", "main") == sha


def test_local_changes_beside_the_way_stay(world: World) -> None:
    sha = world.work("b-1", {"a.txt": "theirs\n"})
    write(world.project, {"b.txt": "mine\n", "own.txt": "mine\n"})
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert (world.project / "a.txt").read_text() == "theirs\n"
    assert (world.project / "b.txt").read_text() == "mine\n"
    assert git(world.project, "status", "--porcelain") == "M b.txt\n?? own.txt"


def test_a_branch_checked_out_in_a_second_working_tree(world: World) -> None:
    side = world.home / "side"
    git(world.project, "switch", "-q", "-c", "other")
    git(world.project, "worktree", "add", "-q", str(side), "main")
    sha = world.work("b-1", {"x": "1"})
    world.repo.land(world.merge("b-1", sha), locate(side), "main")
    assert (side / "x").exists()
    assert git(side, "status", "--porcelain") == ""
    assert not (world.project / "x").exists()


def test_a_working_tree_that_was_deleted_is_no_hindrance(world: World) -> None:
    side = world.home / "side"
    git(world.project, "switch", "-q", "-c", "other")
    git(world.project, "worktree", "add", "-q", str(side), "main")
    side.rename(world.home / "moved")
    sha = world.work("b-1", {"x": "1"})
    world.repo.land(world.merge("b-1", sha), locate(world.project, "main"), "main")
    assert git(world.project, "rev-parse", "main") == sha


def test_a_branch_that_is_being_rebased_is_left(world: World) -> None:
    commit(world.project, "second", {"a.txt": "second\n"})
    world.repo.refresh(world.origin)
    sha = world.work("b-1", {"x": "1"})
    git(world.project, "branch", "upstream", "HEAD~1")
    git(world.project, "switch", "-q", "upstream")
    commit(world.project, "other", {"a.txt": "upstream\n"})
    git(world.project, "switch", "-q", "main")
    git(world.project, "rebase", "upstream", code=1)
    before = git(world.project, "rev-parse", "main")
    with pytest.raises(Refused, match="rebased"):
        world.repo.land(world.merge("b-1", sha), locate(world.project, "main"), "main")
    assert git(world.project, "rev-parse", "main") == before


def test_a_branch_of_another_encoding_that_is_being_rebased_is_no_hindrance(world: World) -> None:
    (world.project / ".git/rebase-merge").mkdir()
    (world.project / ".git/rebase-merge/head-name").write_bytes(b"refs/heads/\xe9\n")
    sha = world.work("b-1", {"x.txt": "x"})
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "rev-parse", "main") == sha


def test_another_git_at_work_there(world: World) -> None:
    sha = world.work("b-1", {"x": "1"})
    write(world.project, {".git/index.lock": ""})
    with pytest.raises(Unavailable, match="at work"):
        world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "rev-parse", "main") != sha


def test_a_half_done_merge_of_the_person(world: World) -> None:
    git(world.project, "switch", "-q", "-c", "side")
    commit(world.project, "side", {"a.txt": "side\n"})
    git(world.project, "switch", "-q", "main")
    commit(world.project, "main", {"a.txt": "main\n"})
    world.repo.refresh(world.origin)
    sha = world.work("b-1", {"x": "1"})
    git(world.project, "merge", "side", code=1)
    before = _snapshot(world.project)
    with pytest.raises(Refused):
        world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert _snapshot(world.project) == before


def test_the_last_step_compares_and_swaps(world: World) -> None:
    old = git(world.project, "rev-parse", "main")
    new = commit(world.project, "second", {"s": "s"})
    with pytest.raises(Conflict, match="moved"):
        _swap(world.origin.git, "main", old, old)
    assert git(world.project, "rev-parse", "main") == new
    write(world.project, {".git/refs/heads/main.lock": ""})
    with pytest.raises(Unavailable):
        _swap(world.origin.git, "main", old, new)


def test_a_server_that_says_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = prepare(world, URL, monkeypatch)
    hook = world.project / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho protected branch >&2\nexit 1\n")
    hook.chmod(0o755)
    sha = world.work("b-1", {"x": "1"})
    with pytest.raises(Refused, match="declined"):
        world.repo.land(world.merge("b-1", sha), origin, "main")
    assert world.repo.tip("main") != sha


def test_a_server_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = prepare(world, URL, monkeypatch)
    sha = world.work("b-1", {"x": "1"})
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    with pytest.raises(Unavailable):
        world.repo.land(world.merge("b-1", sha), origin, "main")
    with pytest.raises(Unavailable):
        world.repo.refresh(origin)


def test_line_ends_and_modes_land_as_they_are(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"crlf.txt": b"one\r\ntwo\r\n", "run.sh": "#!/bin/sh\n", "empty": ""})
    (tree.path / "run.sh").chmod(0o755)
    (tree.path / "link").symlink_to("a.txt")
    commit(tree.path, "w")
    sha = world.repo.collect(tree, 1)
    assert sha
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert (world.project / "crlf.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert os.access(world.project / "run.sh", os.X_OK)
    assert (world.project / "link").is_symlink()
    assert git(world.project, "status", "--porcelain") == ""


def test_landing_from_a_project_made_elsewhere(tmp_path: Path) -> None:
    """A work tree whose folder name has spaces, quotes and odd letters."""
    world = World(tmp_path)
    odd = make_project(tmp_path / "a b'\"$(x) ü")
    world.project = odd
    world.open()
    sha = world.work("b-1", {"x": "1"})
    merged = world.repo.merge("b-1", sha, "main", "m", ADA, BOB)
    assert not hasattr(merged, "paths")
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert (odd / "x").exists()
