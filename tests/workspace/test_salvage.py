"""What an agent leaves uncommitted ends on its branch, whatever it was in the middle of."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from halftui.workspace.merging import Clash
from halftui.workspace.salvage import MESSAGE, salvage_command
from halftui.workspace.tree import Tree
from tests.workspace.scene import ADA, BOB, World, commit, environment, git, write


def salvage(tree: Tree, code: int = 0) -> str:
    done = subprocess.run(
        salvage_command(tree.bead),
        cwd=tree.path,
        env=environment(tree.path.parent / "nobody"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def kept(world: World, tree: Tree, epoch: int = 1) -> str:
    """Salvage and collect; return the commit, having checked what always holds."""
    salvage(tree)
    sha = world.repo.collect(tree, epoch)
    assert sha
    assert git(tree.path, "symbolic-ref", "HEAD") == "refs/heads/halftui/b-1"
    assert git(tree.path, "status", "--porcelain") == ""
    for state in ("rebase-merge", "rebase-apply", "MERGE_HEAD", "CHERRY_PICK_HEAD", "sequencer"):
        assert not (tree.path / ".git" / state).exists()
    return sha


def shown(tree: Tree, name: str) -> str:
    return git(tree.path, "show", f"halftui/b-1:{name}")


def test_loose_files(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"a.txt": "changed\n", "new.txt": "new\n", "-dash": "d"})
    (tree.path / "b.txt").unlink()
    kept(world, tree)
    assert git(tree.path, "log", "-1", "--format=%s|%an") == f"{MESSAGE}|Ada"
    assert git(tree.path, "ls-files").splitlines() == ["-dash", "a.txt", "dir/c.txt", "new.txt"]


def test_nothing_to_keep(world: World) -> None:
    tree = world.clone()
    salvage(tree)
    assert world.repo.collect(tree, 1) is None
    sha = commit(tree.path, "w", {"x": "1"})
    assert kept(world, tree) == sha


def test_ignored_and_tool_files_stay_out(world: World) -> None:
    tree = world.clone()
    write(tree.path, {".gitignore": "*.o\n", "x.o": "o", ".claude/settings.local.json": "{}"})
    kept(world, tree)
    assert "x.o" not in git(tree.path, "ls-files")
    assert "claude" not in git(tree.path, "ls-files")


def test_hooks_locks_and_a_lost_identity(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"x": "1"})
    for name in ("pre-commit", "prepare-commit-msg", "post-checkout", "pre-merge-commit"):
        write(tree.path, {f".git/hooks/{name}": "#!/bin/sh\nexit 1\n"})
        (tree.path / ".git/hooks" / name).chmod(0o755)
    for lock in ("index.lock", "HEAD.lock", "refs/heads/halftui/b-1.lock", "config.lock"):
        write(tree.path, {f".git/{lock}": ""})
    git(tree.path, "config", "--file", ".git/other", "x.y", "z")
    config = tree.path / ".git/config"
    config.write_text(config.read_text().replace("name = Ada", "").replace("email =", "mail ="))
    kept(world, tree)
    assert shown(tree, "x") == "1"


def test_a_damaged_index(world: World) -> None:
    tree = world.clone()
    write(tree.path, {".git/index": "garbage", "x": "1"})
    kept(world, tree)
    assert git(tree.path, "ls-files").splitlines() == ["a.txt", "b.txt", "dir/c.txt", "x"]


def test_a_detached_head_with_commits_and_files(world: World) -> None:
    tree = world.clone()
    git(tree.path, "switch", "-q", "--detach")
    commit(tree.path, "detached", {"x": "1"})
    write(tree.path, {"y": "2"})
    kept(world, tree)
    assert (shown(tree, "x"), shown(tree, "y")) == ("1", "2")
    assert git(tree.path, "rev-list", "--merges", "--count", "HEAD") == "0"


def test_a_look_at_an_old_commit(world: World) -> None:
    tree = world.clone()
    sha = commit(tree.path, "w", {"x": "1"})
    git(tree.path, "checkout", "-q", "HEAD~1")
    assert kept(world, tree) == sha


def test_an_old_commit_with_changes(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "w", {"x": "1"})
    git(tree.path, "checkout", "-q", "HEAD~1")
    write(tree.path, {"y": "2"})
    kept(world, tree)
    assert (shown(tree, "x"), shown(tree, "y")) == ("1", "2")


def test_work_on_another_branch(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "w", {"x": "1"})
    git(tree.path, "switch", "-q", "main")
    commit(tree.path, "on main", {"y": "2"})
    write(tree.path, {"z": "3"})
    kept(world, tree)
    assert [shown(tree, name) for name in "xyz"] == ["1", "2", "3"]


def test_a_deleted_branch(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "w", {"x": "1"})
    git(tree.path, "switch", "-q", "-c", "mine")
    git(tree.path, "branch", "-D", "halftui/b-1")
    kept(world, tree)
    assert shown(tree, "x") == "1"


@pytest.mark.parametrize("files", [{}, {"x": "1"}])
def test_an_orphan(world: World, files: dict[str, str | bytes]) -> None:
    tree = world.clone()
    before = commit(tree.path, "w", {"w": "w"})
    git(tree.path, "checkout", "-q", "--orphan", "other")
    git(tree.path, "rm", "-rfq", ".")
    write(tree.path, files)
    kept(world, tree)
    assert git(tree.path, "merge-base", "HEAD", before) == before
    assert {"w", *files} <= set(git(tree.path, "ls-files").splitlines())


def _diverge(world: World, tree: Tree) -> str:
    """Let agent and target change the same file, each in two commits; return the target's tip."""
    commit(tree.path, "w1", {"a.txt": "agent\ntwo\nthree\n"})
    commit(tree.path, "w2", {"later.txt": "later\n"})
    commit(world.project, "t", {"a.txt": "person\ntwo\nthree\n", "theirs.txt": "theirs\n"})
    world.repo.refresh(world.origin)
    return world.repo.tip("main")


