"""Merges accepted plans and results into the collaboration repository, until they are there."""

import logging

from halftui.domain.actor import ENGINE
from halftui.domain.names import BEAD_BRANCHES
from halftui.domain.shown import BoardRow
from halftui.domain.text import clean
from halftui.engine.rooms import Rooms
from halftui.errors import Conflict, HalfTUIError, Refused
from halftui.failpoints import failpoint
from halftui.ops import collab, pulls, signers, views
from halftui.ops.pulls import Act
from halftui.store.store import Store
from halftui.workspace.merging import Clash
from halftui.workspace.origin import Origin
from halftui.workspace.repository import Repository
from halftui.workspace.signing import Signer
from halftui.workspace.tree import Person

log = logging.getLogger(__name__)

TRIES = 8  # at once, when the target moved in between
_BOARD = Person("HalfTUI", "halftui@localhost")


def settle(store: Store, rooms: Rooms, board: BoardRow) -> None:
    """Merge what is due on a board; what can't be merged now stays in the outbox. Blocks."""
    for act in store.read(pulls.due):
        if act.act == "collab" and act.board == board.id:
            try:
                land(store, rooms, act)
            except HalfTUIError as error:
                log.warning("results were not merged", extra={"bead": act.bead, "why": str(error)})


def land(store: Store, rooms: Rooms, act: Act) -> None:
    """Merge the plans and results of one bead, and note that. Blocks.

    What others merged meanwhile is combined with them. Raises Refused, with nothing changed, if both
    changed the same lines; the work stays on the bead's branch in the board's own copy.
    """
    board = store.read(views.board, act.board)
    if not board.collab:
        raise Refused("this board has no collaboration repository any more", "halftui board edit --collab")
    worker = store.read(signers.worker_of, act.bead)
    signer = rooms.signer(worker) if worker else None
    repository = rooms.collab(board)
    sha = _until_it_holds(repository, rooms.collab_origin(board), act, signer)
    failpoint("shared.after")
    store.write(ENGINE, collab.landed, act.seq, sha)


def _until_it_holds(repository: Repository, origin: Origin, act: Act, signer: Signer | None) -> str:
    target, author = origin.branch, signer.person if signer else _BOARD
    for left in reversed(range(TRIES)):
        repository.create(origin)  # made by whoever comes first, then brought up to date
        note = f"Results of {act.bead}"
        merged = repository.merge(act.bead, act.tip, target, note, author, _BOARD, signer=signer)
        if isinstance(merged, Clash):
            paths = ", ".join(clean(path) for path in merged.paths[:5])
            raise Refused(
                f"its results conflict with {target} in {paths}",
                f"merge {BEAD_BRANCHES}{act.bead} of {repository.path} by hand",
            )
        try:
            repository.land(merged, origin, target)
        except Conflict:
            if not left:
                raise
        else:
            return merged.sha
    raise AssertionError("the last try returns or raises")
