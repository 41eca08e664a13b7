"""Edges between beads, and the blocked count that follows from them.

A bead's `blockers` is the number of its own unmet edges plus its blocked parents; it is kept up to
date in the transaction that changes a state or an edge, so that asking for ready work stays cheap.
"""

from collections.abc import Iterable

from halftui.domain import graph
from halftui.domain.graph import ALL_CHILDREN, BLOCKING, GATES, ON_FAILURE, RELEASE, EdgeKind
from halftui.domain.states import BeadState
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, Refused
from halftui.ops import scope
from halftui.ops.access import verb
from halftui.ops.blocking import BLOCKERS
from halftui.store.rows.tables import Bead, Edge
from halftui.store.store import Rows
from halftui.store.tx import Tx

_KINDS = "('blocks', 'conditional-blocks', 'parent-child', 'waits-for')"
SHOWN = 6  # beads at each end of a long cycle


@verb("bead.link")
def link(
    tx: Tx,
    source: str,
    target: str,
    kind: str = "blocks",
    on_failure: str = "release",
    gate: str = "all-children",
) -> None:
    """Make `source` depend on `target`; an edge that exists gets the new `on_failure` and `gate`.

    Raises Refused with the cycle if it would close one, Misconfigured for a bad value.
    """
    scope.may_link(tx, source, target, kind)
    bead = tx.get(Bead, source)
    tx.get(Bead, target)
    connect(tx, source, target, clean_line(kind, longest=50), on_failure, gate)
    tx.touch(bead, None)
    tx.record("bead.link", source, bead.board_id, target=target, kind=kind)


@verb("bead.unlink")
def unlink(tx: Tx, source: str, target: str, kind: str = "blocks") -> None:
    """Remove an edge; nothing happens if there is none."""
    bead = tx.get(Bead, source)
    if tx.change(
        "DELETE FROM edge WHERE source = :s AND target = :t AND kind = :k",
        s=source,
        t=target,
        k=kind,
    ):
        recount(tx, _touched(tx, source, target, kind))
        tx.touch(bead, None)
        tx.record("bead.unlink", source, bead.board_id, {"target": target, "kind": kind})


@verb("bead.reparent")
def reparent(tx: Tx, bead: str, parent: str = "") -> None:
    """Make a bead a part of `parent` alone, or of nothing. Raises Refused with the cycle."""
    row = tx.get(Bead, bead)
    if parent:
        tx.get(Bead, parent)
    olds = [str(r[0]) for r in tx.rows(
        "SELECT target FROM edge WHERE source = :s AND kind = 'parent-child' ORDER BY target", s=bead
    )]  # fmt: skip
    if olds == ([parent] if parent else []):
        return
    tx.change(
        "DELETE FROM edge WHERE source = :s AND kind = 'parent-child' AND target <> :t", s=bead, t=parent
    )
    recount(tx, [bead, *waiting_for(tx, olds)])
    if parent not in ("", *olds):
        connect(tx, bead, parent, EdgeKind.PARENT.value)
    tx.touch(row, None)
    tx.record("bead.reparent", bead, row.board_id, {"parents": olds}, parent=parent)


def disconnect(tx: Tx, bead: str) -> None:
    """Remove the own edges of a bead whose row is gone; edges to it stay and dangle, and block nobody."""
    parents = tx.rows("SELECT target FROM edge WHERE source = :s AND kind = 'parent-child'", s=bead)
    around = [str(row[0]) for row in tx.rows("SELECT source FROM edge WHERE target = :t", t=bead)]
    around += waiting_for(tx, [str(row[0]) for row in parents])
    tx.change("DELETE FROM edge WHERE source = :s", s=bead)
    recount(tx, around)


def connect(
    tx: Tx, source: str, target: str, kind: str, on_failure: str = RELEASE, gate: str = ALL_CHILDREN
) -> None:
    """Add or change an edge and recount, without an event of its own."""
    if not kind or on_failure not in ON_FAILURE or gate not in GATES:
        raise Misconfigured(
            f"an edge can't be {kind or 'of no kind'}, {on_failure}, {gate}",
            f"on failure it is one of {', '.join(ON_FAILURE)}; its gate one of {', '.join(GATES)}",
        )
    edge = tx.find(Edge, source, target, kind)
    if edge is None:
        edge = Edge(
            source=source, target=target, kind=kind, created_by=str(tx.actor), created_at=tx.now
        )  # fmt: skip
    edge.on_failure, edge.gate = on_failure, gate
    tx.add(edge)
    tx.flush()
    if kind in BLOCKING:
        refuse_cycle(tx, source)
    recount(tx, _touched(tx, source, target, kind))


def settle(tx: Tx, *beads: str) -> list[str]:
    """Recount beads whose state changed and what that touches; return the beads that became unblocked."""
    dependants = "SELECT source FROM edge WHERE kind IN ('blocks', 'conditional-blocks') AND target IN"
    parents = "SELECT target FROM edge WHERE kind = 'parent-child' AND source IN"
    touched = [*beads, *(str(row[0]) for row in tx.rows_of(dependants, beads))]
    touched += waiting_for(tx, [str(row[0]) for row in tx.rows_of(parents, beads)])
    return recount(tx, touched)


