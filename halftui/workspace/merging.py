"""Combines two commits without a working tree."""

from dataclasses import dataclass

from halftui.errors import Refused
from halftui.workspace.attributes import heeded
from halftui.workspace.diff import readable
from halftui.workspace.git import Git
from halftui.workspace.message import written
from halftui.workspace.signing import Signer, sign_range, write
from halftui.workspace.tree import Person


@dataclass(frozen=True, slots=True)
class Merged:
    """A commit that holds both the target at `onto` and the agent's work; nothing landed yet."""

    sha: str
    onto: str


@dataclass(frozen=True, slots=True)
class Clash:
    """The work and the target at `onto` change the same lines of those files."""

    paths: tuple[str, ...]
    onto: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a merge commit says, and of whom; `noun` is what `ident` names."""

    ident: str
    noun: str
    message: str
    author: Person
    committer: Person


def combine(git: Git, onto: str, tip: str, note: Note, signer: Signer | None = None) -> Merged | Clash:
    """Return a commit that holds both, or where they clash. Raises Refused for unrelated ones."""
    tip = sign_range(git, onto, tip, signer) if signer else tip
    base = merge_base(git, onto, tip)
    if base == onto:
        return Merged(tip, onto)
    if base == tip:
        return Merged(onto, onto)
    with heeded(git, onto) as seeing:
        answer = seeing.run(
            "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", onto, tip, ok=(0, 1, 128)
        )
    if answer.code not in (0, 1):
        raise Refused(f"{note.ident} can't be merged: {answer.err.strip()[:200]}", "rebase the work")
    tree, *paths = (readable(part) for part in answer.out.split(b"\0"))
    if answer.code:
        return Clash(tuple(dict.fromkeys(path for path in paths if path)), onto)
    trailer = f"HalfTUI-{note.noun}: {note.ident}"
    made = written(tree, (onto, tip), note.author, note.committer, note.message, trailer)
    return Merged(write(git, made, signer), onto)


def merge_base(git: Git, one: str, other: str) -> str:
    """Return the best common ancestor, or nothing."""
    return git.run("merge-base", one, other, ok=(0, 1)).text
