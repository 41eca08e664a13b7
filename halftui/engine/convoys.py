"""Looks after convoys beside the engine's rounds: lands what is due, and names what is stranded."""

import asyncio
import logging

from halftui.domain.actor import PATROL
from halftui.engine.rooms import Rooms
from halftui.errors import HalfTUIError, Unavailable
from halftui.ops import convoys, journeys, views
from halftui.ops.journeys import Due
from halftui.store.store import Store
from halftui.workspace.threads import in_git

log = logging.getLogger(__name__)


async def attend(store: Store, rooms: Rooms) -> None:
    """Land convoys whose beads are all finished; tell, once each time, of those in which nothing moves."""
    try:
        for due in await asyncio.to_thread(store.read, journeys.due):
            if not due.remark:  # what could not land waits for a person, or for another bead
                await in_git(_land, store, rooms, due)
        for convoy, reasons in await asyncio.to_thread(store.read, journeys.strandings):
            await asyncio.to_thread(store.write, PATROL, convoys.strand, convoy, reasons)
    except Unavailable as error:  # the database; asked again in the next round
        log.warning("convoys wait", extra={"why": str(error)})


def _land(store: Store, rooms: Rooms, due: Due) -> None:
    try:
        rooms.land(store.read(views.board, due.board), due.convoy)
    except HalfTUIError as error:
        log.warning("a convoy did not land", extra={"convoy": due.convoy, "why": str(error)})
