"""What may be done to a bead."""

import secrets
from collections.abc import Sequence
from typing import Any

from halftui.domain import rank
from halftui.domain.graph import NEVER_READY_TYPES, EdgeKind
from halftui.domain.names import bead_id
from halftui.domain.states import (
    BEAD_MOVES,
    CONVOY_MOVES,
    LIVE,
    BeadState,
    BeadVerb,
    ConvoyState,
    ConvoyVerb,
    after,
)
from halftui.domain.text import clean, clean_line
from halftui.errors import Conflict, Denied, Misconfigured, Refused
from halftui.ops import judging
from halftui.ops.access import verb
from halftui.ops.edges import connect, settle
from halftui.ops.fields import EDITABLE, LONGEST_TEXT, apply
from halftui.ops.views import resolve_bead
from halftui.store.tables import Attempt, Bead, Board, Convoy
from halftui.store.tx import Tx

UNDER_WAY = (ConvoyState.STAGED, ConvoyState.MOVING)


@verb("bead.create")
def create(
    tx: Tx,
    /,
    board_id: str,
    title: str,
    *,
    after_beads: Sequence[str] = (),
    parent: str = "",
    convoy: str = "",
    hold: str = "",
    **fields: object,
) -> str:
    """Make an open bead at the end of its board's order and return its id; no agent is chosen.

    Raises Misconfigured for a bad field, Refused for a cycle.
    """
    board = tx.get(Board, board_id)
    (count,) = tx.rows("SELECT count(*) FROM bead WHERE board_id = :b", b=board_id)[0]
    bead = Bead(
        id=_free_id(tx, board.prefix, count),
        board_id=board_id,
        title="",
        rank=rank.between(_last_rank(tx, board_id), None),
        hold=clean_line(hold),
        created_by=str(tx.actor),
        created_at=tx.now,
        updated_at=tx.now,
    )
    apply(bead, {"title": title, **fields})
    if convoy:
        join(tx, bead, tx.get(Convoy, convoy))
    tx.add(bead)
    weigh(tx, bead)
    for target in after_beads:
        connect(tx, bead.id, resolve_bead(tx, target, board_id), EdgeKind.BLOCKS.value)
    if parent:
        connect(tx, bead.id, resolve_bead(tx, parent, board_id), EdgeKind.PARENT.value)
    tx.record("bead.create", bead.id, board_id, title=bead.title, after=list(after_beads), convoy=convoy)
    return bead.id


@verb("bead.edit")
def edit(tx: Tx, /, bead: str, version: int | None = None, **fields: object) -> None:
    """Change fields of a bead. Raises Misconfigured for a bad one, Conflict if it changed meanwhile."""
    row = tx.get(Bead, bead)
    before = {key: getattr(row, key) for key in fields if key in EDITABLE}
    apply(row, fields)
    weigh(tx, row)
    tx.touch(row, version)
    tx.record("bead.edit", bead, row.board_id, before, **{k: getattr(row, k) for k in before})


@verb("bead.rank")
def rank_between(
    tx: Tx,
    bead: str,
    before: str | None,
    behind: str | None,
    priority: int | None = None,
    version: int | None = None,
) -> None:
    """Place a bead after the bead `before` and ahead of `behind` (None is an end of the lane)."""
    row = tx.get(Bead, bead)
    old = {"rank": row.rank, "priority": row.priority}
    low = tx.get(Bead, before).rank if before else None
    high = tx.get(Bead, behind).rank if behind else None
    if low is not None and high is not None and low >= high:
        _rank_anew(tx, row.board_id)
        low, high = tx.get(Bead, str(before)).rank, tx.get(Bead, str(behind)).rank
        high = high if low < high else None
    row.rank = rank.between(low, high)
    if priority is not None:
        apply(row, {"priority": priority})
    tx.touch(row, version)
    tx.record("bead.rank", bead, row.board_id, old, rank=row.rank, priority=row.priority)
    if len(row.rank) > rank.LONGEST:
        _rank_anew(tx, row.board_id)


@verb("bead.claim")
def claim(tx: Tx, bead: str, version: int | None = None) -> None:
    """Take a bead to work on it by hand; the same claimer again is a success.

    Raises Conflict if somebody else has it, Refused if it is blocked.
    """
    row = tx.get(Bead, bead)
    if row.state == BeadState.ACTIVE:
        if row.assignee == str(tx.actor):
            return
        raise Conflict(f"{bead} is already {row.assignee}'s", "choose another bead")
    if row.blockers:
        raise Refused(f"{bead} is blocked", f"halftui bead show {bead} says by what")
    _move(tx, row, BeadVerb.CLAIM, version)
    row.assignee = str(tx.actor)
    tx.record("bead.claim", bead, row.board_id, assignee=row.assignee)


