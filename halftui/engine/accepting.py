"""Accepts work that no person has to look at: the board wants it so, or an agent approved."""

import logging

from halftui.domain.shown import BoardRow
from halftui.engine.rooms import Rooms
from halftui.errors import HalfTUIError
from halftui.failpoints import failpoint
from halftui.ops import verdicts
from halftui.store.store import Store

log = logging.getLogger(__name__)


def accept(store: Store, rooms: Rooms, board: BoardRow, bead: str) -> None:
    """Merge and approve work that passed, or that an agent approved, as the board wants it. Blocks."""
    if board.review != "none" and bead not in store.read(verdicts.approved, board.id):
        return
    try:
        failpoint("release.before")
        rooms.accept(board, bead)
        failpoint("release.after")
    except HalfTUIError as error:
        log.warning("not merged", extra={"bead": bead, "why": str(error)})
