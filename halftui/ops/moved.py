"""The lanes of a board that is known, after nothing but the order of its beads has changed."""

from bisect import bisect

from halftui.domain.shown import Card, Lane, Snapshot
from halftui.errors import NotFound
from halftui.ops import views
from halftui.store.store import Rows

FEW = 20  # events that are looked at one by one


def lanes(rows: Rows, before: Snapshot) -> dict[str, Lane]:
    """Return the lanes by name that stand as they did, or with another order; {} if anything else happened.

    Working is never among them: what agents do now is told without an event.
    """
    sql = "SELECT verb, subject FROM event WHERE seq > :s ORDER BY seq LIMIT :m"
    found = rows.rows(sql, s=before.seq, m=FEW + 1)
    if len(found) > FEW or any(verb != "bead.rank" for verb, _ in found):
        return {}
    # Where a bead stands in a lane of a filter is not known without asking the filter.
    own = () if found else (lane for lane in before.own if all(card.lane != "working" for card in lane.cards))
    kept = {lane.name: lane for lane in (*before.lanes, *own) if lane.name != "working"}
    for bead in {str(bead) for _, bead in found}:
        try:
            name = views.lane_of(rows, bead)
        except NotFound:  # it is the board: all its keys were made anew
            return {}
        fresh = _with(rows, kept[name], bead) if name in kept else None
        if fresh is None:
            kept.pop(name, None)
        else:
            kept[name] = fresh
    return kept


def _with(rows: Rows, lane: Lane, bead: str) -> Lane | None:
    """Return a lane with one of its cards at its new place, None if that takes more than its known cards."""
    others = [card for card in lane.cards if card.id != bead]
    if len(others) == len(lane.cards) or lane.name in ("done", "closed"):
        return None
    [row] = rows.rows(f"SELECT {views.FIELDS} {views.FROM} WHERE b.id = :i", i=bead)
    card = views.card(rows, row, lane.name)
    at = bisect(others, _turn(card), key=_turn)
    if at == len(others) and lane.total > len(lane.cards):
        return None  # somewhere among those, or behind those, that are counted only
    return lane._replace(cards=(*others[:at], card, *others[at:]))


def _turn(card: Card) -> tuple[int, str, float, str]:
    return card.priority, card.rank, card.created_at, card.id
