"""The repair round: what a crash left behind is put right."""

import asyncio
import logging

from halftui.domain.actor import PATROL
from halftui.domain.happenings import Outcome
from halftui.engine.attempt import HOME_LABEL, home_label
from halftui.engine.rooms import Rooms
from halftui.errors import Conflict, HalfTUIError
from halftui.ops import attempts, beads, views
from halftui.store.store import Rows, Store

log = logging.getLogger(__name__)


async def reconcile(store: Store, rooms: Rooms) -> None:
    """At the start, with nobody else at work: end every attempt of the dead board, clear its sandboxes.

    Their beads open again; branch, clone and session are kept, so that the work goes on.
    """
    for attempt, epoch in await asyncio.to_thread(store.read, _live):
        await _lose(store, attempt, epoch, "the board died")
    for board in await asyncio.to_thread(store.read, views.boards):
        try:
            sandbox = await rooms.sandbox(board)
            for left in await sandbox.find({HOME_LABEL: home_label(rooms.home)}):
                log.info("a left-over sandbox is removed", extra={"sandbox": left.name})
                await sandbox.remove(left.name)
        except HalfTUIError as error:
            log.warning("left-over sandboxes were not looked for", extra={"why": str(error)})


async def repair(store: Store, mine: frozenset[str]) -> None:
    """End attempts whose lease ran out with nobody at them; open beads that nobody works on."""
    for attempt, epoch in await asyncio.to_thread(store.read, _expired):
        if attempt not in mine:
            await _lose(store, attempt, epoch, "its lease ran out")
    for bead in await asyncio.to_thread(store.read, _abandoned):
        await asyncio.to_thread(store.write, PATROL, beads.release, bead, "nobody worked on it")


async def _lose(store: Store, attempt: str, epoch: int, reason: str) -> None:
    log.info("an attempt is lost", extra={"attempt": attempt, "why": reason})
    try:
        await asyncio.to_thread(
            store.write, PATROL, attempts.end, attempt, epoch, Outcome.LOST, "lost", reason
        )
    except Conflict as error:  # somebody else ended it between reading and writing
        log.info("it had ended already", extra={"attempt": attempt, "why": str(error)})


def _live(rows: Rows) -> list[tuple[str, int]]:
    found = rows.rows("SELECT id, epoch FROM attempt WHERE state <> 'ended'")
    return [(str(attempt), int(epoch)) for attempt, epoch in found]


def _expired(rows: Rows) -> list[tuple[str, int]]:
    sql = "SELECT id, epoch FROM attempt WHERE state <> 'ended' AND lease_until < :now"
    return [(str(attempt), int(epoch)) for attempt, epoch in rows.rows(sql, now=rows.now)]


def _abandoned(rows: Rows) -> list[str]:
    found = rows.rows(
        # Board by board, in this order (SQLite keeps a CROSS JOIN's), so that an index finds the state.
        # Without an epoch nobody here began it: somebody elsewhere has it.
        "SELECT b.id FROM board o CROSS JOIN bead b WHERE b.board_id = o.id AND b.state = 'active'"
        " AND b.epoch > 0"
        " AND (b.assignee = '' OR b.assignee IN (SELECT name FROM agent g WHERE g.board_id = o.id))"
        " AND NOT EXISTS (SELECT 1 FROM attempt t WHERE t.bead_id = b.id AND t.state <> 'ended')"
    )
    return [str(row[0]) for row in found]
