"""A review desk over a plain git repository, where the whole work of a bead is on its branch."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from halftui.domain.actor import ENGINE, Actor
from halftui.domain.shown import FileRow, Work
from halftui.errors import NotFound
from halftui.ops import beads, views
from halftui.service.review import Review
from halftui.store.store import Store


def git(folder: Path, *words: str) -> str:
    """Return what git prints in a folder; nothing of the user's configuration counts."""
    env = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "ann", "GIT_COMMITTER_EMAIL": "ann@example.org",
    }  # fmt: skip
    return subprocess.run(
        ["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True, timeout=30
    ).stdout


class PlainDesk(Review):
    """Looks at and merges `halftui/<bead>` in the board's own repository."""

    def __init__(self, store: Store, board: str, actor: Actor = ENGINE) -> None:
        self._store = store
        self._actor = actor
        self._board = store.read(views.board, board)
        self._folder = Path(self._board.repository)

    def work(self, bead: str) -> Work:
        """Return what the branch changes."""
        branch = f"halftui/{bead}"
        if not git(self._folder, "branch", "--list", branch).strip():
            raise NotFound(f"{bead} has no work yet", "let an agent work on it")
        base = git(self._folder, "merge-base", self._board.branch, branch).strip()
        counted = git(self._folder, "diff", "--numstat", base, branch).splitlines()
        parts = [line.split("\t") for line in counted]
        files = tuple(FileRow(path, path, "modified", "text", int(p), int(m)) for p, m, path in parts)
        return Work(bead, base, git(self._folder, "rev-parse", branch).strip(), files)

    def patch(self, bead: str, path: str, context: int = 3, *, ignores_space: bool = False) -> list[str]:
        """Return one file's diff."""
        work = self.work(bead)
        shown = git(self._folder, "diff", f"-U{context}", work.base, work.tip, "--", path).splitlines()
        return shown[next(i for i, line in enumerate(shown) if line.startswith("@@")) :]

    def accept(self, bead: str, *, own: bool = False) -> str:
        """Merge, and approve."""
        self._store.write(self._actor, beads.may_approve, bead, own=own)
        git(self._folder, "merge", "--no-ff", "-m", f"Merge {bead}", f"halftui/{bead}")
        merged = git(self._folder, "rev-parse", "HEAD").strip()
        self._store.write(self._actor, beads.approve, bead, merged, own=own)
        return merged


def desks(store: Store) -> Callable[[str], Review]:
    """Return what a Service makes its review desks with."""
    return lambda board: PlainDesk(store, board)
