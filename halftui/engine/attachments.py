"""Where the files stay that an agent at work attaches to its bead."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from halftui.domain.board_tools import LARGEST_ARTEFACT
from halftui.errors import Misconfigured, Refused
from halftui.ops import artefacts as rows
from halftui.sandbox.base import Inside, Places, Sandbox
from halftui.store.store import Store
from halftui.workspace import artefacts
from halftui.workspace.artefacts import Kept
from halftui.workspace.repository import Repository

OUT = "out"  # in the agent's home: for files that are no part of the work
_WHERE = f"give its path in your clone, or in ~/{OUT}"


@dataclass(frozen=True)
class Attachments:
    """What one attempt attaches; whoever keeps something holds `turn` until it is written down."""

    store: Store
    folder: Path  # of the bead's files
    bead: str
    places: Places
    inside: Inside
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(
        cls, store: Store, repository: Repository, bead: str, places: Places, sandbox: Sandbox
    ) -> "Attachments":
        """Return the attachments of a bead on which an agent works in those places."""
        return cls(store, artefacts.store_of(repository, bead), bead, places, sandbox.inside(places))

    def keep(self, path: object) -> Kept:
        """Copy a file that the agent names as it sees it. Blocks.

        Raises Refused or NotFound for what is no plain file of its own, Misconfigured for no path.
        """
        root, parts = self._place(path)
        return artefacts.take(root, parts, self.folder, LARGEST_ARTEFACT)

    def tidy(self) -> None:
        """Remove what is kept of the bead but not attached to it. Blocks."""
        wanted = {row.digest for row in self.store.read(rows.of_bead, self.bead)}
        artefacts.sweep(self.folder, wanted)

    def _place(self, path: object) -> tuple[Path, list[str]]:
        if not isinstance(path, str) or not path or not path.isprintable():
            raise Misconfigured("attach needs a path in words", _WHERE)
        work, out = f"{self.inside.work}/", f"{self.inside.home}/{OUT}/"
        if path.startswith(f"~/{OUT}/"):
            path = self.inside.home + path[1:]
        if path.startswith(out):
            root, rest = self.places.home, f"{OUT}/{path.removeprefix(out)}"
        else:
            root, rest = self.places.work, path.removeprefix(work)
        parts = [part for part in rest.split("/") if part not in ("", ".")]
        if rest.startswith(("/", "~")) or ".." in parts or not parts:
            raise Refused("that file is not in a folder of yours", _WHERE)
        return root, parts
