"""Clones that are damaged, by accident or to attack: refused, with nothing of them taken in."""

import os
from pathlib import Path

import pytest

from halftui.errors import Refused
from tests.workspace.scene import World, commit, git


def _fifo(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _branch(text: str) -> object:
    return lambda tree: (tree / ".git/refs/heads/halftui/b-1").write_text(text)


BROKEN: dict[str, object] = {
    "garbage": _branch("garbage"),
    "empty": _branch(""),
    "option": _branch("--output=/tmp/x\n"),
    "symbolic": _branch("ref: refs/heads/main\n"),
    "unknown": _branch("1" * 40 + "\n"),
    "fifo": lambda tree: _fifo(tree / ".git/refs/heads/halftui/b-1"),
    "endless": lambda tree: (
        (tree / ".git/refs/heads/halftui/b-1").unlink(),
        (tree / ".git/refs/heads/halftui/b-1").symlink_to("/dev/zero"),
    ),
    "no objects": lambda tree: (tree / ".git/objects").rename(tree / "objects"),
    "no .git": lambda tree: (tree / ".git").rename(tree / "git"),
    "a blob": lambda tree: (tree / ".git/refs/heads/halftui/b-1").write_text(
        git(tree, "rev-parse", "HEAD:a.txt")
    ),
    "cut object": lambda tree: _damage(tree, lambda raw: raw[: len(raw) // 2]),
    "zeroed object": lambda tree: _damage(tree, lambda raw: b"\0" * len(raw)),
    "missing object": lambda tree: _damage(tree, None),
}


def _damage(tree: Path, change: object) -> None:
    blob = git(tree, "rev-parse", "HEAD:work.txt")
    path = tree / ".git/objects" / blob[:2] / blob[2:]
    raw = path.read_bytes()
    path.unlink()
    if callable(change):
        path.write_bytes(change(raw))


@pytest.mark.parametrize("name", BROKEN)
def test_broken_clones_are_refused(world: World, name: str) -> None:
    tree = world.clone()
    commit(tree.path, "w", {"work.txt": "w"})
    breaker = BROKEN[name]
    assert callable(breaker)
    breaker(tree.path)
    with pytest.raises(Refused):
        world.repo.collect(tree, 1)
    assert git(world.repo.path, "for-each-ref", "refs/heads") == ""
    assert not list(world.repo.path.glob("incoming-*"))


def test_a_pack_cut_anywhere_is_refused(world: World) -> None:
    tree = world.clone()
    commit(tree.path, "w", {f"{n}.txt": os.urandom(40) for n in range(5)})
    git(tree.path, "repack", "-q", "-l", "-d")
    (pack,) = (tree.path / ".git/objects/pack").glob("*.pack")
    raw = pack.read_bytes()
    pack.chmod(0o644)
    for length in range(0, len(raw), 64):
        pack.write_bytes(raw[:length])
        with pytest.raises(Refused):
            world.repo.collect(tree, 1)
    pack.write_bytes(raw)
    assert world.repo.collect(tree, 1)


def _plant_tree(tree: Path, entries: list[tuple[str, bytes, str]]) -> str:
    """Commit a tree of (mode, name, object) that git itself would not write."""
    raw = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(sha) for mode, name, sha in entries)
    made = git(tree, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    sha = git(tree, "commit-tree", "-m", "planted", "-p", "HEAD", made)
    git(tree, "update-ref", "refs/heads/halftui/b-1", sha)
    return sha


@pytest.mark.parametrize("name", [b".git", b".GIT", b"..", b"a/b", b"", b".git\xe2\x80\x8c"])
def test_trees_with_forbidden_names_are_refused(world: World, name: bytes) -> None:
    tree = world.clone()
    blob = git(tree.path, "rev-parse", "HEAD:a.txt")
    _plant_tree(tree.path, [("100644", name, blob)])
    with pytest.raises(Refused):
        world.repo.collect(tree, 1)
    assert git(world.repo.path, "for-each-ref", "refs/heads") == ""


@pytest.mark.parametrize(
    "text",
    [
        '[submodule "../../x"]\n\tpath = x\n\turl = /x\n',
        '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch\n',
        '[submodule "x"]\n\tpath = --x\n\turl = /x\n',
    ],
)
def test_submodules_that_attack_are_refused(world: World, text: str) -> None:
    tree = world.clone()
    commit(tree.path, "sub", {".gitmodules": text})
    with pytest.raises(Refused):
        world.repo.collect(tree, 1)
