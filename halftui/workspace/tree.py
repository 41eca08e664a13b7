"""An agent's clone on the disk: made by git before the agent has it, read without git ever after.

What lies in the folder later is the agent's: settings, hooks, links, even `.git` itself. So its
files are opened one by one, without following any link, and git sees only what was copied out.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from halftui.domain.names import BEAD_BRANCHES, fits_branch
from halftui.errors import NotFound, Refused
from halftui.workspace.git import SHA, Git

BROKEN: Final = ".broken-"  # in the name of a clone that was put aside

# Files that the agents' programs leave in a tree; they are no part of the work.
TOOL_FILES: Final = ("/.claude/settings.local.json", "/.claude/*.lock", "/.halftui/")

_LOOSE = re.compile(r"[0-9a-f]{38}([0-9a-f]{24})?")
_PACKED = re.compile(r"pack-[0-9a-f]+\.(pack|idx)")
_REF_CAP = 4 << 20
_BLOCK = 4096  # bytes that even an empty file takes of a disk, and of the cap
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Person:
    """Who stands in a commit."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A bead's clone: its folder, and the branch of the origin that it started from."""

    path: Path
    bead: str
    base: str

    @property
    def branch(self) -> str:
        """The branch that the agent works on."""
        return branch_of(self.bead)


def branch_of(bead: str) -> str:
    """Return the bead's branch. Raises Refused for an id that is not fit for a branch's name."""
    if not fits_branch(bead):
        raise Refused(f"{bead!r} can't name a branch", "letters, digits, '.', '_' and '-'")
    return BEAD_BRANCHES + bead


def grow(folder: Path, branch: str, start: str, objects: Path, refs: dict[str, str], author: Person) -> None:
    """Make a clone that borrows `objects`, with `branch` checked out at the commit `start`.

    `refs` are further refs and their commits. The folder must not exist, nor be seen by anyone.
    """
    hash_name = "sha1" if len(start) == 40 else "sha256"
    git = Git(("-C", str(folder)))
    Git().run(
        "init", "--quiet", "--template=", f"--object-format={hash_name}",
        f"--initial-branch={branch}", "--", str(folder),
    )  # fmt: skip
    _write(folder / ".git/objects/info/alternates", f"{objects}\n")
    _write(folder / ".git/info/exclude", "".join(f"{line}\n" for line in TOOL_FILES))
    with (folder / ".git/config").open("a", encoding="utf-8", errors="surrogateescape") as config:
        config.write(f"[user]\n\tname = {_quoted(author.name)}\n\temail = {_quoted(author.email)}\n")
    git.run("reset", "--quiet", "--hard", start)
    made = [f"create {name}\0{sha}\0" for name, sha in refs.items()]
    git.run("update-ref", "-z", "--stdin", stdin=os.fsencode("".join(made)))


def tip_of(tree: Tree) -> str:
    """Return the commit that the agent's branch is at, as the clone's files say.

    Raises NotFound if there is no such branch, Refused if the agent put something else in place
    of the folder `.git`.
    """
    with _git_folder(tree) as git_dir:
        loose = _read(git_dir, f"refs/heads/{tree.branch}".split("/"))
        if loose is None:
            packed = _read(git_dir, ["packed-refs"]) or b""
            wanted = f" refs/heads/{tree.branch}".encode()
            lines = [line for line in packed.split(b"\n") if line.endswith(wanted)]
            loose = lines[0].removesuffix(wanted) if lines else None
    if loose is None:
        raise NotFound(f"The clone of {tree.bead} has no branch {tree.branch}", "see its attempts")
    sha = loose.decode("ascii", "replace").strip()
    if not SHA.fullmatch(sha):
        raise Refused(f"The branch of {tree.bead} is no commit", "reject the work, or cancel it")
    return sha


def point(tree: Tree, refs: Mapping[str, str]) -> None:
    """Let refs of a clone be at these commits, by plain files: git does not run in it any more.

    Raises Refused if the agent put something else in place of a folder or file, or took one away.
    """
    with _git_folder(tree) as git_dir:
        with _entered(git_dir, "objects"):
            if _read(git_dir, ["HEAD"]) is None:
                raise Refused(f"The clone of {tree.bead} is no repository any more", "cancel the bead")
        for name, sha in refs.items():
            _put(git_dir, name.split("/"), f"{sha}\n".encode())


def put_aside(tree: Tree) -> None:
    """Rename a clone that its agent broke, so that the bead can go on and nothing is lost."""
    names = (tree.path.with_name(f"{tree.path.name}{BROKEN}{number}") for number in count(1))
    tree.path.rename(next(name for name in names if not os.path.lexists(name)))


