"""Reads single files of a commit in a board's own repository, as git has them: nothing is checked out."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from halftui.errors import Refused
from halftui.workspace.git import Git

MOST_FILES: Final = 1_000_000  # in one commit
MOST_CHANGED: Final = 200_000  # by one bead: each is a row of its list of changes
LONGEST_PATH: Final = 4096  # bytes
_PLAIN: Final = re.compile(rb"100(?:644|755) blob ([0-9a-f]+) +(\d+)\t(.+)", re.DOTALL)


def require_sane(git: Git, commit: str, bead: str) -> None:
    """Raise Refused for a commit with too many files, or too deep ones.

    A few trees that hold each other many times are billions of files.
    """
    _require_few(git, ("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit), MOST_FILES, bead)


def require_readable(git: Git, base: str, tip: str, bead: str) -> None:
    """Raise Refused if more files changed between two sane commits than anybody can look at."""
    _require_few(git, ("diff-tree", "-r", "-z", "--name-only", base, tip), MOST_CHANGED, bead)


def _require_few(git: Git, command: tuple[str, ...], most: int, bead: str) -> None:
    count, longest, rest = 0, 0, b""
    with git.stream(*command) as out:
        while count <= most and longest <= LONGEST_PATH and (piece := out.read(1 << 20)):
            *names, rest = (rest + piece).split(b"\0")
            count += len(names)
            longest = max(map(len, (*names, rest)))
    if count > most or longest > LONGEST_PATH:
        what = f"more than {most:,} files" if count > most else "a path that no disk can have"
        raise Refused(f"The work of {bead} has {what}", "reject the work, or cancel it")


def read_objects(git: Git, names: Collection[str], cap: int, what: str) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of objects that are there: one git reads them all, one is held at a time.

    Raises Refused, about `what`, beyond `cap` bytes together.
    """
    left, asked = cap, "".join(f"{name}\n" for name in names).encode()
    with git.stream("cat-file", "--batch", stdin=asked) as out:
        while line := out.readline():
            name, _, size = line.split()
            left -= int(size)
            if left < 0:
                raise Refused(f"{what} are larger than {cap >> 20} MB", "reject the work, or cancel it")
            yield name.decode(), out.read(int(size))
            out.read(1)  # the line's end behind each


def read_blobs(repository: Path, commit: str, paths: Sequence[str], most: int) -> dict[str, bytes]:
    """Return the plain files of a commit that lie at those paths, by path, at most `most` bytes of each.

    Links, folders and what is not there are left out.
    """
    git = Git((f"--git-dir={repository}",))
    listed = git.run("ls-tree", "-z", "--long", "--full-tree", commit, "--", *paths).out
    found: dict[str, bytes] = {}
    for entry in filter(None, listed.split(b"\0")):
        if plain := _PLAIN.fullmatch(entry):
            with git.stream("cat-file", "blob", plain[1].decode()) as content:
                found[plain[3].decode("utf-8", "replace")] = content.read(most)
    return found
