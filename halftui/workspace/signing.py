"""Puts an agent's name and signature on what it committed, before that is merged.

An agent holds no key, and its commits name whom it likes as author. So each of them is written anew
with the same tree, message and time under the agent's own name, signed by its key. The same commits
and the same key give the same result, so merging again after a crash finds everything done.
"""

import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from halftui.domain.names import CONVOY_BRANCHES
from halftui.workspace.blobs import read_objects
from halftui.workspace.git import Git
from halftui.workspace.message import person
from halftui.workspace.tree import Person

CAP: Final = 256 << 20  # bytes of all commits together, their files aside

_TIME = re.compile(rb"\d+ [+-]\d{4}$")
_KEPT = (b"encoding",)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and how: `sign` returns the armoured signature of a commit's bytes."""

    person: Person
    sign: Callable[[bytes], str]


def sign_range(git: Git, onto: str, tip: str, signer: Signer) -> str:
    """Return the commit that stands for `tip` once all commits since `onto` are the signer's.

    What the agent took in from the origin's branches or a convoy's stays as it is: others made it.
    Raises Refused if what the commits say is larger than CAP.
    """
    others = ("--not", "--remotes", f"--branches={CONVOY_BRANCHES}*")
    listed = git.text("rev-list", "--reverse", "--topo-order", tip, f"^{onto}", *others).split()
    names: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for sha, commit in read_objects(git, listed, CAP, "the messages of its commits"):
            signed = _signed(_renamed(commit, names, signer), signer)
            names[sha] = _name(signed, len(sha))
            Path(folder, names[sha]).write_bytes(signed)
        _write(git, [Path(folder, name) for name in names.values()])
    return names.get(tip, tip)


def write(git: Git, commit: bytes, signer: Signer | None) -> str:
    """Write a commit, with its people as they are, under that signature; return its name."""
    full = _signed(commit, signer) if signer else commit
    return git.text("hash-object", "-t", "commit", "-w", "--stdin", stdin=full)


def _write(git: Git, files: Sequence[Path]) -> None:
    """Write commits that lie in files of their names, by one git."""
    if files:
        asked = "".join(f"{file}\n" for file in files).encode()
        made = git.text("hash-object", "-t", "commit", "-w", "--no-filters", "--stdin-paths", stdin=asked)
        assert made.split() == [file.name for file in files], "git names them as we do"


def _name(commit: bytes, digits: int) -> str:
    """Return what git calls a commit, in so many digits as the repository's names have."""
    algorithm = hashlib.sha1 if digits == 40 else hashlib.sha256
    return algorithm(b"commit %d\0" % len(commit) + commit).hexdigest()


def _signed(commit: bytes, signer: Signer) -> bytes:
    head, _, message = commit.partition(b"\n\n")
    parent = re.search(rb"^(?:tree|parent) ([0-9a-f]+)$", head, re.MULTILINE)
    field = b"gpgsig-sha256" if parent is not None and len(parent[1]) == 64 else b"gpgsig"
    proof = signer.sign(commit).encode().replace(b"\n", b"\n ")
    return head + b"\n" + field + b" " + proof + b"\n\n" + message


def _renamed(commit: bytes, names: Mapping[str, str], signer: Signer) -> bytes:
    head, _, message = commit.partition(b"\n\n")
    lines = []
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            lines.append(b"parent " + names.get(value.decode(), value.decode()).encode())
        elif key in (b"author", b"committer"):
            found = _TIME.search(value)
            lines.append(key + b" " + person(signer.person) + b" " + (found[0] if found else b"0 +0000"))
        elif key == b"tree" or key in _KEPT:
            lines.append(line)
    return b"\n".join(lines) + b"\n\n" + message
