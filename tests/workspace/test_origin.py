"""What a person may name as the project of a board."""

import os
import shutil
from pathlib import Path

import pytest

from halftui.errors import HalfTUIError, Misconfigured, NotFound, Refused, Unavailable
from halftui.workspace.origin import locate
from halftui.workspace.tree import Person
from tests.workspace.scene import World, commit, git, make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_a_folder(project: Path) -> None:
    origin = locate(project)
    assert (origin.place, origin.branch, origin.root) == (str(project), "main", project)
    assert origin.git_dir == project / ".git"
    assert not origin.is_url


def test_a_folder_inside(project: Path) -> None:
    assert locate(project / "dir") == locate(project) == locate(f"file://{project}")


def test_the_branch_that_is_checked_out_counts(project: Path) -> None:
    git(project, "switch", "-q", "-c", "topic/x")
    assert locate(project).branch == "topic/x"
    assert locate(project, "main").branch == "main"


def test_a_second_working_tree_has_its_own_branch(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    origin = locate(tmp_path / "side")
    assert (origin.branch, origin.git_dir) == ("side", project / ".git")
    assert origin.root == tmp_path / "side"


def test_a_bare_repository(project: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(project), "bare.git")
    origin = locate(tmp_path / "bare.git")
    assert (origin.branch, origin.root, origin.git_dir) == ("main", None, tmp_path / "bare.git")


def test_a_submodule(project: Path, tmp_path: Path) -> None:
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
        str(make_project(tmp_path / "part")), "part")  # fmt: skip
    assert locate(project / "part").root == project / "part"


