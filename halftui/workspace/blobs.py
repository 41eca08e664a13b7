"""Reads single files of a commit in a board's own repository, as git has them: nothing is checked out."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from halftui.workspace.git import Git

_PLAIN: Final = re.compile(rb"100(?:644|755) blob ([0-9a-f]+) +(\d+)\t(.+)", re.DOTALL)


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
