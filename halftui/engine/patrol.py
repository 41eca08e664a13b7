"""The repair round: what a crash left behind is put right."""

import asyncio
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from halftui.domain.actor import PATROL
from halftui.domain.happenings import Outcome
from halftui.domain.shown import BoardRow
from halftui.engine.accepting import accept
from halftui.engine.naming import (
    ATTEMPT_LABEL,
    HOME_LABEL,
    SESSION_LABEL,
    home_label,
    sandbox_name,
    socket_folder,
)
from halftui.engine.rooms import Rooms
from halftui.errors import Conflict, NotFound, Unavailable
from halftui.failpoints import failpoint
from halftui.ops import attempts, beads, verdicts
from halftui.ops.attempts import Claim
from halftui.sandbox.base import Found, Sandbox
from halftui.store.store import Rows, Store
from halftui.workspace.threads import in_git
from halftui.workspace.tree import remove

log = logging.getLogger(__name__)

UNADOPTED = "its board died before its program ran"


@dataclass(frozen=True, slots=True)
class Live:
    """A live attempt of a board, as the database has it."""

    id: str
    epoch: int
    sandbox: str  # its kind
    is_expired: bool


async def take_over(
    store: Store, rooms: Rooms, board: BoardRow, mine: frozenset[str], lease: float, *, is_first: bool
) -> list[Claim]:
    """Settle what an earlier board of this home left of a board; return the attempts to go on with.

    These are the attempts whose lease ran out, and the first time all but `mine`. One whose program
    was started goes on with it, whether it still runs or ended meanwhile. Any other ends as lost,
    and its bead opens again with branch, clone and session. A sandbox without an attempt is removed.
    Raises Unavailable, with nothing lost, if the sandbox is away.
    """
    sandbox = await rooms.sandbox(board)
    labels = {HOME_LABEL: home_label(rooms.home), "board": board.id}
    left = {found.name: found for found in await sandbox.find(labels)}
    claims = []
    for live in await asyncio.to_thread(store.read, _live, board.id):
        name = sandbox_name(rooms.home, live.id)
        if live.id in mine or not (is_first or live.is_expired):
            _forget(left, live.id)
        elif name in left and (claim := await _adopt(store, sandbox, left[name], lease)):
            claims.append(claim)
            _forget(left, live.id)
        elif _is_ours_to_end(store, live, sandbox):
            await _lose(store, live.id, live.epoch, UNADOPTED)
            await asyncio.to_thread(shutil.rmtree, socket_folder(rooms.home, live.id), ignore_errors=True)
    for name in left:
        log.info("a left-over sandbox is removed", extra={"sandbox": name})
        await sandbox.remove(name)
    return claims


async def clear(store: Store, rooms: Rooms) -> None:
    """At the start, with nobody else at work: remove sockets and half-made clones of ended attempts."""
    live = await asyncio.to_thread(store.read, _all_live)
    kept = {socket_folder(rooms.home, attempt) for attempt in live}
    await asyncio.to_thread(_sweep, rooms.home, kept)


async def finish(store: Store, rooms: Rooms, board: BoardRow) -> None:
    """Accept what passed where nobody has to look at it, or what an agent approved, and still waits."""
    passed = _in_review if board.review == "none" else verdicts.approved
    try:
        for bead in await asyncio.to_thread(store.read, passed, board.id):
            await in_git(accept, store, rooms, board, bead)
    except Unavailable as error:  # the database; the next board does it
        log.warning("not all that passed is merged", extra={"board": board.id, "why": str(error)})


def expired(rows: Rows, mine: frozenset[str]) -> set[str]:
    """Return the boards with a live attempt, not one of `mine`, whose lease ran out."""
    sql = "SELECT id, board_id FROM attempt WHERE state <> 'ended' AND lease_until < :now"
    return {str(board) for attempt, board in rows.rows(sql, now=rows.now) if attempt not in mine}


async def repair(store: Store) -> None:
    """Open beads that nobody works on."""
    for bead in await asyncio.to_thread(store.read, abandoned):
        await asyncio.to_thread(store.write, PATROL, beads.release, bead, "nobody worked on it")


async def _adopt(store: Store, sandbox: Sandbox, found: Found, lease: float) -> Claim | None:
    """Take over the attempt of a sandbox; None if its program never began."""
    try:
        await sandbox.adopt(found.name)
        failpoint("adopt.before")
        labels = found.labels
        return await asyncio.to_thread(
            store.write, PATROL, attempts.adopt,
            labels[ATTEMPT_LABEL], lease, sandbox.kind, found.name, labels.get(SESSION_LABEL, ""),
        )  # fmt: skip
    except (NotFound, Conflict) as error:
        log.info("not adopted", extra={"sandbox": found.name, "why": str(error)})
        return None


def _is_ours_to_end(store: Store, live: Live, sandbox: Sandbox) -> bool:
    """Return False where another home, or another kind of sandbox that is away, may have the attempt."""
    is_elsewhere = store.path is None or live.sandbox not in ("", sandbox.kind)
    return live.is_expired or not is_elsewhere


def _forget(left: dict[str, Found], attempt: str) -> None:
    """Take the sandboxes of an attempt out of those to remove."""
    for name in [name for name, found in left.items() if found.labels.get(ATTEMPT_LABEL) == attempt]:
        del left[name]


async def _lose(store: Store, attempt: str, epoch: int, reason: str) -> None:
    log.info("an attempt is lost", extra={"attempt": attempt, "why": reason})
    try:
        await asyncio.to_thread(
            store.write, PATROL, attempts.end, attempt, epoch, Outcome.LOST, "lost", reason
        )
    except Conflict as error:  # somebody else ended it between reading and writing
        log.info("it had ended already", extra={"attempt": attempt, "why": str(error)})


def _sweep(home: Path, kept: set[Path]) -> None:
    for folder in (home / "run").glob("*"):
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    for nursery in (home / "beads").glob("*/.new-*"):
        remove(nursery)


def _live(rows: Rows, board: str) -> list[Live]:
    found = rows.rows(
        "SELECT id, epoch, sandbox, lease_until < :now FROM attempt WHERE state <> 'ended' AND board_id = :b",
        b=board,
        now=rows.now,
    )
    return [Live(str(i), int(epoch), str(kind), bool(over)) for i, epoch, kind, over in found]


def _all_live(rows: Rows) -> list[str]:
    return [str(row[0]) for row in rows.rows("SELECT id FROM attempt WHERE state <> 'ended'")]


def _in_review(rows: Rows, board: str) -> list[str]:
    found = rows.rows("SELECT id FROM bead WHERE state = 'review' AND board_id = :b", b=board)
    return [str(row[0]) for row in found]


def abandoned(rows: Rows) -> list[str]:
    """Return the beads that are at work without an attempt."""
    found = rows.rows(
        # Board by board, in this order (SQLite keeps a CROSS JOIN's), so that an index finds the state.
        # Without an epoch nobody here began it: somebody elsewhere has it.
        "SELECT b.id FROM board o CROSS JOIN bead b WHERE b.board_id = o.id AND b.state = 'active'"
        " AND b.epoch > 0"
        " AND (b.assignee = '' OR b.assignee IN (SELECT name FROM agent g WHERE g.board_id = o.id))"
        " AND NOT EXISTS (SELECT 1 FROM attempt t WHERE t.bead_id = b.id AND t.state <> 'ended')"
    )
    return [str(row[0]) for row in found]
