"""Hostile clones and hostile repositories: nothing of theirs runs, and nothing else is read."""

from pathlib import Path

import pytest

from halftui.errors import HalfTUIError, Misconfigured, Refused
from halftui.workspace.merging import Merged
from halftui.workspace.origin import locate
from halftui.workspace.tree import Tree, remove
from tests.workspace.hazards import SHARED, stock_git
from tests.workspace.scene import ADA, BOB, World, commit, environment, git, make_project, write

# The others need a step that stock_git does not do (a fetch from there, a merge that meets itself).
BITING = SHARED.keys() - {
    "merge driver", "pack objects", "alternate refs", "odd branches", "rewritten addresses",
    "submodule",
}  # fmt: skip


def finish(world: World, tree: Tree) -> bool:
    """Take a bead from its clone to the person's branch; True if it landed."""
    sha = world.repo.collect(tree, 1)
    if sha is None:
        return False
    base = world.repo.base_of(tree.branch)
    for file in world.repo.changes(base, sha).files:
        list(world.repo.patch(base, sha, file.names))
    list(world.repo.patch(base, sha))
    # Another's work on the target, so that a true merge is needed.
    commit(world.project, "between", {"between.txt": "x"})
    world.repo.refresh(world.origin)
    merged = world.repo.merge(tree.bead, sha, "main", "m", ADA, BOB)
    assert isinstance(merged, Merged)
    world.repo.land(merged, world.origin, "main")
    assert world.repo.is_merged(sha, "main")
    return True


@pytest.mark.parametrize("name", sorted(BITING))
def test_the_hazards_bite_stock_git(world: World, name: str) -> None:
    SHARED[name](world, world.project)
    stock_git(world, world.project)
    assert world.has_run


@pytest.mark.parametrize("name", SHARED)
def test_a_hostile_clone(world: World, name: str) -> None:
    tree = world.clone()
    commit(tree.path, "good work", {"a.txt": "one\n2\nthree\n", "good.txt": "g"})
    SHARED[name](world, tree.path)
    world.has_run  # noqa: B018  what the agent's own git ran does not count
    if name == "promisor":  # a commit with a missing file is refused
        with pytest.raises(HalfTUIError):
            finish(world, tree)
    else:
        assert finish(world, tree)
        assert (world.project / "good.txt").exists()
    remove(tree.path)
    assert not world.has_run


@pytest.mark.parametrize("where", ["checked out", "elsewhere"])
@pytest.mark.parametrize("name", SHARED)
def test_a_hostile_origin(tmp_path: Path, name: str, where: str) -> None:
    world = World(tmp_path)
    SHARED[name](world, world.project)
    origin = locate(world.project, "main")
    if name == "promisor":
        with pytest.raises(HalfTUIError):
            world.repo.create(origin)
        assert not world.has_run
        return
    world.repo.create(origin)
    tree = world.repo.clone("b-1", world.home / "trees/b-1", "main", ADA)
    commit(tree.path, "good work", {"a.txt": "one\n2\nthree\n", "good.txt": "g"})
    sha = world.repo.collect(tree, 1)
    assert sha
    if where == "elsewhere":
        git(world.project, "symbolic-ref", "HEAD", "refs/heads/other")
    world.has_run  # noqa: B018  the person's own git just ran
    world.repo.refresh(origin)
    world.repo.land(world.merge("b-1", sha), origin, "main")
    assert not world.has_run
    assert world.repo.tip("main") == sha
    assert (world.project / "good.txt").exists() == (where == "checked out")