@verb("bead.dispatch")
def dispatch(tx: Tx, bead: str) -> None:
    """Let the scheduler take an open bead at the next free slot: its hold and back-off end."""
    row = tx.get(Bead, bead)
    if row.state != BeadState.OPEN:
        raise Refused(f"{bead} is {row.state}", "only an open bead can be started")
    if row.convoy_id and tx.get(Convoy, row.convoy_id).state == ConvoyState.STAGED:
        raise Refused(f"{bead} travels with the staged convoy {row.convoy_id}", "start the convoy: S")
    before = {"hold": row.hold, "mode": row.mode}
    row.hold, row.mode, row.retry_at, row.failures = "", "auto", None, 0
    weigh(tx, row)
    tx.touch(row, None)
    tx.record("bead.dispatch", bead, row.board_id, before)


@verb("bead.hold")
def hold(tx: Tx, bead: str, reason: str) -> None:
    """Keep a bead from being dispatched for a reason; an empty reason lets it go."""
    row = tx.get(Bead, bead)
    before = {"hold": row.hold}
    row.hold = clean_line(reason)
    weigh(tx, row)
    tx.touch(row, None)
    tx.record("bead.hold", bead, row.board_id, before, hold=row.hold)


@verb("bead.release")
def release(tx: Tx, bead: str, reason: str = "") -> None:
    """Give an active bead back; a live attempt is asked to stop and the bead opens when it ended."""
    row = tx.get(Bead, bead)
    if (attempt := live_attempt(tx, row)) is not None:
        attempt.stop_reason = clean_line(reason) or f"stopped by {tx.actor}"
        tx.record("attempt.stop", attempt.id, row.board_id, reason=attempt.stop_reason)
        return
    reopen_for_work(tx, row, reason)


@verb("bead.submit")
def submit(tx: Tx, bead: str, summary: str) -> None:
    """Hand in work that was done by hand on the bead's branch."""
    row = tx.get(Bead, bead)
    if row.assignee != str(tx.actor):
        raise Denied(f"{bead} is not {tx.actor}'s", "claim it first")
    put_in_review(tx, row, summary)


@verb("bead.approve")
def may_approve(tx: Tx, bead: str, *, own: bool = False) -> None:
    """Raise what `approve` would raise, before anything is merged."""
    row = tx.get(Bead, bead)
    judging.refuse_own_work(tx, row, own=own)
    after(BEAD_MOVES, BeadState(row.state), BeadVerb.APPROVE, bead)


@verb("bead.approve")
def approve(tx: Tx, bead: str, merged: str = "", *, own: bool = False) -> None:
    """Accept work whose merge is done: review → done.

    Approving one's own work is Denied, but to a person without colleagues who says `own`: the event
    tells it.
    """
    row = tx.get(Bead, bead)
    is_own = judging.refuse_own_work(tx, row, own=own)
    _move(tx, row, BeadVerb.APPROVE)
    row.merged, row.closed_at, row.failures, row.remark = merged, tx.now, 0, ""
    told: dict[str, Any] = {"own": True} if is_own else {}
    tx.record("bead.approve", bead, row.board_id, merged=merged, **told)
    close(tx, row)


@verb("bead.reject")
def reject(tx: Tx, bead: str, reason: str) -> None:
    """Send work back with a reason: the same agent goes on, or the bead waits for a slot."""
    if not reason.strip():
        raise Misconfigured("sending work back needs a reason", "say what is missing")
    row = tx.get(Bead, bead)
    _move(tx, row, BeadVerb.REJECT)
    row.remark = clean(reason)[:LONGEST_TEXT]
    tx.record("bead.reject", bead, row.board_id, reason=row.remark)
    reopen_for_work(tx, row, "")


@verb("bead.fail")
def fail(tx: Tx, bead: str, reason: str) -> None:
    """Give up an active bead, keeping the reason."""
    row = tx.get(Bead, bead)
    _refuse_if_live(tx, row)
    _move(tx, row, BeadVerb.FAIL)
    row.remark, row.closed_at = clean(reason)[:LONGEST_TEXT], tx.now
    tx.record("bead.fail", bead, row.board_id, reason=row.remark)
    close(tx, row)


@verb("bead.cancel")
def cancel(tx: Tx, bead: str, reason: str = "") -> None:
    """Drop a bead; a live attempt is stopped first and its late result ignored."""
    cancel_row(tx, tx.get(Bead, bead), reason)


@verb("bead.reopen")
def reopen(tx: Tx, bead: str) -> None:
    """Take a finished bead up again; what depends on it is blocked anew."""
    row = tx.get(Bead, bead)
    if live_attempt(tx, row) is not None:
        raise Refused(f"an agent is still being stopped on {bead}", "try again in a moment")
    _move(tx, row, BeadVerb.REOPEN)
    row.closed_at, row.assignee, row.retry_at, row.failures = None, "", None, 0
    weigh(tx, row)
    tx.record("bead.reopen", bead, row.board_id)
    settle(tx, bead)
    if row.convoy_id and (convoy := tx.get(Convoy, row.convoy_id)).state == ConvoyState.LANDED:
        join(tx, row, convoy)
        tx.record("convoy.add", convoy.id, row.board_id, bead=bead)


