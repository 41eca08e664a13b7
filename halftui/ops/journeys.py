"""How convoys get on: where the work of their beads merges, which are due to land, and why one stands."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from halftui.domain.graph import NEVER_READY_TYPES
from halftui.domain.shown import ConvoyRow
from halftui.ops.blocking import UNFINISHED, UNMET
from halftui.store.store import Rows

MOST = 5  # reasons that are named
BATCH = 400  # ids in one statement, below every database's limit of parameters

Turn = tuple[int, str, str]  # priority, rank, id: in this order reasons are told

OPEN_CHILDREN = (
    "EXISTS (SELECT 1 FROM edge p JOIN bead k ON k.id = p.source WHERE p.kind = 'parent-child'"
    " AND p.target = b.id AND k.state IN ('open', 'active', 'review'))"
)
# Somebody is at it, or it will be started by itself, be it later.
_GOING = (
    "(b.state IN ('active', 'review') OR (b.state = 'open' AND b.blockers = 0 AND b.is_inert = 0"
    f" AND NOT (b.type = 'epic' AND {OPEN_CHILDREN})))"
)
# What open beads wait for: unmet targets, the unfinished children of a target, and an epic's own children.
_ONWARD = (
    f"SELECT t.id FROM edge e JOIN bead t ON t.id = e.target WHERE e.kind <> 'waits-for' AND {UNMET}"
    " AND e.source IN",
    "SELECT k.id FROM edge e JOIN bead t ON t.id = e.target JOIN edge p ON p.target = t.id"
    f" JOIN bead k ON k.id = p.source AND {UNFINISHED.format('k')}"
    f" WHERE e.kind = 'waits-for' AND p.kind = 'parent-child' AND {UNMET} AND e.source IN",
    f"SELECT k.id FROM edge p JOIN bead k ON k.id = p.source AND {UNFINISHED.format('k')}"
    " JOIN bead b ON b.id = p.target AND b.type = 'epic' WHERE p.kind = 'parent-child' AND p.target IN",
)


class Course(NamedTuple):
    """Where a bead's work merges: `branch`, and when that is a convoy's own, at its end into `home`."""

    branch: str
    home: str
    convoy: str = ""  # the convoy whose branch it is
    needs_home: bool = False  # it waited for work outside the convoy, which is on `home` alone

    @property
    def is_own(self) -> bool:
        """Return True if the branch is the convoy's own."""
        return bool(self.convoy)


class Due(NamedTuple):
    """A convoy whose beads are all finished, so that its branch is to be merged."""

    convoy: str
    board: str
    name: str
    branch: str
    remark: str  # why that was not possible, when it was tried


def convoys(rows: Rows, board_id: str) -> tuple[ConvoyRow, ...]:
    """Return the convoys, those under way first."""
    states: dict[str, dict[str, int]] = {}
    for convoy, name, count in rows.rows(
        "SELECT b.convoy_id, CASE WHEN b.state = 'open' AND b.blockers > 0 THEN 'blocked'"
        " WHEN b.state = 'open' THEN 'ready' ELSE b.state END, count(*)"
        " FROM convoy c JOIN bead b ON b.convoy_id = c.id WHERE c.board_id = :b GROUP BY 1, 2 ORDER BY 2",
        b=board_id,
    ):
        states.setdefault(convoy, {})[name] = int(count)
    led: dict[str, list[str]] = {}
    for convoy, _, leader in rows.rows(f"{_LEADERS} WHERE c.board_id = :b{_IN_ORDER}", b=board_id):
        led.setdefault(convoy, []).append(str(leader))
    found = rows.rows(
        "SELECT id, name, state, branch FROM convoy WHERE board_id = :b ORDER BY"
        " CASE state WHEN 'moving' THEN 0 WHEN 'staged' THEN 1 ELSE 2 END, created_at DESC",
        b=board_id,
    )
    return tuple(
        _convoy(rows, ident, name, state, branch, states.get(ident, {}), ", ".join(led.get(ident, [])))
        for ident, name, state, branch in found
    )


