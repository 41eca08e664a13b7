"""What may be done to a merge: accepted work on its way to its target, one queue a target."""

from typing import NamedTuple

from halftui.domain.shown import GOING_ON
from halftui.domain.states import BEAD_MOVES, BeadState, BeadVerb, after
from halftui.domain.text import clean_line
from halftui.errors import Conflict, Refused
from halftui.ops import beads, judging, trials
from halftui.ops.access import verb
from halftui.ops.queued import LANDING, UNDER_WAY, WAITING, leave, place
from halftui.store.rows.judged import Merge
from halftui.store.rows.tables import Bead
from halftui.store.store import Rows
from halftui.store.tx import Tx

MERGED, BACK = "merged", "back"
WAITS = f"waits to be merged{GOING_ON}"


class Entry(NamedTuple):
    """Accepted work at its place in the queue."""

    seq: int
    bead: str
    tip: str
    target: str
    state: str


class MergeRow(NamedTuple):
    """A place in the queue as people see it; the first of a target is number 1."""

    number: int
    bead: str
    title: str
    target: str
    asked_by: str
    asked_at: float
    progress: str


@verb("merge.queue")
def queue(tx: Tx, bead: str, target: str, *, own: bool = False) -> None:
    """Accept work whose merge the engine does; work that waits already keeps its place.

    Raises what approving would raise.
    """
    row = tx.get(Bead, bead)
    judging.refuse_own_work(tx, row, own=own)
    after(BEAD_MOVES, BeadState(row.state), BeadVerb.APPROVE, bead)
    if place(tx, bead):
        return
    tx.add(
        Merge(
            board_id=row.board_id, bead_id=bead, target=target, tip=row.tip, asked_by=str(tx.actor),
            asked_at=tx.now,
        )
    )  # fmt: skip
    row.progress = WAITS
    tx.touch(row, None)
    tx.record("merge.queue", bead, row.board_id, target=target, tip=row.tip)


@verb("merge.drop")
def drop(tx: Tx, bead: str) -> None:
    """Take accepted work out of the queue; it is in review again. Raises Refused if it is not there."""
    row = tx.get(Bead, bead)
    found = place(tx, bead)
    if found is None:
        raise Refused(f"{bead} does not wait to be merged", "halftui merge list shows what does")
    leave(tx, bead)
    row.progress = ""
    tx.touch(row, None)
    tx.record("merge.drop", bead, row.board_id)


@verb("merge.begin")
def begin(tx: Tx, seqs: tuple[int, ...]) -> None:
    """Say that these are put on their target now: until that is settled nobody else moves their beads.

    Raises Conflict if one of them left the queue meanwhile.
    """
    for seq in seqs:
        row = tx.get(Merge, seq)
        if row.state not in (WAITING, LANDING) or tx.get(Bead, row.bead_id).tip != row.tip:
            raise Conflict(f"{row.bead_id} left the queue", "look at the queue again")
        row.state = LANDING
        tx.add(row)
        tx.record("merge.begin", row.bead_id, row.board_id)


@verb("merge.wait")
def wait(tx: Tx, seq: int, why: str = "") -> None:
    """Let work wait on: it is not on its target yet, for the reason `why` if one is known."""
    row = tx.get(Merge, seq)
    bead = tx.get(Bead, row.bead_id)
    says = clean_line(why) or WAITS
    if row.state == LANDING or bead.progress != says:
        row.state, bead.progress = WAITING, says
        tx.add(row)
        tx.add(bead)
        tx.record("merge.wait", row.bead_id, row.board_id, reason=says)


@verb("merge.land")
def landed(tx: Tx, seq: int, merged: str) -> None:
    """Close a bead whose work is on its target as the commit `merged`; a second time changes nothing."""
    row = tx.get(Merge, seq)
    if row.state not in (WAITING, LANDING):
        return
    row.state, row.ended_at = MERGED, tx.now
    tx.add(row)
    tx.record("merge.land", row.bead_id, row.board_id, target=row.target, merged=merged, by=row.asked_by)
    beads.approve(tx, row.bead_id, merged)


@verb("merge.refuse")
def refuse(tx: Tx, seq: int, reason: str, trial: str = "", *, is_blamed: bool = True) -> None:
    """Take work out of the queue that can't be merged, and send it back with the reason.

    With a `trial` that failed it goes back as `trials.judge` says.
    """
    row = tx.get(Merge, seq)
    if row.state not in (WAITING, LANDING):
        return
    row.state, row.ended_at, row.reason = BACK, tx.now, clean_line(reason)
    tx.add(row)
    tx.record("merge.refuse", row.bead_id, row.board_id, reason=row.reason)
    tx.flush()
    if trial:
        trials.judge(tx, row.bead_id, row.tip, trial, is_blamed=is_blamed)
    else:
        beads.reject(tx, row.bead_id, reason)


def targets(rows: Rows, board_id: str) -> list[str]:
    """Return the branches for which accepted work waits."""
    found = rows.rows(
        f"SELECT m.target, min(m.seq) FROM merge m WHERE m.board_id = :b AND {UNDER_WAY}"
        " GROUP BY m.target ORDER BY 2",
        b=board_id,
    )
    return [str(target) for target, _ in found]


def head(rows: Rows, board_id: str, target: str, most: int = 1_000) -> list[Entry]:
    """Return the first `most` of a target's queue."""
    found = rows.rows(
        "SELECT m.seq, m.bead_id, m.tip, m.target, m.state FROM merge m WHERE m.board_id = :b"
        f" AND m.target = :t AND {UNDER_WAY} ORDER BY m.seq LIMIT :m",
        b=board_id,
        t=target,
        m=most,
    )
    return [Entry(*row) for row in found]


def waiting(rows: Rows, board_id: str) -> tuple[MergeRow, ...]:
    """Return the queues of a board, target by target."""
    found = rows.rows(
        "SELECT m.bead_id, b.title, m.target, m.asked_by, m.asked_at, b.progress FROM merge m"
        f" JOIN bead b ON b.id = m.bead_id WHERE m.board_id = :b AND {UNDER_WAY} ORDER BY m.target, m.seq",
        b=board_id,
    )
    shown: list[MergeRow] = []
    for bead, title, target, *rest in found:
        before = shown[-1].number if shown and shown[-1].target == target else 0
        shown.append(MergeRow(before + 1, bead, title, target, *rest))
    return tuple(shown)


def boards(rows: Rows) -> frozenset[str]:
    """Return the boards where work waits for its checks or to be merged."""
    found = rows.rows(
        f"SELECT DISTINCT m.board_id FROM merge m WHERE {UNDER_WAY} UNION"
        " SELECT o.id FROM board o CROSS JOIN bead b WHERE o.checks <> '' AND b.board_id = o.id"
        " AND (o.review <> 'none' OR o.merge <> 'direct') AND b.state = 'review' AND b.tip <> ''"
        " AND b.tried <> b.tip"
    )
    return frozenset(str(row[0]) for row in found)
