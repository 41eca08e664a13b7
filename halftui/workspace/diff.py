"""What changed between two commits: first the list of files, a patch only when it is asked for."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from halftui.workspace.git import Git

_FLAGS: Final = ("-r", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options")
_SYMLINK: Final = "120000"
_SUBMODULE: Final = "160000"


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
    raws: list[tuple[list[str], tuple[bytes, ...]]] = []
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
    return Changes(base, tip, tuple(_file(words, names, counts) for words, names in raws))


def read_patch(
    git: Git, base: str, tip: str, names: Sequence[bytes], context: int, ignore_space: bool
) -> Iterator[str]:
    """Yield a patch's lines without their ends; bytes that are no UTF-8 become U+FFFD."""
    flags = ["-p", f"--unified={context}", "--full-index", *(["-w"] if ignore_space else [])]
    command = ("diff-tree", *flags, *_FLAGS, base, tip, "--", *map(os.fsdecode, names))
    with git.stream(*command) as lines:
        for line in lines:
            yield line.removesuffix(b"\n").decode("utf-8", "replace")


def _file(words: list[str], names: tuple[bytes, ...], counts: dict[bytes, tuple[bytes, bytes]]) -> File:
    old_mode, new_mode, old_sha, new_sha, letter = words
    plus, minus = counts.get(names[-1], (b"0", b"0"))
    mode = old_mode if letter == "D" else new_mode
    return File(
        path=readable(names[-1]),
        old_path=readable(names[0]),
        names=names,
        kind=_kind(letter[0], is_same=old_sha == new_sha),
        form=_form(mode, is_binary=plus == b"-"),
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
