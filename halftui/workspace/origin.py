"""Looks at the repository that a person names: a folder on this machine, or an address."""

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from halftui.domain.address import scope_of
from halftui.domain.names import BEAD_BRANCHES
from halftui.errors import Misconfigured, NotFound
from halftui.workspace.git import Git, check_version, lines
from halftui.workspace.host import Host

URL_PROTOCOLS: Final = "ssh:https"
HEADS: Final = "refs/heads/"
SHA1_DIGITS: Final = 40

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(://|::)")
_SSH_SHORT = re.compile(r"(?!-)[A-Za-z0-9_.@-]+:(?!/?-)\S+")

# Faults that old tools left in many a history; harmless, and nobody can mend them now.
OLD_FAULTS: Final = (
    "badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "duplicateEntries",
    "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail",
    "multipleAuthors", "nullSha1", "treeNotSorted", "zeroPaddedDate", "zeroPaddedFilemode",
    "missingTaggerEntry", "badTagName", "nulInCommit", "emptyName", "hasDot", "hasDotdot", "fullPathname",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """A person's repository: `git_dir` is None for an address, `root` also for a bare one."""

    place: str  # the folder's absolute path, or the address
    branch: str  # the branch that a board works towards
    hash: str = "sha1"  # how it names objects: sha1 or sha256
    git_dir: Path | None = None  # shared by all its working trees
    root: Path | None = None  # the top of the working tree
    host: Host | None = field(default=None, compare=False)  # of an https address, what lets git in

    @property
    def is_url(self) -> bool:
        """True if it is reached over a network."""
        return self.git_dir is None

    @property
    def git(self) -> Git:
        """The git that reads and writes it; for an address one without a repository."""
        return Git() if self.git_dir is None else Git((f"--git-dir={self.git_dir}",))

    def reached_by(self, git: Git) -> Git:
        """Return a board's git as it speaks to this address."""
        return replace(git.having(protocols=URL_PROTOCOLS), host=self.host)


def locate(place: str | Path, branch: str = "", host: Host | None = None) -> Origin:
    """Return the repository at a folder, at any folder in its tree, or at an ssh or https address.

    `branch` is the board's branch; without it, the one that is checked out counts (of an address:
    its default). `host` is what lets git in at an https address. Raises Misconfigured or NotFound with the
    remedy, Unavailable for an address that does not answer, Unauthorized for one that lets nobody in.
    """
    check_version()
    text = _plain(str(place))
    scheme = _SCHEME.match(text)
    if scheme and scheme[1] == "file" and scheme[2] == "://":
        return _folder(Path(text.removeprefix("file://")), branch)
    if not Path(text).exists() and (scheme or _SSH_SHORT.fullmatch(text)):
        return _address(text, branch, host)
    return _folder(Path(text), branch)


def branches(origin: Origin) -> dict[str, str]:
    """Return a folder's branches: full ref name -> commit."""
    listed = origin.git.text("for-each-ref", "--format=%(objectname) %(refname)", HEADS)
    pairs = (line.split(" ", 1) for line in lines(listed))
    return {name: sha for sha, name in pairs}


def trees(origin: Origin, branch: str) -> list[Path]:
    """Return the folders where that branch of the origin is checked out."""
    listed = origin.git.text("worktree", "list", "--porcelain", "-z")
    found = []
    for record in listed.split("\0\0"):
        fields = dict(line.partition(" ")[::2] for line in record.split("\0"))
        folder = Path(fields.get("worktree") or "/")
        if fields.get("branch") == HEADS + branch and _belongs(folder, origin):
            found.append(folder)
    return found


def is_rebased(origin: Origin, branch: str) -> bool:
    """True while somebody rebases that branch; git then lists it as checked out nowhere."""
    assert origin.git_dir is not None
    homes = [origin.git_dir, *(origin.git_dir / "worktrees").glob("*")]
    marks = [home / kind / "head-name" for home in homes for kind in ("rebase-merge", "rebase-apply")]
    return any(mark.is_file() and mark.read_bytes().strip() == os.fsencode(HEADS + branch) for mark in marks)


def _plain(place: str) -> str:
    if not place or place.startswith("-") or any(letter < " " for letter in place):
        raise Misconfigured(f"{place!r} is not a repository", "name a folder or an address")
    return place


def _address(url: str, branch: str, host: Host | None) -> Origin:
    scheme = _SCHEME.match(url)
    if scheme and (scheme[2] != "://" or scheme[1] not in URL_PROTOCOLS.split(":")):
        raise Misconfigured(
            f"HalfTUI does not use {scheme[0]} addresses", "use an ssh:// or https:// address"
        )
    if re.match(r"https://[^/]*@|ssh://[^/@]*:[^/@]*@", url):
        raise Misconfigured(
            "An address may not hold a password or a token",
            "use ssh with a key of your ssh agent, or: halftui secrets set https://HOST",
        )
    scope = scope_of(url)
    host = host or (Host(scope) if scope else None)
    git = Git(protocols=URL_PROTOCOLS, host=host)
    listed = git.text("ls-remote", "--symref", "--", url, "HEAD", "refs/heads/*")
    heads = dict(line.split("\t")[::-1] for line in lines(listed) if not line.startswith("ref:"))
    default = [line.split("\t")[0] for line in lines(listed) if line.startswith("ref:")]
    chosen = branch or (default[0].removeprefix("ref: " + HEADS) if default else "")
    if not heads:
        raise Misconfigured(f"{url} has no commits", "push a first commit to it")
    _require_branch(chosen, {name: sha for name, sha in heads.items() if name != "HEAD"}, url)
    is_long = len(next(iter(heads.values()))) > SHA1_DIGITS
    return Origin(url, chosen, "sha256" if is_long else "sha1", host=host)


def _folder(path: Path, branch: str) -> Origin:
    folder = path.expanduser().absolute()
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}", "name the folder of a git repository")
    answer = _look(folder)
    git_dir, common, hash_name, is_bare, is_shallow, is_inside = answer[:6]
    root = None if is_bare == "true" else _root(folder, git_dir, is_inside=is_inside == "true")
    if is_shallow == "true":
        raise Misconfigured(f"{folder} is a shallow clone", "fetch its whole history: git fetch --unshallow")
    origin = Origin(str(root or folder), "", hash_name, Path(common), root)
    chosen = branch or _current(origin)
    _require_branch(chosen, branches(origin), str(root or folder))
    return Origin(origin.place, chosen, hash_name, origin.git_dir, root)


def _look(folder: Path) -> list[str]:
    words = ("--absolute-git-dir", "--path-format=absolute", "--git-common-dir")
    more = ("--show-object-format", "--is-bare-repository", "--is-shallow-repository")
    answer = Git(("-C", str(folder))).run("rev-parse", *words, *more, "--is-inside-git-dir", ok=(0, 128))
    if answer.code and "not a git repository" in answer.err:
        raise Misconfigured(f"{folder} is not a git repository", "run git init there and make a first commit")
    if answer.code:
        raise Misconfigured(f"git can't read {folder}", answer.err.strip()[:200])
    return answer.text.split("\n")


def _root(folder: Path, git_dir: str, *, is_inside: bool) -> Path:
    if is_inside:
        raise Misconfigured(f"{folder} is the inside of a repository", "name the folder above it")
    root = Path(Git(("-C", str(folder))).text("rev-parse", "--show-toplevel"))
    # core.worktree can name any folder, such as the home folder, as the place to write files.
    if root != folder and (not root.is_dir() or _git_dir(root) != git_dir):
        raise Misconfigured(
            f"{folder} says that its files are in {root}, which is another place",
            "remove core.worktree from its settings",
        )
    return root


def _git_dir(folder: Path) -> str:
    git = Git(("-C", str(folder)))
    answer = git.run("rev-parse", "--absolute-git-dir", ok=(0, 128))
    return answer.text if answer.code == 0 else ""


def _belongs(folder: Path, origin: Origin) -> bool:
    """True if the folder exists and git, asked there, finds this very repository and tree."""
    if not folder.is_dir():
        return False
    answer = Git(("-C", str(folder))).run(
        "rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel", ok=(0, 128)
    )
    return answer.code == 0 and answer.text == f"{origin.git_dir}\n{os.path.realpath(folder)}"


def _current(origin: Origin) -> str:
    # HEAD of the named folder's own working tree, not of the repository's first one.
    git = origin.git if origin.root is None else Git(("-C", str(origin.root)))
    answer = git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    if answer.code == 0:
        return answer.text.removeprefix(HEADS)
    raise Misconfigured(
        f"{origin.place} has no branch checked out (its HEAD is detached)",
        "switch to a branch there, or name one",
    )


def _require_branch(branch: str, known: dict[str, str], place: str) -> None:
    if not known:
        raise Misconfigured(f"{place} has no commits", "make a first commit there")
    if branch.startswith(BEAD_BRANCHES):
        raise Misconfigured(
            f"{branch} has a name as HalfTUI's own branches have", f"name a branch outside of {BEAD_BRANCHES}"
        )
    if HEADS + branch not in known:
        names = ", ".join(sorted(name.removeprefix(HEADS) for name in known)[:5])
        raise NotFound(f"{place} has no branch {branch or '(default)'}", f"it has {names}")


def fetch_levels() -> dict[str, str]:
    """Return the settings under which a fetch forgives an old history its harmless faults."""
    return {f"fetch.fsck.{fault}": "ignore" for fault in OLD_FAULTS}
