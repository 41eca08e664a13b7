"""Lets a merge without a working tree heed the .gitattributes of its target, as one with a tree does.

git looks for them in a working tree, so it gets one that has nothing but these files. Ways to merge that
git has built in count; those that a program would have to do are left out, so that none is ever started.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from halftui.workspace.blobs import read_objects
from halftui.workspace.git import Git

CAP: Final = 16 << 20  # bytes of all of them

_NAME: Final = b".gitattributes"
_ENTRY: Final = re.compile(rb"100(?:644|755) blob ([0-9a-f]+)\t((?:[^/]+/)*?\.gitattributes)", re.DOTALL)
_LONGEST: Final = 255  # bytes of a name that a disk can have
_DEEPEST: Final = 2048  # bytes of a path
_BY_PROGRAM: Final = re.compile(rb"(?<=[ \t\r])merge=(?!(?:union|binary|text)(?:[ \t\r\n]|\Z))[^ \t\r\n]*")


@contextmanager
def heeded(git: Git, commit: str) -> Iterator[Git]:
    """Give a git that heeds the attributes of a commit's files within the context.

    Raises Refused if they are larger than CAP.
    """
    found = list(_found(git, commit))
    if not found:
        yield git
        return
    with tempfile.TemporaryDirectory() as folder:
        contents = dict(read_objects(git, {sha for sha, _ in found}, CAP, "its .gitattributes"))
        for sha, path in found:
            file = Path(folder, os.fsdecode(path))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_BY_PROGRAM.sub(b"", contents[sha]))
        yield replace(git, where=("-C", folder, *git.where, "--work-tree=."))


def _found(git: Git, commit: str) -> Iterator[tuple[str, bytes]]:
    """Yield blob and path of each such file that a disk can have, below its commit's top."""
    rest = b""
    with git.stream("ls-tree", "-r", "-z", "--full-tree", commit) as out:
        while piece := out.read(1 << 20):
            *entries, rest = (rest + piece).split(b"\0")
            for entry in entries:
                if entry.endswith(_NAME) and (plain := _ENTRY.fullmatch(entry)) and _is_sane(plain[2]):
                    yield plain[1].decode(), plain[2]


def _is_sane(path: bytes) -> bool:
    *folders, _ = path.split(b"/")
    odd = (b".", b"..", _NAME)
    return len(path) <= _DEEPEST and all(len(name) <= _LONGEST and name not in odd for name in folders)