def cancel_row(tx: Tx, row: Bead, reason: str) -> None:
    """Cancel a bead within a larger op."""
    if (attempt := live_attempt(tx, row)) is not None:
        attempt.stop_reason = clean_line(reason) or f"{row.id} was cancelled"
        tx.record("attempt.stop", attempt.id, row.board_id, reason=attempt.stop_reason)
    _move(tx, row, BeadVerb.CANCEL)
    row.remark, row.closed_at = clean(reason)[:LONGEST_TEXT], tx.now
    tx.record("bead.cancel", row.id, row.board_id, reason=row.remark)
    close(tx, row)


def put_in_review(tx: Tx, row: Bead, summary: str) -> None:
    """Move an active bead to review with what was done."""
    if not summary.strip():
        raise Misconfigured("handing in needs a summary", "say what was done")
    _move(tx, row, BeadVerb.SUBMIT)
    row.summary = clean(summary)[:LONGEST_TEXT]
    tx.record("bead.submit", row.id, row.board_id, summary=clean_line(summary, longest=200))


def reopen_for_work(tx: Tx, row: Bead, reason: str) -> None:
    """Move an active bead back to open, with its branch and worktree kept."""
    _move(tx, row, BeadVerb.RELEASE)
    row.assignee = ""
    weigh(tx, row)
    tx.record("bead.release", row.id, row.board_id, reason=clean_line(reason))


def close(tx: Tx, row: Bead) -> None:
    """Free what waited for a bead that just finished, and land its convoy if it was the last."""
    tx.session.flush()
    settle(tx, row.id)
    if row.convoy_id is not None:
        land(tx, tx.get(Convoy, row.convoy_id))


def join(tx: Tx, row: Bead, convoy: Convoy) -> None:
    """Let a bead travel with a convoy; a landed one moves again. Raises Refused."""
    if row.board_id != convoy.board_id:
        raise Refused(f"{row.id} is on another board than {convoy.id}", "choose beads of one board")
    if row.convoy_id not in (None, convoy.id) and tx.get(Convoy, row.convoy_id).state in UNDER_WAY:
        raise Refused(f"{row.id} travels with {row.convoy_id} already", "cancel that convoy first")
    convoy.state = after(CONVOY_MOVES, ConvoyState(convoy.state), ConvoyVerb.ADD, convoy.id).value
    convoy.ended_at = None
    row.convoy_id = convoy.id
    tx.touch(convoy, None)


def land(tx: Tx, convoy: Convoy) -> None:
    """Land a moving convoy if all its beads are finished."""
    tx.session.flush()
    left = tx.rows(
        "SELECT 1 FROM bead WHERE convoy_id = :c AND state IN ('open', 'active', 'review') LIMIT 1",
        c=convoy.id,
    )
    if not left and convoy.state == ConvoyState.MOVING:
        convoy.state, convoy.ended_at = ConvoyState.LANDED.value, tx.now
        tx.touch(convoy, None)
        tx.record("convoy.land", convoy.id, convoy.board_id)


def weigh(tx: Tx, row: Bead) -> None:
    """Keep `is_inert` true to its meaning: nothing but a change of the bead itself makes it dispatchable."""
    staged = row.convoy_id is not None and tx.get(Convoy, row.convoy_id).state == ConvoyState.STAGED
    row.is_inert = int(bool(row.hold) or staged or row.type in NEVER_READY_TYPES)
    tx.add(row)
    tx.session.flush()


def live_attempt(tx: Tx, row: Bead) -> Attempt | None:
    """Return the bead's running attempt."""
    found = tx.rows(
        "SELECT id FROM attempt WHERE bead_id = :b AND state IN ('starting', 'working', 'asking')",
        b=row.id,
    )
    attempt = tx.get(Attempt, found[0][0]) if found else None
    return attempt if attempt is not None and attempt.state in LIVE else None


def _move(tx: Tx, row: Bead, done: BeadVerb, version: int | None = None) -> None:
    row.state = after(BEAD_MOVES, BeadState(row.state), done, row.id).value
    tx.touch(row, version)


def _refuse_if_live(tx: Tx, row: Bead) -> None:
    if live_attempt(tx, row) is not None:
        raise Refused(f"an agent works on {row.id}", f"stop it first: halftui bead release {row.id}")


def _last_rank(tx: Tx, board_id: str) -> str | None:
    rows = tx.rows("SELECT max(rank) FROM bead WHERE board_id = :b", b=board_id)
    return str(rows[0][0]) if rows and rows[0][0] is not None else None


def _rank_anew(tx: Tx, board_id: str) -> None:
    ids = [r[0] for r in tx.rows("SELECT id FROM bead WHERE board_id = :b ORDER BY rank, id", b=board_id)]
    for bead, key in zip(ids, rank.spread(len(ids)), strict=True):
        tx.change("UPDATE bead SET rank = :r WHERE id = :i", r=key, i=bead)
    tx.record("bead.rank", board_id, board_id, reason="keys had grown long")


def _free_id(tx: Tx, prefix: str, count: int) -> str:
    while True:
        candidate = bead_id(prefix, count, secrets.randbelow, ())
        if not tx.rows("SELECT 1 FROM bead WHERE id = :i", i=candidate):
            return candidate