def _empty(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


def _detached(folder: Path) -> Path:
    git(make_project(folder), "switch", "-q", "--detach")
    return folder


def _shallow(folder: Path) -> Path:
    full = make_project(folder.with_name("full"))
    commit(full, "second", {"x": "x"})
    git(full.parent, "clone", "-q", "--depth=1", f"file://{full}", str(folder))
    return folder


def _plain(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _inside(folder: Path) -> Path:
    return make_project(folder) / ".git"


def _broken(folder: Path) -> Path:
    (make_project(folder) / ".git/config").write_text("[core\n")
    return folder


def _file(folder: Path) -> Path:
    folder.write_text("x")
    return folder


@pytest.mark.parametrize(
    ("make", "kind", "says", "remedy"),
    [
        (_plain, Misconfigured, "not a git repository", "git init"),
        (_empty, Misconfigured, "no commits", "first commit"),
        (_detached, Misconfigured, "detached", "switch to a branch"),
        (_shallow, Misconfigured, "shallow", "--unshallow"),
        (_inside, Misconfigured, "inside of a repository", "folder above"),
        (_broken, Misconfigured, "can't read", "bad config"),
        (lambda folder: folder, NotFound, "no folder", "name the folder"),
        (_file, NotFound, "no folder", "name the folder"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, make: object, kind: type[HalfTUIError], says: str, remedy: str
) -> None:
    assert callable(make)
    place = make(tmp_path / "place")
    with pytest.raises(kind) as caught:
        locate(place)
    assert says in caught.value.message
    assert remedy in caught.value.hint


def test_a_detached_head_is_fine_with_a_named_branch(tmp_path: Path) -> None:
    assert locate(_detached(tmp_path / "place"), "main").branch == "main"


def test_a_branch_that_is_not_there(project: Path) -> None:
    with pytest.raises(NotFound, match="no branch nope") as caught:
        locate(project, "nope")
    assert caught.value.hint == "it has main"


def test_a_branch_named_as_a_boards_own(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "halftui/main")
    for branch in ("", "halftui/main"):
        with pytest.raises(Misconfigured, match="HalfTUI's own"):
            locate(project, branch)
    assert locate(project, "main").branch == "main"


@pytest.mark.parametrize(
    "name", ["a\u2028b", "a\u0085b", "\u2029", os.fsdecode(b"\xe9"), "e\u0301", "'\"$(x)`|&;"]
)
def test_odd_branches(project: Path, tmp_path: Path, name: str) -> None:
    git(project, "checkout", "-q", "-b", name)
    world = World(tmp_path / "w")
    world.project = project
    tree = world.open().clone(base=name)
    sha = commit(tree.path, "w", {"x": "y"})
    assert world.repo.collect(tree, 1) == sha
    world.repo.land(world.merge("b-1", sha, name), world.origin, name)
    assert git(project, "rev-parse", "HEAD") == sha


@pytest.mark.parametrize(
    "place",
    [
        "", "-x", "--upload-pack=touch /tmp/x", "ext::sh -c touch% /tmp/x", "ext::git", "fd::3",
        "http://host.example/x", "git://host.example/x", "ftp://host.example/x", "a\nb", "\x1b[31m",
        "https://bob:secret@host.example/x", "https://token@host.example/x",
        "ssh://bob:secret@host.example/x",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(place: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        locate(place)
    assert caught.value.hint
    assert "bob:secret" not in str(caught.value)
    assert "token@" not in str(caught.value)


@pytest.mark.parametrize("place", ["-oProxyCommand=x:y", "ssh://-oProxyCommand=touch/x", "h:-x"])
def test_names_that_look_like_options(place: str, world: World) -> None:
    with pytest.raises(HalfTUIError):
        locate(place.replace("touch", f"touch%20{world.canaries}/ran"))
    assert not world.has_run


def test_addresses(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nwhile [ $# -gt 1 ]; do shift; done\nexec sh -c "$1"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    git(project, "branch", "side")
    origin = locate(f"bob@host.example:{project}")
    assert (origin.branch, origin.hash, origin.is_url) == ("main", "sha1", True)
    assert locate(f"ssh://bob@host.example{project}", "side").branch == "side"
    with pytest.raises(NotFound, match="no branch"):
        locate(f"ssh://bob@host.example{project}", "nope")
    with pytest.raises(Misconfigured, match="no commits"):
        locate(f"ssh://bob@host.example{_empty(tmp_path / 'empty')}")
    with pytest.raises(Unavailable):
        locate(f"ssh://bob@host.example{tmp_path}/nothing")


def test_a_folder_that_is_deleted_later(world: World) -> None:
    origin = world.origin
    sha = world.work("b-1", {"x": "1"})
    shutil.move(world.project, world.home / "moved")
    with pytest.raises(HalfTUIError):
        world.repo.refresh(origin)
    assert world.repo.tip("halftui/b-1") == sha
    with pytest.raises(NotFound):
        locate(world.project)


def test_old_histories_with_harmless_faults_are_taken(world: World) -> None:
    tree = git(world.project, "rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nauthor A <a@b.c> 1 +9999999\ncommitter A<a@b.c> 01 +0000\n\no\0ld\n"
    sha = git(world.project, "hash-object", "-t", "commit", "-w", "--literally", "--stdin",
              stdin=raw.encode())  # fmt: skip
    git(world.project, "update-ref", "refs/heads/old", sha)
    world.repo.refresh(world.origin)
    assert world.repo.tip("old") == sha


def test_a_damaged_project_is_said_to_be_one(world: World) -> None:
    sha = commit(world.project, "w", {"lost.txt": "lost"})
    blob = git(world.project, "rev-parse", f"{sha}:lost.txt")
    (world.project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(Refused, match="fsck"):
        world.repo.refresh(world.origin)
    assert world.repo.tip("main") != sha


@pytest.mark.parametrize("name", ["Ada", 'A "b" \\ c', "a # b ; c", "日本", " spaces ", "two\nlines", "a\0b"])
def test_a_clone_knows_its_agents_name(world: World, name: str) -> None:
    tree = world.repo.clone("b-1", world.home / "b-1", "main", Person(name, "a@b"))
    plain = name.replace("\0", "")
    assert git(tree.path, "config", "-z", "--get", "user.name").rstrip("\0").strip() == plain.strip()
    assert git(tree.path, "config", "--get-all", "user.email") == "a@b"
