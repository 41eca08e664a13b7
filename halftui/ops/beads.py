"""What may be done to a bead."""

import secrets
from collections.abc import Sequence
from typing import Any

from halftui import ops
from halftui.domain import rank
from halftui.domain.graph import MARKS, NEVER_READY_TYPES, EdgeKind
from halftui.domain.names import bead_id
from halftui.domain.states import (
    BEAD_MOVES,
    LIVE,
    BeadState,
    BeadVerb,
    ConvoyState,
    after,
)
from halftui.domain.text import clean, clean_line
from halftui.errors import Conflict, Denied, Misconfigured, Refused
from halftui.ops import egress, judging, outbox, pins, profiles, queued, ranks, scope
from halftui.ops.access import verb
from halftui.ops.edges import connect, disconnect, settle
from halftui.ops.fields import EDITABLE, LONGEST_TEXT, apply
from halftui.ops.travel import join, land
from halftui.ops.views import resolve_bead
from halftui.store.rows.tables import Attempt, Bead, Board, Convoy
from halftui.store.tx import Tx


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
    pin: str = "",
    **fields: object,
) -> str:
    """Make an open bead at the end of its board's order and return its id.

    No agent is chosen, unless `pin` is the id of the one that is to take it.
    Raises Misconfigured for a bad field, Refused for a cycle.
    """
    scope.may_create(tx, board_id, parent, after_beads, {"convoy": convoy, "hold": hold, **fields})
    board = tx.get(Board, board_id)
    bead = Bead(
        id=free_ids(tx, board, 1)[0],
        board_id=board_id,
        title="",
        rank=rank.between(ranks.last(tx, board_id), None),
        hold=clean_line(hold),
        created_by=str(tx.actor),
        created_at=tx.now,
        updated_at=tx.now,
    )
    apply(bead, {"title": title, **fields})
    profiles.wear(tx, bead)
    egress.fit(tx, bead)
    if convoy:
        join(tx, bead, tx.get(Convoy, convoy))
    tx.add(bead)
    weigh(tx, bead)
    for target in after_beads:
        connect(tx, bead.id, resolve_bead(tx, target, board_id), EdgeKind.BLOCKS.value)
    if parent:
        connect(tx, bead.id, resolve_bead(tx, parent, board_id), EdgeKind.PARENT.value)
    tx.record("bead.create", bead.id, board_id, title=bead.title, after=list(after_beads), convoy=convoy)
    if pin:
        pins.pin(tx, bead.id, pin)
    return bead.id


@verb("bead.edit")
def edit(tx: Tx, /, bead: str, version: int | None = None, **fields: object) -> None:
    """Change fields of a bead. Raises Misconfigured for a bad one, Conflict if it changed meanwhile."""
    row = tx.get(Bead, bead)
    before = {key: getattr(row, key) for key in fields if key in EDITABLE}
    apply(row, fields)
    if "profile" in fields:
        profiles.wear(tx, row)
    if "egress" in fields:
        egress.fit(tx, row)
    weigh(tx, row)
    tx.touch(row, version)
    tx.record("bead.edit", bead, row.board_id, before, **{k: getattr(row, k) for k in before})


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
    """Let the scheduler take an open bead at the next free slot.

    What kept it back ends: its hold, its being set aside, and waiting after failures.
    """
    row = tx.get(Bead, bead)
    if row.state != BeadState.OPEN:
        raise Refused(f"{bead} is {row.state}", "only an open bead can be started")
    if row.convoy_id and tx.get(Convoy, row.convoy_id).state == ConvoyState.STAGED:
        raise Refused(f"{bead} travels with the staged convoy {row.convoy_id}", "start the convoy: S")
    before = {"hold": row.hold, "aside": row.aside, "mode": row.mode}
    row.hold, row.aside, row.mode = "", "", "auto"
    forget_setbacks(row)
    weigh(tx, row)
    tx.touch(row, None)
    if before["aside"]:
        tx.flush()
        settle(tx, bead)
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
    row.merged, row.closed_at, row.remark = merged, tx.now, ""
    told: dict[str, Any] = {"own": True} if is_own else {}
    if row.collab and not row.collab_merged:
        outbox.put(tx, row, "collab", tip=row.collab)
    tx.record("bead.approve", bead, row.board_id, merged=merged, **told)
    close(tx, row)


@verb("bead.reject")
def reject(tx: Tx, bead: str, reason: str) -> None:
    """Send work back with a reason: the same agent goes on, or the bead waits for a slot."""
    if not reason.strip():
        raise Misconfigured("sending work back needs a reason", "say what is missing")
    row = tx.get(Bead, bead)
    _refuse_if_live(tx, row)
    if tx.actor.kind == "person":
        row.rounds = row.reds = 0
    _move(tx, row, BeadVerb.REJECT)
    row.remark, row.tried = clean(reason)[:LONGEST_TEXT], ""
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
    row.closed_at, row.assignee, row.tried, row.reds, row.rounds = None, "", "", 0, 0
    forget_setbacks(row)
    weigh(tx, row)
    tx.record("bead.reopen", bead, row.board_id)
    settle(tx, bead)
    if row.convoy_id and (convoy := tx.get(Convoy, row.convoy_id)).state == ConvoyState.LANDED:
        join(tx, row, convoy)
        tx.record("convoy.add", convoy.id, row.board_id, bead=bead)


def forget_setbacks(row: Bead) -> None:
    """Let a bead begin anew: no failure counts, and it waits for no time."""
    row.failures = row.start_failures = row.losses = row.handoffs = 0
    row.retry_at = None


