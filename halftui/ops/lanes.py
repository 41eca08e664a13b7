"""What stands in the lanes that people made with a filter."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from halftui.domain.lanes import LaneRow
from halftui.domain.shown import BoardRow, Lane
from halftui.ops import views
from halftui.ops.filters import MOST_WORDS, condition
from halftui.store.store import Rows

NOTHING: Mapping[str, Lane] = MappingProxyType({})
_UNFINISHED = "b.state IN ('open', 'active', 'review')"
_STANDS = (  # the name of the lane of its state
    f"CASE b.state WHEN 'open' THEN CASE WHEN {views.STARTABLE} THEN 'ready' ELSE 'blocked' END"
    " WHEN 'active' THEN 'working' WHEN 'review' THEN 'review' WHEN 'done' THEN 'done' ELSE 'closed' END"
)


def own(
    rows: Rows, board: BoardRow, most: int, words: str = "", kept: Mapping[str, Lane] = NOTHING
) -> tuple[Lane, ...]:
    """Return every lane of a board that people made, each with `most` of its cards, all with these words.

    Those that are `kept`, by name, are taken over as they are.
    """
    own = [row for row in board.lanes if row.is_own]
    return tuple(kept.get(row.name) or cards(rows, board.id, row, most, words=words) for row in own)


def cards(rows: Rows, board_id: str, row: LaneRow, most: int, skip: int = 0, words: str = "") -> Lane:
    """Return such a lane's count and `most` of its cards in its order, from number `skip` on."""
    held, values = condition(f"{row.filter} {words}", most=2 * MOST_WORDS)
    where = f"b.board_id = :board AND {views.LANE_WHERE.get(row.state, _UNFINISHED)} AND {held}"
    bound: dict[str, Any] = values | {"board": board_id}
    now = {"now": rows.now}
    found = rows.rows(
        f"SELECT {views.FIELDS}, {_STANDS} {views.FROM} WHERE {where}"
        f" ORDER BY {views.order(row.state)}, b.id LIMIT :most OFFSET :skip",
        most=most, skip=skip, **bound, **now,
    )  # fmt: skip
    total = skip + len(found)
    if len(found) == most:
        bound |= now if ":now" in where else {}
        total = int(rows.rows(f"SELECT count(*) FROM bead b WHERE {where}", **bound)[0][0])
    return Lane(row.name, total, tuple(views.card(rows, r[:-1], str(r[-1])) for r in found))