def read_plain(tree: Tree, names: str) -> bytes | None:
    """Return what a file of the working tree holds, None if there is no such plain file.

    `names` is its path from the top of the clone.
    """
    try:
        root = os.open(tree.path, _FOLDER)
    except OSError:
        return None
    try:
        return _read(root, names.split("/"))
    except Refused:  # a link or a folder stands there
        return None
    finally:
        os.close(root)


def copy_objects(tree: Tree, target: Path, cap: int) -> None:
    """Copy the clone's own objects, at most `cap` bytes, into the folder `target`, as git has them.

    Raises Refused beyond that. The copies are unproven: they count once they were carried over.
    """
    left = cap
    with _git_folder(tree) as git_dir, _entered(git_dir, "objects") as objects:
        for name in _names(objects):
            rule = _PACKED if name == "pack" else _LOOSE if re.fullmatch("[0-9a-f]{2}", name) else None
            if rule is not None:
                left = _copy(objects, name, rule, target / name, left)
            if left < 0:
                raise Refused(
                    f"The work of {tree.bead} is larger than {cap >> 20} MB",
                    "raise the cap, or have the agent leave out large files",
                )


def remove(folder: Path) -> None:
    """Delete a folder with all in it, also what its owner may not read; links are not followed."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        folder.chmod(0o700)
        for _, names, _, here in os.fwalk(folder, follow_symlinks=False):
            for name in names:
                if stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
                    os.chmod(name, 0o700, dir_fd=here)
        shutil.rmtree(folder)


def _quoted(value: str) -> str:
    """Return a value as it stands in a file of git's settings."""
    plain = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("\0", "")
    return f'"{plain}"'


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextmanager
def _git_folder(tree: Tree) -> Iterator[int]:
    try:
        root = os.open(tree.path, _FOLDER)
    except OSError as error:
        raise NotFound(f"The clone of {tree.bead} is gone", "reopen the bead") from error
    try:
        with _entered(root, ".git") as git_dir:
            yield git_dir
    finally:
        os.close(root)


@contextmanager
def _entered(parent: int, name: str) -> Iterator[int]:
    try:
        folder = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        raise Refused(
            f"The agent's clone has no folder {name} of its own", "reject the work, or cancel it"
        ) from error
    try:
        yield folder
    finally:
        os.close(folder)


def _read(parent: int, parts: list[str]) -> bytes | None:
    """Return a small regular file's bytes, or None if there is none at the end of plain folders."""
    here, *rest = parts
    if rest:
        if not _is_there(parent, here):
            return None
        with _entered(parent, here) as folder:
            return _read(folder, rest)
    source = _open_file(parent, here)
    if source is None:
        return None
    with os.fdopen(source, "rb") as file:
        return file.read(_REF_CAP)


def _put(parent: int, parts: list[str], content: bytes) -> None:
    """Write a file whole, in plain folders that are made where they are missing."""
    here, *rest = parts
    if rest:
        with contextlib.suppress(FileExistsError):
            os.mkdir(here, dir_fd=parent)
        with _entered(parent, here) as folder:
            _put(folder, rest, content)
        return
    new = f".{here}.halftui"
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=parent)
        target = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=parent)
        with os.fdopen(target, "wb") as file:
            file.write(content)
        os.replace(new, here, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError as error:
        raise Refused(f"{here} in the agent's clone is no plain file", "reject the work") from error


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _is_there(parent: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _open_file(parent: int, name: str) -> int | None:
    try:
        source = os.open(name, _FILE, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{name} in the agent's clone is no plain file", "reject the work") from error
    if stat.S_ISREG(os.fstat(source).st_mode):
        return source
    os.close(source)
    raise Refused(f"{name} in the agent's clone is no plain file", "reject the work")


def _copy(parent: int, name: str, rule: re.Pattern[str], target: Path, left: int) -> int:
    """Copy the files whose names fit; return how many bytes are left, below 0 if too many."""
    with _entered(parent, name) as folder:
        target.mkdir(exist_ok=True)
        for entry in _names(folder):
            source = _open_file(folder, entry) if rule.fullmatch(entry) else None
            if source is None:
                continue
            with os.fdopen(source, "rb") as file:
                left -= max(os.fstat(source).st_size, _BLOCK)
                if left < 0:
                    return left
                with (target / entry).open("wb") as copied:
                    shutil.copyfileobj(file, copied, 1 << 20)
    return left
