"""The list of changed files and their patches."""

import os
from pathlib import Path
from typing import Any

import pytest

from halftui.workspace.diff import Changes, File
from halftui.workspace.git import Git
from tests.workspace.scene import World, commit, git, write

ODD = [b"new\nline", b'quo"te', b"tab\there", b"-dash", b"\xff\xfe", "ümläut".encode(), b" space ",
       b":(glob)*", b"a\\b", b"*.txt", b"\x1b[31mred", b"dir/deep/\xe2\x80\xaeltr"]  # fmt: skip


def listed(world: World, epoch: int = 1, bead: str = "b-1") -> Changes:
    tree = world.clone(bead)
    commit(tree.path, "work")
    sha = world.repo.collect(tree, epoch)
    assert sha
    return world.repo.changes(world.repo.base_of(tree.branch), sha)


def only(changes: Changes) -> File:
    (file,) = changes.files
    return file


def patch(world: World, changes: Changes, *names: bytes) -> list[str]:
    return list(world.repo.patch(changes.base, changes.tip, names))


def test_odd_names(world: World) -> None:
    tree = world.clone()
    for number, name in enumerate(ODD):
        path = os.fsencode(tree.path) + b"/" + name
        Path(os.fsdecode(path)).parent.mkdir(parents=True, exist_ok=True)
        Path(os.fsdecode(path)).write_text(f"{number}\n")
    changes = listed(world)
    assert {file.names[0] for file in changes.files} == set(ODD)
    for file in changes.files:
        assert file.path.isprintable()
        assert file.path.encode()
        lines = patch(world, changes, *file.names)
        assert lines[-1] == f"+{ODD.index(file.names[0])}"
        assert sum(line.startswith("diff --git") for line in lines) == 1


def test_odd_names_land(world: World) -> None:
    test_odd_names(world)
    sha = world.repo.tip("halftui/b-1")
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert git(world.project, "status", "--porcelain") == ""
    found = {name for name in os.listdir(os.fsencode(world.project)) if name in ODD}  # noqa: PTH208
    assert len(found) == len(ODD) - 1


def test_a_rename_with_a_change(world: World) -> None:
    tree = world.clone()
    (tree.path / "a.txt").rename(tree.path / "moved.txt")
    write(tree.path, {"moved.txt": "one\ntwo\nthree\nfour\n"})
    changes = listed(world)
    file = only(changes)
    assert (file.kind, file.old_path, file.path) == ("renamed", "a.txt", "moved.txt")
    assert (file.plus, file.minus, file.names) == (1, 0, (b"a.txt", b"moved.txt"))
    lines = patch(world, changes, *file.names)
    assert "rename from a.txt" in lines
    assert "+four" in lines


def test_modes_links_binaries_and_empty_files(world: World) -> None:
    tree = world.clone()
    (tree.path / "a.txt").chmod(0o755)
    (tree.path / "b.txt").unlink()
    (tree.path / "b.txt").symlink_to("a.txt")
    (tree.path / "dir/c.txt").unlink()
    (tree.path / "link").symlink_to("/etc/passwd")
    write(tree.path, {"bin": b"\0\1\2", "empty": ""})
    sha = git(tree.path, "rev-parse", "HEAD")
    git(tree.path, "update-index", "--add", "--cacheinfo", f"160000,{sha},sub")
    (tree.path / "sub").mkdir()
    git(tree.path, "add", "-A", ":!sub")
    git(tree.path, "commit", "-q", "-m", "w")
    found = world.repo.collect(tree, 1)
    assert found
    changes = world.repo.changes(world.repo.base_of(tree.branch), found)
    assert {file.path: (file.kind.value, file.form.value) for file in changes.files} == {
        "a.txt": ("mode", "text"),
        "b.txt": ("mode", "symlink"),
        "bin": ("added", "binary"),
        "dir/c.txt": ("deleted", "text"),
        "empty": ("added", "text"),
        "link": ("added", "symlink"),
        "sub": ("added", "submodule"),
    }
    assert any("Binary files" in line for line in patch(world, changes, b"bin"))
    assert "new file mode 100644" in patch(world, changes, b"empty")
    assert "old mode 100644" in patch(world, changes, b"a.txt")


def test_line_ends_space_and_bytes(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"a.txt": "one\r\ntwo\nthree\n", "b.txt": b"\xe9 \xff\n"})
    changes = listed(world)
    assert "+one\r" in patch(world, changes, b"a.txt")
    assert "+\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}" in patch(world, changes, b"b.txt")
    names = [b"a.txt"]
    assert not list(world.repo.patch(changes.base, changes.tip, names, ignores_space=True))
    near = list(world.repo.patch(changes.base, changes.tip, names, context=0))
    assert " two" not in near
    assert " two" in patch(world, changes, b"a.txt")


