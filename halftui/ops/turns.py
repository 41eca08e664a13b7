"""Whose turn it is: the bead that is started next on a board, if one is, and when; plain SQL."""

from halftui.domain.assign import TOP_LEVEL, Rules, level
from halftui.domain.names import RUNTIMES
from halftui.ops import slots, spending, views
from halftui.ops.views import DISPATCHABLE
from halftui.store.store import Rows

HERE = "(b.home IN ('', :home) OR b.merged <> '' OR (b.tip = '' AND b.collab = ''))"
LOWEST = 4  # of priorities

# A bead's id, priority, rank, time of making, and when it is due.
Candidate = tuple[str, int, str, float, float | None]


def is_answered(rows: Rows, bead_id: str) -> bool:
    """Return True if it is settled whether an agent takes a bead at once: it is taken, or has to wait."""
    state = rows.rows("SELECT state FROM bead WHERE id = :i", i=bead_id)[0][0]
    return state != "open" or slots.engine(rows) is None or bool(views.why(rows, bead_id))


def has_work(rows: Rows, board_id: str) -> bool:
    """Return True if a bead of the board could be given to an agent now."""
    found = views.board(rows, board_id)
    return not found.is_paused and bool(
        rows.rows(
            f"SELECT 1 FROM bead b WHERE {DISPATCHABLE} LIMIT 1",
            board=board_id,
            now=rows.now,
            board_mode=found.mode,
        )
    )


def next_due(rows: Rows) -> float | None:
    """Return when the next bead's waiting time ends (UTC seconds), None if none waits for a time."""
    retry = (
        "SELECT min(retry_at) FROM bead WHERE state = 'open' AND blockers = 0 AND is_inert = 0"
        " AND retry_at > :now"
    )
    start = "SELECT min(not_before) FROM bead WHERE not_before > :now"  # a parent's counts in any state
    rests = "SELECT min(cooling_until) FROM subscription WHERE cooling_until > :now AND parked = ''"
    times = [rows.rows(sql, now=rows.now)[0][0] for sql in (retry, start, rests)]
    return min((float(t) for t in times if t is not None), default=None)


def next_bead(rows: Rows, board_id: str, mode: str, runtime: str, rules: Rules, home: str = "") -> str | None:
    """Return the bead whose turn it is, by priority and rank; long waiting or being overdue lifts it.

    Work of which a home other than `home` has the commits waits for that.
    """
    only, values = _openings(rows, board_id, mode, runtime, rules)
    if home:
        only, values = f"{only} AND {HERE}", {**values, "home": home}
    first = _first(rows, only, values, "b.priority, b.rank, b.created_at")
    if first is None:
        return None
    found = [first]
    if first[1] > TOP_LEVEL:
        found += filter(None, [_first(rows, f"{only} AND b.due <= :now", values, "b.due")])
        for priority in range(first[1], LOWEST + 1) if rules.ageing else ():
            found += filter(
                None, [_first(rows, f"{only} AND b.priority = {priority}", values, "b.created_at")]
            )
    turn = min(found, key=lambda b: (_level(b, rows.now, rules), b[2], b[3]))
    return str(turn[0])


def _level(bead: Candidate, now: float, rules: Rules) -> int:
    is_overdue = bead[4] is not None and bead[4] <= now
    return level(bead[1], now - bead[3], rules.ageing, is_overdue=is_overdue)


def _first(rows: Rows, where: str, values: dict[str, object], order: str) -> Candidate | None:
    found = rows.rows(
        f"SELECT b.id, b.priority, b.rank, b.created_at, b.due FROM bead b WHERE {where}"
        f" ORDER BY {order} LIMIT 1",
        **values,
    )
    return (str(found[0][0]), int(found[0][1]), *found[0][2:]) if found else None


def _openings(
    rows: Rows, board_id: str, mode: str, runtime: str, rules: Rules
) -> tuple[str, dict[str, object]]:
    """Return as SQL, and its values, what a bead has to fulfil to be started now."""
    values: dict[str, object] = {"board": board_id, "now": rows.now, "board_mode": mode}
    where = DISPATCHABLE
    if shut := [r for r in RUNTIMES if slots.closed(rows, r, rules)]:
        names = ", ".join(f"'{r}'" for r in shut)
        where += f" AND (CASE b.runtime WHEN '' THEN :board_runtime ELSE b.runtime END) NOT IN ({names})"
        values["board_runtime"] = runtime
    limited = rows.rows(_LIMITED_CONVOYS, b=board_id)
    for number, convoy in enumerate(spending.spent(rows, "convoy", [str(c) for (c,) in limited])):
        where += f" AND (b.convoy_id IS NULL OR b.convoy_id <> :convoy{number})"
        values[f"convoy{number}"] = convoy
    return where, values


_LIMITED_CONVOYS = """
SELECT c.id FROM convoy c WHERE c.board_id = :b AND c.state = 'moving'
  AND EXISTS (SELECT 1 FROM budget g WHERE g.scope = 'convoy' AND g.subject IN ('', c.id))
"""
