"""A person's repository, a board's repository and agents' clones, all made by real git."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from halftui.workspace.keeping import require_safe
from halftui.workspace.merging import Merged
from halftui.workspace.origin import Origin, locate
from halftui.workspace.repository import Repository
from halftui.workspace.tree import Person, Tree

ADA = Person("Ada", "ada@agents.example")
BOB = Person("Bob", "bob@people.example")


def environment(home: Path) -> dict[str, str]:
    """Return what a plain git of somebody with that home folder sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def git(folder: Path, *args: str | bytes, code: int = 0, stdin: bytes | None = None) -> str:
    """Run stock git in a folder and return its output."""
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        env=environment(folder.parent / "nobody"),
        capture_output=True,
        input=stdin,
        check=False,
    )
    assert done.returncode == code, (args, done.returncode, done.stderr, done.stdout)
    return done.stdout.decode("utf-8", "replace").strip()


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files, making the folders that they need."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(folder: Path, message: str, files: dict[str, str | bytes] | None = None) -> str:
    """Commit all that is in a folder; return the commit."""
    write(folder, files or {})
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "--no-verify", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def make_project(folder: Path) -> Path:
    """Make a person's repository with one commit on main."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Bob")
    git(folder, "config", "user.email", "bob@people.example")
    commit(folder, "first", {"a.txt": "one\ntwo\nthree\n", "b.txt": "b\n", "dir/c.txt": "c\n"})
    return folder


@dataclass
class World:
    """One project with its board."""

    home: Path

    def __post_init__(self) -> None:
        self.project = make_project(self.home / "project")
        self.repo = Repository(self.home / "board" / "repo.git")
        self.canaries = self.home / "canaries"
        self.canaries.mkdir()

    @property
    def origin(self) -> Origin:
        return locate(self.project)

    def open(self) -> "World":
        self.repo.create(self.origin)
        return self

    def clone(self, bead: str = "b-1", base: str = "main") -> Tree:
        return self.repo.clone(bead, self.home / "trees" / bead, base, ADA)

    def work(self, bead: str, files: dict[str, str | bytes], epoch: int = 1) -> str:
        """Have an agent commit files and collect them; return the commit."""
        tree = self.clone(bead)
        commit(tree.path, f"work on {bead}", files)
        sha = self.repo.collect(tree, epoch)
        assert sha is not None
        return sha

    def merge(self, bead: str, sha: str, target: str = "main") -> Merged:
        merged = self.repo.merge(bead, sha, target, f"Merge {bead}", ADA, BOB)
        assert isinstance(merged, Merged)
        return merged

    def forget(self, tree: Tree, tip: str = "", merged: str = "") -> None:
        """Delete a clone whose work is on main."""
        self.repo.forget(tree.path, lambda: require_safe(self.repo, tree, "main", tip, merged))

    @property
    def canary(self) -> str:
        """A program that leaves a file behind, then copies its input for at most 2 s."""
        script = self.home / "canary.sh"
        if not script.exists():
            script.write_text(f"#!/bin/sh\ntouch {self.canaries}/ran\nexec timeout 2 cat\n")
            script.chmod(0o755)
        return str(script)

    @property
    def has_run(self) -> bool:
        """True if the canary ran since this was asked last."""
        mark = self.canaries / "ran"
        ran = mark.exists()
        mark.unlink(missing_ok=True)
        return ran