def test_the_agent_alone_is_in_the_diff(world: World) -> None:
    sha = world.work("b-1", {"mine": "1\n"})
    commit(world.project, "theirs", {"theirs": "2\n"})
    world.repo.refresh(world.origin)
    changes = world.repo.changes(world.repo.tip("main"), sha)
    assert only(changes).path == "mine"
    assert not any("theirs" in line for line in world.repo.patch(world.repo.tip("main"), sha))


def test_tool_files_are_not_in_it(world: World) -> None:
    tree = world.clone()
    write(tree.path, {".claude/settings.local.json": "{}", ".claude/commands/x.md": "x", "y": "y"})
    git(tree.path, "add", "-A")
    git(tree.path, "commit", "-q", "-m", "w")
    sha = world.repo.collect(tree, 1)
    assert sha
    files = world.repo.changes(world.repo.base_of(tree.branch), sha).files
    assert [file.path for file in files] == [".claude/commands/x.md", "y"]


def test_a_large_diff_costs_what_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"{n}\n" for n in range(1000))
    write(world.clone().path, {f"many/{n}.txt": lines for n in range(20)})
    tree = world.clone()
    commit(tree.path, "work")
    sha = world.repo.collect(tree, 1)
    assert sha
    got: list[int] = []
    execute = Git._execute

    def measured(*args: Any, **options: Any) -> Any:
        given = execute(*args, **options)
        got.append(len(given[1]))
        return given

    monkeypatch.setattr(Git, "_execute", measured)
    changes = world.repo.changes(world.repo.base_of(tree.branch), sha)
    assert (changes.plus, len(changes.files)) == (20_000, 20)
    assert 0 < sum(got) < 5_000  # bytes that git gave: the patch has more than 100,000
    monkeypatch.undo()
    one = patch(world, changes, b"many/3.txt")
    assert len(one) == 1000 + 6
    first = world.repo.patch(changes.base, changes.tip)
    assert next(first).startswith("diff --git a/many/0.txt")
    first.close()  # type: ignore[attr-defined]  # an Iterator that is a generator


def test_leaving_a_patch_early_ends_git(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"big.txt": "".join(f"{n} {'x' * 90}\n" for n in range(60_000))})
    changes = listed(world)
    before = _children()
    lines = world.repo.patch(changes.base, changes.tip)
    next(lines)
    assert _children() != before
    del lines
    assert _children() == before


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_an_enormous_file_is_not_loaded(world: World) -> None:
    tree = world.clone()
    write(tree.path, {"huge.txt": b"a line of text\n" * 1_600_000})
    changes = listed(world)
    assert only(changes).form == "binary"
    assert len(patch(world, changes, b"huge.txt")) < 10


def _pointer(number: int, *more: str) -> str:
    lines = [
        "version https://git-lfs.github.com/spec/v1",
        *more,
        f"oid sha256:{number:064x}",
        f"size {number}",
    ]
    return "\n".join(lines) + "\n"


def test_pointers_of_lfs_are_told_from_words(world: World) -> None:
    commit(
        world.project,
        "lfs",
        {".gitattributes": "*.bin filter=lfs\n", "old.bin": _pointer(1), "c.bin": "real\n"},
    )
    world.repo.refresh(world.origin)
    tree = world.clone()
    (tree.path / "a.txt").unlink()
    inner = "0" * 40
    write(tree.path, {
        "new.bin": _pointer(2), "old.bin": _pointer(3), "ext.bin": _pointer(4, f"ext-0-foo sha256:{5:064x}"),
        "c.bin": _pointer(6), "words.bin": _pointer(7) + "import os\n",
        "ext-words.bin": _pointer(8, "ext-0-foo rm -rf"), "b.txt": f"x\n{inner} blob 130\n{_pointer(9)}",
        "long.bin": _pointer(10) + "#" * 2000, "two.txt": _pointer(11) + _pointer(12),
    })  # fmt: skip
    (tree.path / "link.bin").symlink_to(_pointer(2))
    forms = {file.path: file.form.value for file in listed(world).files}
    assert {path for path, form in forms.items() if form == "lfs"} == {"new.bin", "old.bin", "ext.bin"}
    assert forms["link.bin"] == "symlink"
    assert forms["c.bin"] == "text", "a word that went is shown"


def test_no_filter_of_lfs_runs(world: World) -> None:
    for key in ("clean", "smudge", "process"):
        git(world.project, "config", f"filter.lfs.{key}", world.canary)
    git(world.project, "config", "filter.lfs.required", "true")
    write(world.project / ".git", {"info/attributes": "*.bin filter=lfs\n"})
    sha = world.work("b-1", {".gitattributes": "*.bin filter=lfs\n", "new.bin": _pointer(2)})
    world.has_run  # noqa: B018  what the person's own git ran
    world.repo.land(world.merge("b-1", sha), world.origin, "main")
    assert (world.project / "new.bin").read_text() == _pointer(2)
    assert not world.has_run