def test_a_rebase_half_done(world: World) -> None:
    tree = world.clone()
    onto = _diverge(world, tree)
    git(tree.path, "rebase", onto, code=1)
    write(tree.path, {"a.txt": "solved\ntwo\nthree\n", "loose.txt": "loose\n"})
    before = git(tree.path, "rev-parse", "halftui/b-1")
    sha = kept(world, tree)
    assert shown(tree, "a.txt").startswith("solved")
    names = set(git(tree.path, "ls-files").splitlines())
    assert {"later.txt", "loose.txt", "theirs.txt"} <= names
    assert git(tree.path, "merge-base", before, sha) == before
    assert world.merge("b-1", sha).sha == sha  # it holds the target: nothing of it is undone


def test_an_interactive_rebase_that_stopped(world: World) -> None:
    tree = world.clone()
    for number in range(3):
        commit(tree.path, f"w{number}", {f"{number}.txt": "x"})
    git(tree.path, "-c", "sequence.editor=sed -i 1s/pick/edit/", "rebase", "-q", "-i", "HEAD~3")
    write(tree.path, {"0.txt": "edited"})
    kept(world, tree)
    assert shown(tree, "0.txt") == "edited"
    assert {"1.txt", "2.txt"} <= set(git(tree.path, "ls-files").splitlines())


def test_a_merge_half_done_meets_its_conflict_again(world: World) -> None:
    tree = world.clone()
    onto = _diverge(world, tree)
    git(tree.path, "merge", onto, code=1)
    sha = kept(world, tree)
    assert "<<<<<<<" in shown(tree, "a.txt")
    assert isinstance(world.repo.merge("b-1", sha, "main", "m", ADA, BOB), Clash)


def test_a_merge_all_solved_but_not_committed(world: World) -> None:
    tree = world.clone()
    onto = _diverge(world, tree)
    git(tree.path, "merge", onto, code=1)
    write(tree.path, {"a.txt": "solved\n"})
    git(tree.path, "add", "a.txt")
    sha = kept(world, tree)
    assert world.merge("b-1", sha).sha == sha


@pytest.mark.parametrize("verb", ["cherry-pick", "revert"])
def test_a_pick_half_done(world: World, verb: str) -> None:
    tree = world.clone()
    onto = _diverge(world, tree)
    target = onto if verb == "cherry-pick" else git(tree.path, "rev-parse", "HEAD~1")
    if verb == "revert":
        commit(tree.path, "again", {"a.txt": "again\n"})
    git(tree.path, verb, target, code=1)
    kept(world, tree)
    assert "<<<<<<<" in shown(tree, "a.txt")


def _unborn(folder: Path) -> None:
    (folder / "part").mkdir()
    git(folder / "part", "init", "-q")


def test_a_repository_within(world: World) -> None:
    tree = world.clone()
    _unborn(tree.path)
    write(tree.path, {"part/inner.txt": "inner", "x": "1"})
    assert "part" in salvage(tree, code=1)  # it says what it could not keep
    sha = world.repo.collect(tree, 1)
    assert sha
    assert shown(tree, "x") == "1"


@pytest.mark.parametrize(
    "state",
    [
        lambda path: write(path, {"x": "1"}),
        lambda path: git(path, "switch", "-q", "--detach"),
        lambda path: commit(path, "w", {"x": "1"}),
    ],
)
def test_twice_is_once(world: World, state: Callable[[Path], object]) -> None:
    tree = world.clone()
    state(tree.path)
    salvage(tree)
    before = git(tree.path, "rev-parse", "halftui/b-1")
    salvage(tree)
    assert git(tree.path, "rev-parse", "halftui/b-1") == before


def test_no_repository_is_not_a_success(tmp_path: Path) -> None:
    salvage(Tree(tmp_path, "b-1", "main"), code=1)


def test_it_runs_in_the_plainest_shell(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"x": "1"})
    subprocess.run(["dash", "-n", "-c", salvage_command("b-1")[2]], check=True)
    kept(world, tree)


def test_a_file_not_in_the_encoding_of_its_attributes_keeps_nothing_else_out(world: World) -> None:
    commit(world.project, "attributes", {".gitattributes": "k.txt working-tree-encoding=UTF-16\n"})
    world.repo.refresh(world.origin)
    tree = world.clone()
    write(tree.path, {"k.txt": "abc", "other.txt": "work", ".git/info/attributes": "*.x -text\n"})
    kept(world, tree)
    assert (shown(tree, "k.txt"), shown(tree, "other.txt")) == ("abc", "work")
    assert (tree.path / ".git/info/attributes").read_text() == "*.x -text\n"