# As `led` has it: who made a convoy leads it, or whom its maker's owner has after it.
_LEADERS = """
SELECT c.id, g.id, g.username FROM convoy c
JOIN agent m ON c.created_by = 'agent:' || m.id AND m.kind = 'leader'
JOIN agent g ON g.kind = 'leader' AND g.retired_at IS NULL
  AND (g.id = m.id OR (m.retired_at IS NOT NULL AND g.owner = m.owner AND g.owner <> ''))
"""
_IN_ORDER = " ORDER BY c.id, g.username"


def leaders(rows: Rows, convoy_id: str) -> list[str]:
    """Return the ids of the living leaders whose a convoy is."""
    return [str(row[1]) for row in rows.rows(f"{_LEADERS} WHERE c.id = :c{_IN_ORDER}", c=convoy_id)]


def course(rows: Rows, bead_id: str) -> Course:
    """Return where a bead's work merges."""
    home, branch, convoy = rows.rows(
        "SELECT o.branch, coalesce(c.branch, ''), coalesce(c.id, '') FROM bead b"
        " JOIN board o ON o.id = b.board_id"
        " LEFT JOIN convoy c ON c.id = b.convoy_id AND c.state IN ('staged', 'moving') WHERE b.id = :i",
        i=bead_id,
    )[0]
    if not branch:
        return Course(home, home)
    outside = rows.rows(
        "SELECT 1 FROM edge e JOIN bead t ON t.id = e.target WHERE e.source = :i AND t.merged <> ''"
        " AND coalesce(t.convoy_id, '') <> :c AND e.kind IN ('blocks', 'waits-for') LIMIT 1",
        i=bead_id,
        c=convoy,
    )
    return Course(branch, home, convoy, bool(outside))


def due(rows: Rows, convoy_id: str = "") -> list[Due]:
    """Return the convoys with a branch that are to be landed; of one convoy if it is named."""
    only = " AND c.id = :c" if convoy_id else ""
    found = rows.rows(
        "SELECT c.id, c.board_id, c.name, c.branch, c.remark FROM convoy c WHERE c.state = 'moving'"
        f" AND c.branch <> ''{only} AND NOT EXISTS (SELECT 1 FROM bead b WHERE b.convoy_id = c.id"
        " AND b.state IN ('open', 'active', 'review')) ORDER BY c.id",
        **({"c": convoy_id} if convoy_id else {}),
    )
    return [Due(*row) for row in found]


def stranded(rows: Rows, convoy_id: str) -> tuple[str, ...]:
    """Return why nothing of a moving convoy moves though work is left, a sentence each; () if it moves."""
    going = f"SELECT 1 FROM bead b WHERE b.convoy_id = :c AND {_GOING} LIMIT 1"
    if rows.rows(going, c=convoy_id):
        return ()
    left = rows.rows("SELECT id FROM bead WHERE convoy_id = :c AND state = 'open'", c=convoy_id)
    if not left:
        return tuple(found.remark for found in due(rows, convoy_id) if found.remark)
    waiting = _stuck(rows, [str(row[0]) for row in left])
    reasons = sorted([*_still(rows, waiting), *_in_vain(rows, waiting)])
    return _shortened([reason for _, reason in reasons])


def strandings(rows: Rows) -> list[tuple[str, tuple[str, ...]]]:
    """Return the moving convoys whose stranding, or whose end of it, has not been told yet."""
    found = rows.rows("SELECT id, stranded_at IS NOT NULL FROM convoy WHERE state = 'moving' ORDER BY id")
    each = [(str(convoy), bool(is_told), stranded(rows, str(convoy))) for convoy, is_told in found]
    return [(convoy, reasons) for convoy, is_told, reasons in each if bool(reasons) != is_told]


