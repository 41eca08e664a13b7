"""What may be done to a pull request: the outbox tells what is to be done, these tell what came of it."""

from typing import NamedTuple

from halftui.domain.assign import BACK_OFF_MINUTES
from halftui.domain.shown import GOING_ON
from halftui.domain.states import BeadState
from halftui.domain.text import clean_line
from halftui.ops import beads, slots
from halftui.ops.access import verb
from halftui.ops.outbox import put
from halftui.store.rows.judged import Outbox
from halftui.store.rows.tables import Bead
from halftui.store.store import Rows
from halftui.store.tx import Tx

LOOK_SECONDS = 60.0  # between two looks at a pull request


class Act(NamedTuple):
    """Something that is due to be done outside."""

    seq: int
    board: str
    bead: str
    act: str
    tip: str
    url: str


# Only what passed the checks, and what agents looked at where the board wants that, is shown outside.
_TO_OPEN = """
FROM board o CROSS JOIN bead b
WHERE o.merge = 'pull-request' AND b.board_id = o.id AND b.state = 'review' AND b.tip <> ''
  AND b.pulled <> b.tip
  AND (o.checks = '' OR (b.tried = b.tip AND b.reds = 0)) AND (o.review <> 'agent' OR b.verdict <> '')
"""


@verb("pull.ask")
def ask(tx: Tx, bead: str) -> None:
    """Write down that a pull request is to be opened, or brought up to date, for work in review."""
    row = tx.get(Bead, bead)
    if row.state != BeadState.REVIEW or row.pulled == row.tip:
        return
    row.pulled, row.progress = row.tip, f"a pull request is opened{GOING_ON}"
    tx.touch(row, None)
    put(tx, row, "open")
    tx.record("pull.ask", bead, row.board_id, tip=row.tip)


@verb("pull.open")
def opened(tx: Tx, seq: int, url: str) -> None:
    """Note that a pull request is open at `url`; from now on it is looked at."""
    row = tx.get(Outbox, seq)
    bead = tx.get(Bead, row.bead_id)
    bead.pull_request = url
    tx.touch(bead, None)
    tx.record("pull.open", bead.id, bead.board_id, url=url)
    if row.state == "waiting":
        row.state, row.answer = "done", url
        tx.add(row)
        bead.progress = _open(bead)
        put(tx, bead, "look", LOOK_SECONDS)


@verb("pull.look")
def seen(tx: Tx, seq: int, state: str, commit: str = "") -> None:
    """Draw the conclusion of a look: merged closes the bead, closed cancels it, open is looked at again."""
    row = tx.get(Outbox, seq)
    if row.state != "waiting":  # the bead went another way meanwhile
        return
    bead = tx.get(Bead, row.bead_id)
    row.tries, row.answer = 0, state
    if state == "open":
        row.due_at = tx.now + LOOK_SECONDS
        bead.progress = _open(bead)
        tx.add(bead)
    else:
        row.state = "done"
    tx.add(row)
    tx.flush()
    if state != "open":
        tx.record("pull.look", bead.id, bead.board_id, state=state, url=bead.pull_request)
    if state == "merged":
        beads.approve(tx, bead.id, commit)
    elif state == "closed":
        beads.cancel_row(tx, bead, f"its pull request was closed: {bead.pull_request}")


@verb("pull.close")
def closed(tx: Tx, seq: int) -> None:
    """Note that the pull request of a cancelled bead is closed."""
    row = tx.get(Outbox, seq)
    row.state = "done"
    tx.add(row)
    tx.record("pull.close", row.bead_id, row.board_id)


@verb("pull.fail")
def failed(tx: Tx, seq: int, why: str) -> None:
    """Let an act that failed be tried again later, with growing delays; nothing else is forgotten."""
    row = tx.get(Outbox, seq)
    if row.state != "waiting":
        return
    minutes = BACK_OFF_MINUTES[min(row.tries, len(BACK_OFF_MINUTES) - 1)]
    row.tries, row.due_at, row.answer = row.tries + 1, tx.now + 60.0 * minutes, clean_line(why)
    tx.add(row)
    bead = tx.find(Bead, row.bead_id)
    if bead is not None and (bead.state == BeadState.REVIEW or row.act == "collab"):
        bead.progress = row.answer
        tx.add(bead)
    tx.record("pull.fail", row.bead_id, row.board_id, act=row.act, reason=row.answer, tries=row.tries)


def to_open(rows: Rows) -> list[str]:
    """Return the beads for which a pull request is to be asked for."""
    return [str(r[0]) for r in rows.rows(f"SELECT b.id {_TO_OPEN} ORDER BY b.updated_at, b.id")]


def due(rows: Rows) -> list[Act]:
    """Return what is due to be done outside, the oldest first."""
    found = rows.rows(
        "SELECT x.seq, x.board_id, x.bead_id, x.act, x.tip, coalesce(b.pull_request, '') FROM outbox x"
        " LEFT JOIN bead b ON b.id = x.bead_id WHERE x.state = 'waiting' AND x.due_at <= :now ORDER BY x.seq",
        now=rows.now,
    )
    return [Act(*row) for row in found]


def orphaned(rows: Rows, bead: str, home: str) -> str:
    """Return why nobody can do an act that `home` has not the commits for, "" if another home at work may."""
    found = rows.rows("SELECT home FROM bead WHERE id = :i", i=bead)
    holder = str(found[0][0]) if found else ""
    if holder and holder != home:
        return "" if slots.is_alive(rows, holder) else slots.AWAY.format(home=holder)
    others = slots.engines(rows) - {home}
    if others and not holder:
        return ""
    return f"its commits are missing in {home}: bring its folder back, or send the bead back"


def stuck(rows: Rows, board_id: str) -> list[tuple[str, str]]:
    """Return the beads of which something can't be done outside, each with the reason, the oldest first."""
    found = rows.rows(
        "SELECT x.bead_id, x.answer FROM outbox x JOIN bead b ON b.id = x.bead_id WHERE x.state = 'waiting'"
        " AND x.tries > 0 AND x.board_id = :b ORDER BY x.seq",
        b=board_id,
    )
    return [(str(bead), str(why)) for bead, why in found]


def next_due(rows: Rows) -> float | None:
    """Return when the next thing falls due that is to be done outside (UTC seconds), None if nothing does."""
    sql = "SELECT min(due_at) FROM outbox WHERE state = 'waiting' AND due_at > :now"
    found = rows.rows(sql, now=rows.now)[0][0]
    return None if found is None else float(found)


def _open(bead: Bead) -> str:
    return f"{bead.pull_request.partition('://')[2]} is open"
