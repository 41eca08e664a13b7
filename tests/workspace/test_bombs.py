"""Work that is small as an agent made it, and beyond all bounds once it unfolds: refused in little time."""

import hashlib
import struct
import zlib

import pytest

from halftui.errors import Refused
from halftui.workspace import blobs
from halftui.workspace import git as git_module
from tests.workspace.scene import World, git, write

LARGEST_COPY = 0xFFFFFF


def _commit(world: World, tree: str) -> None:
    clone = world.clone().path
    commit = git(clone, "commit-tree", tree, "-p", "HEAD", "-m", "work")
    git(clone, "update-ref", "refs/heads/halftui/b-1", commit)


def _folders(world: World, levels: int) -> str:
    """Make a tree of ten files ten times within itself, so many times."""
    clone = world.clone().path
    blob = git(clone, "hash-object", "-w", "--stdin", stdin=b"x")
    entries = "".join(f"100644 blob {blob}\tf{n}\n" for n in range(10))
    for _ in range(levels):
        tree = git(clone, "mktree", stdin=entries.encode())
        entries = "".join(f"040000 tree {tree}\td{n}\n" for n in range(10))
    return git(clone, "mktree", stdin=entries.encode())


def _deep(world: World, levels: int) -> str:
    clone = world.clone().path
    sha, mode = git(clone, "hash-object", "-w", "--stdin", stdin=b"x"), b"100644"
    for _ in range(levels):
        body = mode + b" d\0" + bytes.fromhex(sha)
        raw = b"tree %d\0" % len(body) + body
        sha, mode = hashlib.sha1(raw, usedforsecurity=False).hexdigest(), b"40000"
        write(clone, {f".git/objects/{sha[:2]}/{sha[2:]}": zlib.compress(raw)})
    return sha


def _head(kind: int, size: int) -> bytes:
    found, rest = [(kind << 4) | (size & 15)], size >> 4
    while rest:
        found[-1] |= 0x80
        found.append(rest & 0x7F)
        rest >>= 7
    return bytes(found)


def _number(value: int) -> bytes:
    found = [value & 0x7F]
    while value := value >> 7:
        found[-1] |= 0x80
        found.append(value & 0x7F)
    return bytes(found)


def _copies(world: World, times: int) -> str:
    """Put in a file that is kept as so many copies of another one; return a tree that holds it."""
    clone, base = world.clone().path, bytes(LARGEST_COPY)
    whole, made = len(base) * times, hashlib.sha1(usedforsecurity=False)
    made.update(b"blob %d\0" % whole)
    for _ in range(times):
        made.update(base)
    name = hashlib.sha1(b"blob %d\0" % len(base) + base, usedforsecurity=False).digest()
    delta = _number(len(base)) + _number(whole) + b"\xf0\xff\xff\xff" * times
    objects = _head(3, len(base)) + zlib.compress(base), _head(7, len(delta)) + name + zlib.compress(delta)
    pack = b"PACK" + struct.pack(">II", 2, 2) + b"".join(objects)
    git(clone, "index-pack", "--stdin", stdin=pack + hashlib.sha1(pack, usedforsecurity=False).digest())
    return git(clone, "mktree", stdin=f"100644 blob {made.hexdigest()}\tzeros\n".encode())


@pytest.mark.parametrize("levels", [5, 30])
def test_trees_within_trees(world: World, levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MOST_FILES", 50_000)
    _commit(world, _folders(world, levels))
    with pytest.raises(Refused, match="more than 50,000 files"):
        world.repo.collect(world.clone(), 1)
    assert git(world.repo.path, "for-each-ref", "refs/heads") == ""
    assert not list(world.repo.path.glob("incoming-*"))


def test_more_than_anybody_can_look_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "MOST_CHANGED", 999)
    _commit(world, _folders(world, 2))
    with pytest.raises(Refused, match="more than 999 files"):
        world.repo.collect(world.clone(), 1)
    monkeypatch.setattr(blobs, "MOST_CHANGED", 1003)  # a thousand came, three went
    assert world.repo.collect(world.clone(), 1)


def test_a_folder_deeper_than_any_disk_has(world: World) -> None:
    _commit(world, _deep(world, 3_000))
    with pytest.raises(Refused, match="a path that no disk can have"):
        world.repo.collect(world.clone(), 1)


def test_a_file_that_unfolds_to_more_than_is_taken_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "_STRANGERS", {"GIT_ALLOC_LIMIT": "60m"})
    _commit(world, _copies(world, 4))
    with pytest.raises(Refused, match="unfold to more"):
        world.repo.collect(world.clone(), 1)
    monkeypatch.setattr(git_module, "_STRANGERS", {"GIT_ALLOC_LIMIT": "80m"})
    assert world.repo.collect(world.clone(), 1)


def test_what_takes_too_long_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module, "_STRANGERS_SECONDS", 0.01)
    _commit(world, _copies(world, 8))
    with pytest.raises(Refused, match="Timeout"):
        world.repo.collect(world.clone(), 1)


def test_empty_files_count_as_what_they_take_of_a_disk(world: World) -> None:
    tree = world.clone()
    _commit(world, _folders(world, 1))
    write(tree.path, {f".git/objects/aa/{n:038x}": "" for n in range(50)})
    with pytest.raises(Refused, match="larger than"):
        world.repo.collect(tree, 1, cap=40 * 4096)