def _convoy(
    rows: Rows, ident: str, name: str, state: str, branch: str, counts: dict[str, int], leader: str
) -> ConvoyRow:
    failed = counts.get("failed", 0) + counts.get("cancelled", 0)
    is_going = state != "moving" or counts.get("active", 0) or counts.get("review", 0)
    return ConvoyRow(
        ident, name, state, sum(counts.values()), counts.get("done", 0) + failed,
        tuple(counts.items()), failed, branch, () if is_going else stranded(rows, ident), leader,
    )  # fmt: skip


def _stuck(rows: Rows, beads: list[str]) -> list[str]:
    """Return these open beads and all open ones that they wait for; none if one of those gets on."""
    front, seen = beads, set(beads)
    while front:
        ahead = {str(row[0]) for sql in _ONWARD for row in _of_all(rows, sql, front)} - seen
        seen |= ahead
        states = "SELECT b.id, b.state, CASE WHEN {0} THEN 1 ELSE 0 END FROM bead b WHERE b.id IN"
        found = list(_of_all(rows, states.format(_GOING), ahead))
        if any(is_going for _, _, is_going in found):
            return []
        front = [str(ident) for ident, state, _ in found if state == "open"]
        beads = [*beads, *front]
    return beads


def _still(rows: Rows, beads: list[str]) -> list[tuple[Turn, str]]:
    """Return which beads could be worked on but are kept from it."""
    found = _of_all(
        rows,
        "SELECT b.priority, b.rank, b.id, b.title, b.hold, b.aside, b.type, coalesce(c.name, '') FROM bead b"
        " LEFT JOIN convoy c ON c.id = b.convoy_id AND c.state = 'staged'"
        " WHERE b.blockers = 0 AND b.is_inert = 1 AND b.id IN",
        beads,
    )
    return [((p, key, ident), _kept(f"{ident} {title}", *more)) for p, key, ident, title, *more in found]


def _kept(bead: str, hold: str, aside: str, kind: str, staged: str) -> str:
    if hold:
        return f"{bead} is on hold: {hold}"
    if aside:
        return f"{bead} is set aside: {aside}"
    if kind in NEVER_READY_TYPES:
        return f"{bead} is of type {kind}, which no agent is given"
    return f"{bead} travels with the staged convoy {staged}"


def _in_vain(rows: Rows, beads: list[str]) -> list[tuple[Turn, str]]:
    """Return which beads wait for something finished, otherwise than they wanted."""
    found = _of_all(
        rows,
        "SELECT b.priority, b.rank, b.id, b.title, e.kind, t.id, t.title, t.state FROM bead b"
        " JOIN edge e ON e.source = b.id"
        f" JOIN bead t ON t.id = e.target AND NOT {UNFINISHED.format('t')}"
        f" WHERE e.kind IN ('blocks', 'conditional-blocks') AND {UNMET} AND b.id IN",
        beads,
    )
    words = {"blocks": "waits for", "conditional-blocks": "waits for the failure of"}
    return [
        ((p, key, ident), f"{ident} {title} {words[kind]} {target} {what}, which {_ENDS.get(state, state)}")
        for p, key, ident, title, kind, target, what, state in found
    ]


def _of_all(rows: Rows, sql: str, beads: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a statement that ends in IN, over any number of beads."""
    wanted = list(beads)
    for start in range(0, len(wanted), BATCH):
        ids = {f"i{n}": bead for n, bead in enumerate(wanted[start : start + BATCH])}
        yield from rows.rows(f"{sql} ({', '.join(f':{name}' for name in ids)})", **ids)


def _shortened(reasons: Sequence[str]) -> tuple[str, ...]:
    more = len(reasons) - MOST
    return (*reasons[:MOST], f"and {more} more") if more > 0 else tuple(reasons)


_ENDS = {"done": "is done", "failed": "failed", "cancelled": "was cancelled"}
