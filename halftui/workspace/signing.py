"""Puts an agent's name and signature on what it committed, before that is merged.

An agent holds no key, and its commits name whom it likes as author. So each of them is written anew
with the same tree, message and time under the agent's own name, signed by its key. The same commits
and the same key give the same result, so merging again after a crash finds everything done.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from halftui.domain.names import CONVOY_BRANCHES
from halftui.workspace.git import Git
from halftui.workspace.tree import Person

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
    """
    others = ("--not", "--remotes", f"--branches={CONVOY_BRANCHES}*")
    listed = git.text("rev-list", "--reverse", "--topo-order", tip, f"^{onto}", *others).split()
    signed: dict[str, str] = {}
    for sha in listed:
        signed[sha] = _write(git, _renamed(git.run("cat-file", "commit", sha).out, signed, signer), signer)
    return signed.get(tip, tip)


def sign_one(git: Git, sha: str, signer: Signer) -> str:
    """Return a commit like this one that bears the signature, with its people as they are."""
    return _write(git, git.run("cat-file", "commit", sha).out, signer)


def _write(git: Git, commit: bytes, signer: Signer) -> str:
    head, _, message = commit.partition(b"\n\n")
    parent = re.search(rb"^(?:tree|parent) ([0-9a-f]+)$", head, re.MULTILINE)
    field = b"gpgsig-sha256" if parent is not None and len(parent[1]) == 64 else b"gpgsig"
    proof = signer.sign(commit).encode().replace(b"\n", b"\n ")
    full = head + b"\n" + field + b" " + proof + b"\n\n" + message
    return git.text("hash-object", "-t", "commit", "-w", "--stdin", stdin=full)


def _renamed(commit: bytes, signed: dict[str, str], signer: Signer) -> bytes:
    head, _, message = commit.partition(b"\n\n")
    lines = []
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            lines.append(b"parent " + signed.get(value.decode(), value.decode()).encode())
        elif key in (b"author", b"committer"):
            found = _TIME.search(value)
            lines.append(key + b" " + _person(signer.person) + b" " + (found[0] if found else b"0 +0000"))
        elif key == b"tree" or key in _KEPT:
            lines.append(line)
    return b"\n".join(lines) + b"\n\n" + message


def _person(person: Person) -> bytes:
    name, email = (re.sub(r"[<>\n\0]", "", text).strip(" .,:;\"'") for text in (person.name, person.email))
    return f"{name or 'agent'} <{email}>".encode("utf-8", "replace")