@verb("bead.delete")
def delete(tx: Tx, bead: str) -> None:
    """Erase a bead. Its events, attempts and commits stay; edges to it dangle and block nobody.

    Raises Refused while an agent works on it.
    """
    row = tx.get(Bead, bead)
    _refuse_if_live(tx, row)
    before = {"title": row.title, "description": row.description, "state": row.state}
    queued.leave(tx, bead)
    tx.record("bead.delete", bead, row.board_id, before, merged=row.merged)
    convoy = row.convoy_id
    tx.delete(row)
    tx.change("DELETE FROM original WHERE kind = 'issue' AND key = :i", i=bead)
    tx.change("DELETE FROM artefact WHERE bead_id = :i", i=bead)
    disconnect(tx, bead)
    if convoy is not None:
        land(tx, tx.get(Convoy, convoy))


def cancel_row(tx: Tx, row: Bead, reason: str) -> None:
    """Cancel a bead within a larger op."""
    if (attempt := live_attempt(tx, row)) is not None:
        attempt.stop_reason = clean_line(reason) or f"{row.id} was cancelled"
        tx.record("attempt.stop", attempt.id, row.board_id, reason=attempt.stop_reason)
    _move(tx, row, BeadVerb.CANCEL)
    row.remark, row.closed_at = clean(reason)[:LONGEST_TEXT], tx.now
    tx.record("bead.cancel", row.id, row.board_id, reason=row.remark)
    close(tx, row)


def cancel_all(tx: Tx, board_id: str, beads: Sequence[str], reason: str) -> None:
    """Cancel many unfinished beads of one board at once, within a larger op."""
    remark = clean(reason)[:LONGEST_TEXT]
    live = "SELECT id FROM attempt WHERE state <> 'ended' AND bead_id IN"
    stopped = {str(row[0]): {"reason": clean_line(reason)} for row in tx.rows_of(live, beads)}
    tx.change_each("UPDATE attempt SET stop_reason = :r WHERE id = :i",
                   [{"i": one, "r": told["reason"]} for one, told in stopped.items()])  # fmt: skip
    tx.record_each("attempt.stop", board_id, stopped)
    for bead in beads:
        queued.leave(tx, bead)
    tx.change_each(
        "UPDATE bead SET state = 'cancelled', progress = '', remark = :r, closed_at = :n, updated_at = :n,"
        " version = version + 1 WHERE id = :i",
        [{"i": bead, "r": remark, "n": tx.now} for bead in beads],
    )
    tx.record_each("bead.cancel", board_id, {bead: {"reason": remark} for bead in beads})
    settle(tx, *beads)


def put_in_review(tx: Tx, row: Bead, summary: str) -> None:
    """Move an active bead to review with what was done."""
    if not summary.strip():
        raise Misconfigured("handing in needs a summary", "say what was done")
    _move(tx, row, BeadVerb.SUBMIT)
    ops.verdicts.meet(tx, row)
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
    tx.flush()
    settle(tx, row.id)
    if row.convoy_id is not None:
        land(tx, tx.get(Convoy, row.convoy_id))


def weigh(tx: Tx, row: Bead) -> None:
    """Keep `is_inert` true to its meaning: nothing but a change of the bead itself makes it dispatchable."""
    staged = row.convoy_id is not None and tx.get(Convoy, row.convoy_id).state == ConvoyState.STAGED
    row.is_inert = int(bool(row.hold or row.aside) or staged or row.type in NEVER_READY_TYPES)
    tx.add(row)
    tx.flush()


INERT = f"""
CASE WHEN hold <> '' OR aside <> '' OR type IN ({", ".join(repr(t) for t in sorted(NEVER_READY_TYPES))})
THEN 1 ELSE 0 END
"""  # of a bead in no staged convoy


def live_attempt(tx: Tx, row: Bead) -> Attempt | None:
    """Return the bead's running attempt."""
    found = tx.rows(
        "SELECT id FROM attempt WHERE bead_id = :b AND state IN ('starting', 'working', 'asking')",
        b=row.id,
    )
    attempt = tx.get(Attempt, found[0][0]) if found else None
    return attempt if attempt is not None and attempt.state in LIVE else None


def _move(tx: Tx, row: Bead, done: BeadVerb, version: int | None = None) -> None:
    before, row.state = row.state, after(BEAD_MOVES, BeadState(row.state), done, row.id).value
    if before == BeadState.REVIEW:
        queued.leave(tx, row.id, is_approved=done is BeadVerb.APPROVE)
        outbox.leave(tx, row, is_dropped=done is BeadVerb.CANCEL)
        row.progress, row.verdict, row.retry_at = "", "", None
    if row.aside and row.aside not in MARKS:
        row.aside = ""
        weigh(tx, row)
        settle(tx, row.id)
    tx.touch(row, version)


def _refuse_if_live(tx: Tx, row: Bead) -> None:
    if live_attempt(tx, row) is not None:
        raise Refused(f"an agent works on {row.id}", f"stop it first: halftui bead release {row.id}")


def free_ids(tx: Tx, board: Board, wanted: int) -> list[str]:
    """Return ids that no bead of any board has or had.

    Of a deleted one there are still events, attempts, and edges that would find the new one.
    """
    (count,) = tx.rows("SELECT count(*) FROM bead WHERE board_id = :b", b=board.id)[0]
    found: dict[str, None] = {}
    while len(found) < wanted:
        drawn = {
            bead_id(board.prefix, count + wanted, secrets.randbelow, found): None
            for _ in range(wanted - len(found))
        }
        used = {str(row[0]) for sql in _PLACES for row in tx.rows_of(f"{sql} IN", drawn)}
        found |= {ident: None for ident in drawn if ident not in used}
    return list(found)


_PLACES = (
    "SELECT id FROM bead WHERE id",
    "SELECT bead_id FROM attempt WHERE bead_id",
    "SELECT target FROM edge WHERE target",
    "SELECT DISTINCT subject FROM event WHERE subject",
)
