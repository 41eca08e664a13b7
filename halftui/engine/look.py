"""What the engine sees in one reading of the database: whether anything is due, and what."""

from typing import NamedTuple

from halftui.domain.shown import BoardRow
from halftui.engine import patrol
from halftui.ops import journeys, merges, messages, pulls, reviews, slots, turns, views
from halftui.store.store import Rows

FEW = 20  # events that are looked at one by one


class Look(NamedTuple):
    """What is due; `seq` is the newest event of it."""

    seq: int
    boards: tuple[BoardRow, ...] = ()
    has_stops: bool = False
    letters: tuple[messages.Pending, ...] = ()  # that agents at work have not heard yet
    has_repairs: bool = False
    has_convoys: bool = False
    expired: frozenset[str] = frozenset()  # boards with an attempt whose lease ran out
    with_work: frozenset[str] = frozenset()  # boards that have both a bead to start and a slot
    next_due: float | None = None  # UTC seconds
    to_merge: frozenset[str] = frozenset()  # boards where work waits for its checks or its merge
    has_outbox: bool = False  # something is to be done outside


def look(rows: Rows, mine: frozenset[str], cap: int) -> Look:
    """Return what is due now, besides the attempts `mine` that are under way here."""
    boards, to_review = views.boards(rows), reviews.due(rows)
    stops = rows.rows("SELECT 1 FROM attempt WHERE state <> 'ended' AND stop_reason <> '' LIMIT 1")
    return Look(
        views.last_seq(rows),
        boards,
        bool(stops),
        tuple(messages.pending(rows)),
        bool(patrol.abandoned(rows)),
        bool(journeys.due(rows) or journeys.strandings(rows)),
        frozenset(patrol.expired(rows, mine)),
        frozenset(
            b.id
            for b in boards
            if not slots.refusal(rows, b.id, cap) and (b.id in to_review or turns.has_work(rows, b.id))
        ),
        min((due for due in (turns.next_due(rows), pulls.next_due(rows)) if due is not None), default=None),
        merges.boards(rows),
        bool(pulls.to_open(rows) or pulls.due(rows)),
    )


def is_calm(rows: Rows, since: int) -> bool:
    """Return True if all that happened after an event is that beads were put into another order."""
    found = rows.rows("SELECT verb FROM event WHERE seq > :s LIMIT :m", s=since, m=FEW)
    return 0 < len(found) < FEW and all(verb == "bead.rank" for (verb,) in found)
