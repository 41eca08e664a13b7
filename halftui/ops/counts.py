"""How many beads a lane of a board holds, counted in the indexes alone."""

from functools import cached_property

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


class Totals:
    """How many beads stand in the lanes of a board, as one reading finds it."""

    def __init__(self, rows: Rows, board_id: str) -> None:
        self._rows = rows
        self._board = board_id

    def of(self, name: str) -> int:
        """Return how many beads stand in a lane."""
        if name == "ready":
            return self._ready
        if name in _STATES:
            return _count(self._rows, f"{_IN_STATES} {_STATES[name]}", board=self._board)
        return _count(self._rows, f"{_IN_STATES} ('open')", board=self._board) - self._ready

    @cached_property
    def _ready(self) -> int:  # of open beads, the rest is blocked: asked for twice, counted once
        free = _count(self._rows, _COUNT_FREE, board=self._board, all=ALL)
        return free - _count(self._rows, _COUNT_LATER, board=self._board, now=self._rows.now)


def _count(rows: Rows, sql: str, **values: object) -> int:
    return int(rows.rows(sql, **values)[0][0])