def test_a_submodule_of_the_person_is_left_alone(world: World) -> None:
    part = world.project / "part"
    make_project(part)
    second = commit(part, "second", {"s": "s"})
    git(part, "reset", "-q", "--hard", "HEAD~1")
    write(world.project, {".gitmodules": '[submodule "part"]\n\tpath = part\n\turl = ./part\n'})
    commit(world.project, "submodule")
    git(world.project, "config", "submodule.recurse", "true")
    git(world.project, "config", "submodule.part.active", "true")
    git(world.project, "submodule", "--quiet", "absorbgitdirs")
    world.repo.refresh(world.origin)
    tree = world.clone()
    git(tree.path, "update-index", "--cacheinfo", f"160000,{second},part")
    git(tree.path, "commit", "-q", "-m", "move the part")
    sha = world.repo.collect(tree, 1)
    assert sha
    SHARED["hooks"](world, world.project)
    SHARED["fsmonitor"](world, part)
    before = git(part, "-c", "core.fsmonitor=false", "rev-parse", "HEAD")
    assert not world.has_run
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert not world.has_run
    assert git(part, "-c", "core.fsmonitor=false", "rev-parse", "HEAD") == before


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A repository of the same person that no agent may read."""
    folder = make_project(tmp_path / "secret")
    git(folder, "switch", "-q", "-c", "halftui/b-1")
    commit(folder, "secret", {"key.txt": "the secret\n"})
    return folder


def _is_known(world: World, secret: Path) -> bool:
    sha = git(secret, "rev-parse", "HEAD")
    listed = git(world.repo.path, "cat-file", "--batch-check", stdin=sha.encode())
    return not listed.endswith("missing")


def _as_alternates(tree: Path, secret: Path) -> None:
    with (tree / ".git/objects/info/alternates").open("a") as file:
        file.write(f"{secret}/.git/objects\n")
    (tree / ".git/refs/heads/halftui/b-1").write_text(git(secret, "rev-parse", "HEAD") + "\n")


def _as_git_file(tree: Path, secret: Path) -> None:
    (tree / ".git").rename(tree / "old")
    (tree / ".git").write_text(f"gitdir: {secret}/.git\n")


def _as_git_link(tree: Path, secret: Path) -> None:
    (tree / ".git").rename(tree / "old")
    (tree / ".git").symlink_to(secret / ".git")


def _as_commondir(tree: Path, secret: Path) -> None:
    (tree / ".git/refs/heads/halftui/b-1").unlink()
    (tree / ".git/commondir").write_text(f"{secret}/.git\n")


def _as_refs_link(tree: Path, secret: Path) -> None:
    folder = tree / ".git/refs/heads/halftui"
    (folder / "b-1").unlink()
    folder.rmdir()
    folder.symlink_to(secret / ".git/refs/heads/halftui")
    _as_alternates_only(tree, secret)


def _as_ref_link(tree: Path, secret: Path) -> None:
    ref = tree / ".git/refs/heads/halftui/b-1"
    ref.unlink()
    ref.symlink_to(secret / ".git/refs/heads/halftui/b-1")
    _as_alternates_only(tree, secret)


def _as_packed_refs_link(tree: Path, secret: Path) -> None:
    git(secret, "pack-refs", "--all")
    (tree / ".git/refs/heads/halftui/b-1").unlink()
    (tree / ".git/packed-refs").symlink_to(secret / ".git/packed-refs")
    _as_alternates_only(tree, secret)


def _as_objects_link(tree: Path, secret: Path) -> None:
    _as_alternates(tree, secret)
    (tree / ".git/objects").rename(tree / "old")
    (tree / ".git/objects").symlink_to(secret / ".git/objects")


def _as_pack_link(tree: Path, secret: Path) -> None:
    git(secret, "gc", "-q")
    (tree / ".git/objects/pack").rmdir()
    (tree / ".git/objects/pack").symlink_to(secret / ".git/objects/pack")
    (tree / ".git/refs/heads/halftui/b-1").write_text(git(secret, "rev-parse", "HEAD") + "\n")


def _as_pack_file_links(tree: Path, secret: Path) -> None:
    git(secret, "gc", "-q")
    for path in (secret / ".git/objects/pack").iterdir():
        (tree / ".git/objects/pack" / path.name).symlink_to(path)
    (tree / ".git/refs/heads/halftui/b-1").write_text(git(secret, "rev-parse", "HEAD") + "\n")


def _as_loose_links(tree: Path, secret: Path) -> None:
    for path in (secret / ".git/objects").glob("??"):
        target = tree / ".git/objects" / path.name
        if not target.exists():
            target.symlink_to(path)
    (tree / ".git/refs/heads/halftui/b-1").write_text(git(secret, "rev-parse", "HEAD") + "\n")


def _as_tree_link(tree: Path, secret: Path) -> None:
    tree.rename(tree.parent / "old")
    tree.symlink_to(secret)


def _as_alternates_only(tree: Path, secret: Path) -> None:
    (tree / ".git/objects/info/alternates").write_text(f"{secret}/.git/objects\n")


@pytest.mark.parametrize(
    "steal",
    [
        _as_alternates, _as_git_file, _as_git_link, _as_commondir, _as_refs_link, _as_ref_link,
        _as_packed_refs_link, _as_objects_link, _as_pack_link, _as_pack_file_links, _as_loose_links,
        _as_tree_link,
    ],
)  # fmt: skip
def test_no_way_leads_to_another_repository(world: World, secret: Path, steal: object) -> None:
    tree = world.clone()
    assert callable(steal)
    steal(tree.path, secret)
    with pytest.raises(HalfTUIError):
        world.repo.collect(tree, 1)
    assert not _is_known(world, secret)
    remove(tree.path)
    assert git(secret, "rev-parse", "HEAD")


def test_control_the_alternates_trick_works_on_a_plain_fetch(world: World, secret: Path) -> None:
    tree = world.clone()
    _as_alternates(tree.path, secret)
    git(world.repo.path, "fetch", "-q", str(tree.path), "halftui/b-1:refs/heads/stolen")
    assert _is_known(world, secret)


def test_a_diff_runs_nothing_even_if_the_board_is_told_to(world: World) -> None:
    sha = world.work("b-1", {"a.txt": "x\n", ".gitattributes": "* diff=d\n"})
    for key in ("diff.external", "diff.d.textconv", "diff.d.command"):
        git(world.repo.path, "config", key, world.canary)
    write(world.repo.path, {"info/attributes": "* diff=d\n"})
    base = world.repo.base_of("halftui/b-1")
    assert world.repo.changes(base, sha).files
    assert "+x" in list(world.repo.patch(base, sha))
    assert not world.has_run
    git(world.repo.path, "diff", base, sha)
    assert world.has_run


def test_links_in_the_work_are_shown_not_followed(world: World, secret: Path) -> None:
    tree = world.clone()
    (tree.path / "link").symlink_to(secret / "key.txt")
    (tree.path / "up").symlink_to("../../../..")
    commit(tree.path, "links")
    sha = world.repo.collect(tree, 1)
    assert sha
    patch = "\n".join(world.repo.patch(world.repo.base_of(tree.branch), sha))
    assert "the secret" not in patch
    assert f"+{secret}/key.txt" in patch


def test_work_behind_a_link_of_the_person_is_not_written_through(world: World, secret: Path) -> None:
    git(world.project, "rm", "-r", "-q", "dir")
    (world.project / "dir").symlink_to(secret)
    write(world.project, {".git/info/exclude": "/dir\n"})
    git(world.project, "commit", "-q", "-m", "dir went away")
    world.repo.refresh(world.origin)
    tree = world.clone()
    commit(tree.path, "w", {"dir/planted.txt": "x"})
    sha = world.repo.collect(tree, 1)
    assert sha
    with pytest.raises(Refused):
        world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert not (secret / "planted.txt").exists()
    assert (world.project / "dir").is_symlink()


def test_replace_refs_and_grafts_do_not_count(world: World) -> None:
    tree = world.clone()
    good = commit(tree.path, "good", {"x": "good\n"})
    git(tree.path, "switch", "-q", "-c", "evil", "HEAD~1")
    evil = commit(tree.path, "evil", {"x": "evil\n"})
    git(tree.path, "switch", "-q", "halftui/b-1")
    git(tree.path, "replace", evil, good)
    write(tree.path, {".git/info/grafts": f"{good}\n", ".git/shallow": f"{good}\n"})
    assert world.repo.collect(tree, 1) == good
    assert "+good" in list(world.repo.patch(world.repo.base_of(tree.branch), good))


def test_a_tree_in_another_place_is_refused(tmp_path: Path) -> None:
    project, home = make_project(tmp_path / "project"), tmp_path / "somebody"
    home.mkdir()
    git(project, "config", "core.worktree", str(home))
    with pytest.raises(Misconfigured, match="another place"):
        locate(project)


def test_a_working_tree_of_another_repository_is_not_touched(world: World, secret: Path) -> None:
    git(world.project, "worktree", "add", "-q", "-b", "side", str(world.home / "side"))
    git(world.project, "switch", "-q", "--detach")
    git(secret, "switch", "-q", "main")
    write(world.project, {".git/worktrees/side/gitdir": f"{secret}/.git\n"})
    write(world.project, {".git/worktrees/side/HEAD": "ref: refs/heads/main\n"})
    before = git(secret, "rev-parse", "HEAD")
    sha = world.work("b-1", {"x": "1"})
    world.repo.land(world.merge("b-1", sha), locate(world.project, "main"), "main")
    assert git(world.project, "rev-parse", "main") == sha
    assert git(secret, "rev-parse", "HEAD") == before
    assert not (secret / "x").exists()


def test_variables_of_whoever_starts_halftui_do_not_reach_git(
    world: World, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GIT_DIR": str(secret / ".git"), "GIT_WORK_TREE": str(secret), "GIT_INDEX_FILE": "/nowhere",
        "GIT_OBJECT_DIRECTORY": "/nowhere", "GIT_EXTERNAL_DIFF": world.canary,
        "GIT_CONFIG_COUNT": "9",
        "GIT_CONFIG_KEY_8": "core.fsmonitor", "GIT_CONFIG_VALUE_8": world.canary, "GIT_TRACE": "1",
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={world.canary}'", "GIT_NAMESPACE": "x",
        "GIT_ASKPASS": world.canary, "GIT_EDITOR": world.canary, "GIT_ALLOW_PROTOCOL": "ext",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert "GIT_DIR" not in environment(world.home)
    sha = world.work("b-1", {"a.txt": "x\n"})
    assert list(world.repo.patch(world.repo.base_of("halftui/b-1"), sha))
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "rev-parse", "main") == sha
    assert not world.has_run