def recount(tx: Tx, beads: Iterable[str]) -> list[str]:
    """Count the blockers of these beads anew, and of their children where that spreads.

    Returns the beads that became unblocked.
    """
    freed: list[str] = []
    front = sorted(set(beads))
    while front:
        turned: list[str] = []
        changed: list[dict[str, object]] = []
        for bead, before, count in _counts(tx, front):
            if before != count:
                changed.append({"n": count, "i": bead})
            if (before > 0) != (count > 0):
                turned.append(bead)
                freed += [] if count else [bead]
        tx.change_each("UPDATE bead SET blockers = :n WHERE id = :i", changed)
        front = _children(tx, turned)
    return freed


def _touched(tx: Tx, source: str, target: str, kind: str) -> list[str]:
    """Return the beads that one edge's coming or going can block or free."""
    return [source, *(waiting_for(tx, [target]) if kind == EdgeKind.PARENT else ())]


def recount_all(tx: Tx) -> None:
    """Count the blockers of all beads anew, in one go over the whole graph."""
    found = tx.rows("SELECT id, state, aside, blockers FROM bead")
    states = {str(i): graph.standing(BeadState(state), aside) for i, state, aside, _ in found}
    counts = graph.blockers(states, blocking_edges(tx))
    stale = [{"i": i, "n": counts.get(str(i), 0)} for i, _, _, n in found if n != counts.get(str(i), 0)]
    tx.change_each("UPDATE bead SET blockers = :n WHERE id = :i", stale)


def refuse_cycle(tx: Tx, bead: str) -> None:
    """Raise Refused, naming the cycle, if this bead waits for itself."""
    if way := _cycle(tx, bead):
        raise Refused(f"that would close a cycle: {arrows(way)}", "remove one of those edges")


def refuse_cycles(tx: Tx, among: Iterable[str] | None = None) -> None:
    """Raise Refused, naming a cycle, if the blocking edges close one; if `among` is given, one that
    these beads wait for.
    """
    edges = blocking_edges(tx)
    if way := graph.cycle(edges if among is None else graph.onward_of(among, edges)):
        raise Refused(f"these wait for each other: {arrows(way)}", "remove one of those edges")


def blocking_edges(rows: Rows) -> list[graph.Edge]:
    """Return all edges of the kinds that can block."""
    found = rows.rows(f"SELECT source, target, kind, on_failure, gate FROM edge WHERE kind IN {_KINDS}")
    return [graph.Edge(*row) for row in found]


def arrows(way: list[str]) -> str:
    """Return a way through beads as text; the middle of a very long one is counted."""
    left_out = len(way) - 2 * SHOWN
    if left_out > 1:
        way = [*way[:SHOWN], f"{left_out} more", *way[-SHOWN:]]
    return " → ".join(way)


def _counts(tx: Tx, beads: list[str]) -> list[tuple[str, int, int]]:
    sql = f"SELECT b.id, b.blockers, {BLOCKERS} FROM bead b WHERE b.id IN"
    return [(str(bead), int(before), int(count)) for bead, before, count in tx.rows_of(sql, beads)]


def _children(tx: Tx, beads: Iterable[str]) -> list[str]:
    sql = "SELECT source FROM edge WHERE kind = 'parent-child' AND target IN"
    return sorted({str(row[0]) for row in tx.rows_of(sql, beads)})


def waiting_for(tx: Tx, parents: Iterable[str]) -> list[str]:
    """Return the beads that wait for the children of one of these."""
    sql = "SELECT source FROM edge WHERE kind = 'waits-for' AND target IN"
    return [str(row[0]) for row in tx.rows_of(sql, parents)]


def _cycle(tx: Tx, source: str) -> list[str]:
    """Return the cycle that `source` stands in, named from it on and ending with it, or [].

    A newly made bead stands in none, since nothing leads to it: that is asked first, so that a long
    chain can be made in linear time.
    """
    if not tx.rows(_LEADS_TO, s=source) or not tx.rows(_REACHES_ITSELF, s=source):
        return []

    def onward(bead: str) -> list[str]:
        return [str(row[0]) for row in tx.rows(f"SELECT there FROM ({_STEPS}) n WHERE here = :s", s=bead)]

    ways = [graph.path(there, source, onward) for there in onward(source)]
    return [source, *min((way for way in ways if way), key=len)]


# What each bead waits for: its targets, and the children of what it waits for the children of.
_STEPS = f"""
SELECT source AS here, target AS there FROM edge
WHERE kind IN {_KINDS}
UNION ALL
SELECT w.source, c.source FROM edge w JOIN edge c ON c.target = w.target
WHERE w.kind = 'waits-for' AND c.kind = 'parent-child'
"""
_LEADS_TO = f"""
SELECT 1 FROM edge WHERE target = :s AND kind IN {_KINDS}
UNION ALL
SELECT 1 FROM edge c JOIN edge w ON w.target = c.target AND w.kind = 'waits-for'
WHERE c.source = :s AND c.kind = 'parent-child'
LIMIT 1
"""
_REACHES_ITSELF = f"""
WITH RECURSIVE way(id) AS (
  SELECT there FROM ({_STEPS}) n WHERE here = :s
  UNION
  SELECT CASE s.k WHEN 0 THEN e.target ELSE c.source END
  FROM way JOIN edge e ON e.source = way.id
    AND e.kind IN {_KINDS}
  LEFT JOIN edge c ON e.kind = 'waits-for' AND c.kind = 'parent-child' AND c.target = e.target
  JOIN (SELECT 0 AS k UNION ALL SELECT 1) s ON s.k = 0 OR c.source IS NOT NULL
)
SELECT 1 FROM way WHERE id = :s LIMIT 1
"""
