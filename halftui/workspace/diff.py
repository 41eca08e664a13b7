"""What changed between two commits: first the list of files, a patch only when it is asked for."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from halftui.workspace.git import Git

_FLAGS: Final = ("-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options")
_SYMLINK: Final = "120000"
_SUBMODULE: Final = "160000"
_PLAIN: Final = ("100644", "100755")
_POINTER_LINES: Final = 8  # a pointer has three lines, and one for each extension
_POINTER_BYTES: Final = 1024  # as Git LFS has it
_POINTER: Final = re.compile(  # all that may stand in one, so that it hides no word of anybody
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\d-[a-z]{1,20} sha256:[0-9a-f]{64}\n){0,5}"
    rb"oid sha256:[0-9a-f]{64}\nsize \d{1,18}\n"
)
_Raw = tuple[list[str], tuple[bytes, ...]]


class Kind(StrEnum):
    """What happened to a file."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    MODE = "mode"  # nothing but its right to be run, or what sort of thing it is


class Form(StrEnum):
    """What sort of thing a file is (or was, if it is deleted)."""

    TEXT = "text"
    BINARY = "binary"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    LFS = "lfs"  # a pointer of Git LFS: the content is elsewhere, and is never fetched


@dataclass(frozen=True, slots=True)
class File:
    """One changed file. `path` and `old_path` are for reading; `names` ask for its patch."""

    path: str
    old_path: str  # differs from `path` only if it was renamed
    names: tuple[bytes, ...]  # the exact names that it has and had
    kind: Kind
    form: Form
    old_mode: str  # six octal digits, "000000" where it does not exist
    new_mode: str
    plus: int  # lines; 0 if it is binary
    minus: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What `tip` has that `base`, the commit where its work began, has not."""

    base: str
    tip: str
    files: tuple[File, ...]

    @property
    def plus(self) -> int:
        """How many lines came."""
        return sum(file.plus for file in self.files)

    @property
    def minus(self) -> int:
        """How many lines went."""
        return sum(file.minus for file in self.files)


def list_changes(git: Git, base: str, tip: str) -> Changes:
    """Return the changed files with their counts of lines."""
    out = git.run("diff-tree", "-z", "--raw", "--numstat", "--abbrev=40", *_FLAGS, base, tip).out
    fields = iter(out.split(b"\0")[:-1])
    raws: list[_Raw] = []
    counts: dict[bytes, tuple[bytes, bytes]] = {}
    for field in fields:
        if field.startswith(b":"):
            words = field[1:].decode("ascii").split(" ")
            raws.append((words, tuple(next(fields) for _ in range(2 if words[4][0] == "R" else 1))))
        else:
            plus, minus, name = field.split(b"\t", 2)
            if not name:  # renamed: the two names follow
                next(fields)
                name = next(fields)
            counts[name] = (plus, minus)
    pointers = _pointers(git, raws, counts)
    return Changes(base, tip, tuple(_file(words, names, counts, pointers) for words, names in raws))


def read_patch(
    git: Git, base: str, tip: str, names: Sequence[bytes], context: int, *, ignores_space: bool
) -> Iterator[str]:
    """Yield a patch's lines without their ends; bytes that are no UTF-8 become U+FFFD."""
    flags = ["-p", f"--unified={context}", "--full-index", *(["-w"] if ignores_space else [])]
    command = ("diff-tree", *flags, *_FLAGS, base, tip, "--", *map(os.fsdecode, names))
    with git.stream(*command) as lines:
        for line in lines:
            yield line.removesuffix(b"\n").decode("utf-8", "replace")


def _pointers(git: Git, raws: Sequence[_Raw], counts: Mapping[bytes, tuple[bytes, bytes]]) -> set[str]:
    """Return the blobs that are pointers of Git LFS; only files that changed in few lines are looked at."""
    few = (raw for raw in raws if all(_count(side) <= _POINTER_LINES for side in counts.get(raw[1][-1], ())))
    asked = sorted({sha for words, _ in few for mode, sha in zip(words[:2], words[2:4], strict=True)
                    if mode in _PLAIN and sha.strip("0")})  # fmt: skip
    if not asked:
        return set()
    sizes = git.text("cat-file", "--batch-check", stdin="\n".join(asked).encode() + b"\n").splitlines()
    small = [line.split()[0] for line in sizes if line.split()[1:2] == ["blob"]
             and int(line.split()[2]) <= _POINTER_BYTES]  # fmt: skip
    if not small:
        return set()
    out = git.run("cat-file", "--batch", stdin="\n".join(small).encode() + b"\n").out
    found, here = set(), 0
    while here < len(out):  # a line with name, kind and size, then so many bytes, then a line's end
        start = out.index(b"\n", here) + 1
        sha, _, size = out[here:start].split(b" ")
        here = start + int(size) + 1
        if _POINTER.fullmatch(out, start, here - 1):
            found.add(sha.decode())
    return found


def _file(
    words: list[str],
    names: tuple[bytes, ...],
    counts: Mapping[bytes, tuple[bytes, bytes]],
    pointers: set[str],
) -> File:
    old_mode, new_mode, old_sha, new_sha, letter = words
    plus, minus = counts.get(names[-1], (b"0", b"0"))
    sides = {sha for sha in (old_sha, new_sha) if sha.strip("0")}
    mode = old_mode if letter == "D" else new_mode
    return File(
        path=readable(names[-1]),
        old_path=readable(names[0]),
        names=names,
        kind=_kind(letter[0], is_same=old_sha == new_sha),
        form=Form.LFS if mode in _PLAIN and sides <= pointers else _form(mode, is_binary=plus == b"-"),
        old_mode=old_mode,
        new_mode=new_mode,
        plus=_count(plus),
        minus=_count(minus),
    )


def _kind(letter: str, *, is_same: bool) -> Kind:
    if letter == "M" and is_same:
        return Kind.MODE
    known = {"A": Kind.ADDED, "D": Kind.DELETED, "R": Kind.RENAMED, "T": Kind.MODE}
    return known.get(letter, Kind.MODIFIED)


def _form(mode: str, *, is_binary: bool) -> Form:
    special = {_SYMLINK: Form.SYMLINK, _SUBMODULE: Form.SUBMODULE}
    return special.get(mode, Form.BINARY if is_binary else Form.TEXT)


def _count(field: bytes) -> int:
    return int(field) if re.fullmatch(rb"\d+", field) else 0


def readable(name: bytes) -> str:
    """Return a name as text in which no letter breaks a line and every odd byte is shown."""
    text = name.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
