"""How many beads a lane of a board holds, counted in the indexes alone."""

from halftui.store.store import Rows

ALL = 2**62  # as a limit, in the words of every database

_IN_STATES = "SELECT count(*) FROM bead b WHERE b.board_id = :board AND b.state IN"
_FREE = "b.board_id = :board AND b.state = 'open' AND b.blockers = 0 AND b.is_inert = 0"
# In the order of the partial index that holds just these rows: else SQLite reads them all to see that.
_COUNT_FREE = (
    f"SELECT count(*) FROM (SELECT 1 FROM bead b WHERE {_FREE}"
    " ORDER BY b.priority, b.rank, b.created_at, b.id LIMIT :all) AS free"
)
# Few beads have a time that is to come, their own or a parent's (SQLite keeps a CROSS JOIN's order).
_COUNT_LATER = (
    "SELECT count(*) FROM (SELECT k.id FROM bead k WHERE k.not_before > :now"
    " UNION SELECT p.source FROM bead k CROSS JOIN edge p WHERE k.not_before > :now"
    " AND p.target = k.id AND p.kind = 'parent-child') AS later"
    f" CROSS JOIN bead b WHERE b.id = later.id AND {_FREE}"
)
_STATES = {
    "working": "('active')",
    "review": "('review')",
    "done": "('done')",
    "closed": "('failed', 'cancelled')",
}


def of_lane(rows: Rows, board_id: str, name: str) -> int:
    """Return how many beads stand in a lane."""
    if name in _STATES:
        return _count(rows, f"{_IN_STATES} {_STATES[name]}", board=board_id)
    free = _count(rows, _COUNT_FREE, board=board_id, all=ALL)
    ready = free - _count(rows, _COUNT_LATER, board=board_id, now=rows.now)
    if name == "ready":
        return ready
    return _count(rows, f"{_IN_STATES} ('open')", board=board_id) - ready


def _count(rows: Rows, sql: str, **values: object) -> int:
    return int(rows.rows(sql, **values)[0][0])
