"""The clones of an attempt: of the project and, on some boards, of plans and results beside it."""

from dataclasses import dataclass
from pathlib import Path

from halftui.domain import results
from halftui.domain.names import BEAD_BRANCHES
from halftui.domain.shown import BoardRow, Detail
from halftui.engine import reviewing, sharing
from halftui.engine.naming import collab_key
from halftui.engine.rooms import Rooms
from halftui.engine.settled import measured
from halftui.ops import journeys, views
from halftui.ops.attempts import Claim, Shared, Work
from halftui.sandbox.base import Places
from halftui.service import reaching
from halftui.service.review import result_of
from halftui.store.store import Store
from halftui.workspace.blobs import read_blobs
from halftui.workspace.repository import Repository
from halftui.workspace.tree import Person, Tree, branch_of, read_plain, remove, tip_of

PAIRS = "pairs"  # in a bead's folder: one folder with `code` and `collab` for each such repository


@dataclass(frozen=True, slots=True)
class Clones:
    """The clones of one attempt, and the board's repositories that they belong to."""

    folder: Path  # of the bead
    bead: Detail
    repository: Repository
    tree: Tree
    is_new: bool  # the clone was made just now, so that no session can go on in it
    collab: Repository | None = None
    beside: Tree | None = None
    result: str = ""  # of the work under review, in words
    stale: tuple[str, ...] = ()  # why it is not of what stands in the person's repositories now

    def places(self, sockets: Path, tool: Path | None) -> Places:
        """Return what a sandbox shows of it."""
        return Places(
            self.tree.path, self.folder / "home", sockets, self.repository.objects, tool,
            self.beside.path if self.beside else None, self.collab.objects if self.collab else None,
        )  # fmt: skip

    def has_pointers(self) -> bool:
        """Return True if files of the project are kept by Git LFS: here are their pointers alone. Blocks."""
        return b"filter=lfs" in (read_plain(self.tree, ".gitattributes") or b"")

    def fault(self) -> str:
        """Return what is wrong with the result that lies in the clone now, "" if nothing is. Blocks."""
        if self.beside is None:
            return ""
        bead, tree = self.bead.card.id, self.beside
        read = {path: read_plain(tree, path) for path in results.paths(bead)}
        return results.fault(bead, {path: content for path, content in read.items() if content is not None})


def folder_of(home: Path, bead: str, *, is_review: bool = False) -> Path:
    """Return the folder of all that attempts at a bead have on this machine."""
    return home / ("reviews" if is_review else "beads") / branch_of(bead).removeprefix(BEAD_BRANCHES)


def prepare(rooms: Rooms, store: Store, claim: Claim, board: BoardRow) -> Clones:
    """Return the clones, made if they are not there. Blocks."""
    repository, folder = rooms.repository(board), folder_of(rooms.home, claim.bead, is_review=claim.is_review)
    is_adopted = claim.heard is not None
    stale = [] if is_adopted else [reaching.bring(repository, lambda: rooms.origin(board), board.branch)]
    (folder / "home").mkdir(parents=True, exist_ok=True, mode=0o700)
    if claim.is_review:
        seen = store.read(views.bead, claim.bead)
        tree = reviewing.checkout(repository, seen, folder / "work", is_adopted=is_adopted)
        result = result_of(rooms.collab(board), seen) if board.collab else ""
        return Clones(folder, seen, repository, tree, False, stale=_said(stale), result=result)
    author = Person(claim.agent, f"{claim.agent.lower()}@agents.localhost")
    course = store.read(journeys.course, claim.bead)
    if course.is_own:
        repository.follow(course.branch, course.home, takes_home=course.needs_home)
    work = folder / PAIRS / collab_key(board.collab) / "code" if board.collab else folder / "work"
    is_new = not work.is_dir()
    tree = repository.clone(claim.bead, work, course.branch, author, course.home)
    bead = store.read(views.bead, claim.bead)
    if not board.collab:
        return Clones(folder, bead, repository, tree, is_new, stale=_said(stale))
    collab = rooms.collab(board)
    if not is_adopted:
        stale.append(reaching.bring(collab, lambda: rooms.collab_origin(board), board.collab_branch))
        sharing.settle(store, rooms, board)  # so that the agent sees the results of what it waited for
    beside = collab.clone(claim.bead, work.with_name("collab"), board.collab_branch, author)
    return Clones(folder, bead, repository, tree, is_new, collab, beside, stale=_said(stale))


def _said(sentences: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, sentences)))


def collect(clones: Clones, epoch: int) -> tuple[Work | None, Shared | None]:
    """Bring what an agent committed into the board's repositories; return what it is. Blocks."""
    tip = clones.repository.collect(clones.tree, epoch)
    work = measured(clones.repository, clones.tree, tip) if tip else None
    if clones.collab is None or clones.beside is None:
        return work, None
    shared = clones.collab.collect(clones.beside, epoch)
    bead = clones.bead.card.id
    found = read_blobs(
        clones.collab.path, shared or tip_of(clones.beside), results.paths(bead), results.LARGEST + 1
    )
    return work, Shared(shared or "", results.fault(bead, found))


def clear(clones: Clones) -> None:
    """Remove the clone that a reviewer looked at. Blocks."""
    remove(clones.tree.path)
