"""Merges heed the .gitattributes of their target, and start no program for them."""

from pathlib import Path

import pytest

from halftui.errors import Refused
from halftui.workspace import attributes
from halftui.workspace.attributes import heeded
from halftui.workspace.git import Git
from halftui.workspace.merging import Clash, Merged
from tests.workspace.scene import ADA, BOB, World, commit, git

LOG = "CHANGES"
ODD = "sub/räume/" + LOG


def _both(world: World, lines: str, path: str = LOG, at: str = ".gitattributes") -> Merged | Clash:
    """Let an agent and a person each change a file for which those attributes stand, and merge."""
    commit(world.project, "before", {at: lines, path: "".join(f"{n}\n" for n in range(20))})
    world.repo.refresh(world.origin)
    middle = "".join(f"{n}\n" for n in range(1, 19))
    tip = world.work("b-1", {path: f"first\n{middle}19\nours\n"})
    commit(world.project, "meanwhile", {path: f"0\n{middle}last\ntheirs\n"})
    world.repo.refresh(world.origin)
    return world.repo.merge("b-1", tip, "main", "m", ADA, BOB)


def _lines(world: World, merged: Merged | Clash, path: str = LOG) -> list[str]:
    assert isinstance(merged, Merged)
    return git(world.repo.path, "show", f"{merged.sha}:{path}").split()


def test_without_attributes_the_same_lines_clash(world: World) -> None:
    merged = _both(world, "other merge=union\n")
    assert isinstance(merged, Clash)
    assert merged.paths == (LOG,)


@pytest.mark.parametrize(
    ("lines", "path", "at"),
    [
        (f"{LOG} merge=union\n", LOG, ".gitattributes"),
        (f"{LOG} merge=union\n", ODD, ".gitattributes"),
        (f"{LOG} -text\tmerge=union", ODD, "sub/räume/.gitattributes"),
        (f"[attr]log merge=union\n{LOG} log\r\n", LOG, ".gitattributes"),
    ],
    ids=["top", "below", "in a folder", "by a macro"],
)
def test_a_union_takes_both(world: World, lines: str, path: str, at: str) -> None:
    found = _lines(world, _both(world, lines, path, at), path)
    assert {"ours", "theirs", "first", "last"} <= set(found)


@pytest.mark.parametrize("word", ["-merge", "merge=binary", "binary"])
def test_what_is_not_to_be_merged_clashes(world: World, word: str) -> None:
    commit(world.project, "before", {".gitattributes": f"{LOG} {word}\n", LOG: "a\n" * 20})
    world.repo.refresh(world.origin)
    tip = world.work("b-1", {LOG: "b\n" + "a\n" * 19})
    commit(world.project, "meanwhile", {LOG: "a\n" * 19 + "c\n"})
    world.repo.refresh(world.origin)
    merged = world.repo.merge("b-1", tip, "main", "m", ADA, BOB)
    assert isinstance(merged, Clash), "its lines do not touch each other, yet it is one thing"


def test_no_driver_is_run_wherever_it_is_named(world: World) -> None:
    for folder in (world.project, world.repo.path):
        git(folder, "config", "merge.evil.driver", f"{world.canary} %A %O %B")
        git(folder, "config", "merge.default", "evil")
    lines = f"{LOG} merge=evil\n*\tmerge=evil merge=evil\n"
    assert isinstance(_both(world, lines), Clash), "merged as text is"
    assert not world.has_run
    git(world.project, "fetch", "-q", str(world.repo.path), "halftui/b-1")
    git(world.project, "merge", "-q", "-m", "x", "FETCH_HEAD")
    assert world.has_run, "it would be"


def test_the_agents_own_attributes_do_not_count_for_its_own_merge(world: World) -> None:
    commit(world.project, "before", {LOG: "a\n"})
    world.repo.refresh(world.origin)
    tip = world.work("b-1", {LOG: "a\nours\n", ".gitattributes": f"{LOG} merge=union\n"})
    commit(world.project, "meanwhile", {LOG: "a\ntheirs\n"})
    world.repo.refresh(world.origin)
    assert isinstance(world.repo.merge("b-1", tip, "main", "m", ADA, BOB), Clash)


def _tree(world: World, *entries: tuple[str, str, str]) -> str:
    """Make a tree that git's own commands would not make; return its name."""
    raw = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(sha) for mode, name, sha in sorted(entries)
    )
    return git(world.repo.path, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)


def test_nothing_is_written_beside_the_folder(world: World) -> None:
    blob = git(world.repo.path, "hash-object", "-w", "--stdin", stdin=b"* merge=union\n")
    link = git(world.repo.path, "hash-object", "-w", "--stdin", stdin=b"/etc/passwd")
    plain = _tree(world, ("100644", ".gitattributes", blob))
    odd = [("40000", name, plain) for name in ("..", ".", ".gitattributes", "x" * 300, "good")]
    top = _tree(world, *odd, ("120000", "aside.gitattributes", link))
    linked = _tree(world, ("120000", ".gitattributes", link), ("40000", "below", top))
    board = Git((f"--git-dir={world.repo.path}",))
    with heeded(board, linked) as seeing:
        folder = Path(seeing.where[1])
        written = [file for file in folder.rglob("*") if not file.is_dir()]
        assert written == [folder / "below/good/.gitattributes"]
        assert not (folder.parent / ".gitattributes").exists()


def test_more_than_anybody_writes_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attributes, "CAP", 10)
    with pytest.raises(Refused, match="gitattributes"):
        _both(world, f"{LOG} merge=union\n")
