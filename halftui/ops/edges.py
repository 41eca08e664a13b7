"""Edges between beads, and the blocked count that follows from them.

A bead's `blockers` is the number of its own unmet edges plus its blocked parents; it is kept up to
date in the transaction that changes a state or an edge, so that asking for ready work stays cheap.
"""

from collections.abc import Iterable

from halftui.domain import graph
from halftui.domain.graph import BLOCKING, EdgeKind
from halftui.domain.states import BeadState
from halftui.errors import Refused
from halftui.ops.access import verb
from halftui.ops.blocking import BLOCKERS
from halftui.store.store import Rows
from halftui.store.tables import Bead, Edge
from halftui.store.tx import Tx

_KINDS = "('blocks', 'conditional-blocks', 'parent-child', 'waits-for')"
LONGEST_WAY = 40  # beads of a cycle that a message names
BATCH = 400  # ids in one statement, below every database's limit of parameters


@verb("bead.link")
def link(
    tx: Tx,
    source: str,
    target: str,
    kind: str = "blocks",
    on_failure: str = "release",
    gate: str = "all-children",
) -> None:
    """Make `source` depend on `target`. Raises Refused with the cycle if it would close one."""
    bead = tx.get(Bead, source)
    tx.get(Bead, target)
    connect(tx, source, target, kind, on_failure, gate)
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
        recount(tx, [source])
        tx.touch(bead, None)
        tx.record("bead.unlink", source, bead.board_id, {"target": target, "kind": kind})


def connect(tx: Tx, source: str, target: str, kind: str, on_failure: str, gate: str) -> None:
    """Add an edge and recount, without an event of its own."""
    if kind in BLOCKING and (way := _way(tx, target, source)):
        raise Refused(f"that would close a cycle: {arrows([source, *way])}", "remove one of those edges")
    where = "source = :s AND target = :t AND kind = :k"
    if tx.rows(f"SELECT 1 FROM edge WHERE {where}", s=source, t=target, k=kind):
        return
    tx.add(
        Edge(
            source=source,
            target=target,
            kind=kind,
            on_failure=on_failure,
            gate=gate,
            created_by=str(tx.actor),
            created_at=tx.now,
        )
    )
    recount(tx, [source])
    if kind == EdgeKind.PARENT:
        recount(tx, _waiting_for(tx, [target]))


def settle(tx: Tx, bead_id: str) -> list[str]:
    """Recount a bead whose state changed and what that touches; return the beads that became unblocked."""
    dependants = tx.rows(
        "SELECT source FROM edge WHERE target = :t AND kind IN ('blocks', 'conditional-blocks')",
        t=bead_id,
    )
    parents = tx.rows("SELECT target FROM edge WHERE source = :s AND kind = 'parent-child'", s=bead_id)
    touched = [bead_id, *(str(row[0]) for row in dependants)]
    touched += _waiting_for(tx, [str(row[0]) for row in parents])
    return recount(tx, touched)


def recount(tx: Tx, beads: Iterable[str]) -> list[str]:
    """Count the blockers of these beads anew, and of their children where that spreads.

    Returns the beads that became unblocked.
    """
    freed: list[str] = []
    front = sorted(set(beads))
    while front:
        turned: list[str] = []
        for bead, before, count in _counts(tx, front):
            if before != count:
                tx.change("UPDATE bead SET blockers = :n WHERE id = :i", n=count, i=bead)
            if (before > 0) != (count > 0):
                turned.append(bead)
                freed += [] if count else [bead]
        front = _children(tx, turned)
    return freed


def recount_all(tx: Tx) -> None:
    """Count the blockers of all beads anew, in one go over the whole graph."""
    found = tx.rows("SELECT id, state, aside, blockers FROM bead")
    states = {str(i): graph.standing(BeadState(state), aside) for i, state, aside, _ in found}
    counts = graph.blockers(states, blocking_edges(tx))
    stale = [{"i": i, "n": counts.get(str(i), 0)} for i, _, _, n in found if n != counts.get(str(i), 0)]
    tx.change_each("UPDATE bead SET blockers = :n WHERE id = :i", stale)


def refuse_cycles(tx: Tx) -> None:
    """Raise Refused, naming a cycle, if the blocking edges of this database close one."""
    if way := graph.cycle(blocking_edges(tx)):
        raise Refused(f"that would close a cycle: {arrows(way)}", "remove one of those edges")


def blocking_edges(rows: Rows) -> list[graph.Edge]:
    """Return all edges of the kinds that can block."""
    found = rows.rows(f"SELECT source, target, kind, on_failure, gate FROM edge WHERE kind IN {_KINDS}")
    return [graph.Edge(*row) for row in found]


def arrows(way: list[str]) -> str:
    """Return a way through beads as text; the middle of a very long one is counted."""
    shown = way if len(way) <= LONGEST_WAY else [*way[:10], f"… {len(way) - 20} more …", *way[-10:]]
    return " → ".join(shown)


def _counts(tx: Tx, beads: list[str]) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    for start in range(0, len(beads), BATCH):
        ids = {f"i{n}": bead for n, bead in enumerate(beads[start : start + BATCH])}
        listed = ", ".join(f":{name}" for name in ids)
        found += [
            (str(bead), int(before), int(count))
            for bead, before, count in tx.rows(
                f"SELECT b.id, b.blockers, {BLOCKERS} FROM bead b WHERE b.id IN ({listed})", **ids
            )
        ]
    return found


def _children(tx: Tx, beads: Iterable[str]) -> list[str]:
    return sorted(
        {
            str(row[0])
            for bead in beads
            for row in tx.rows("SELECT source FROM edge WHERE target = :t AND kind = 'parent-child'", t=bead)
        }
    )


def _waiting_for(tx: Tx, parents: Iterable[str]) -> list[str]:
    return [
        str(row[0])
        for parent in parents
        for row in tx.rows("SELECT source FROM edge WHERE target = :t AND kind = 'waits-for'", t=parent)
    ]


def _way(tx: Tx, start: str, goal: str) -> list[str]:
    def onward(bead: str) -> list[str]:
        rows = tx.rows(f"SELECT target FROM edge WHERE source = :s AND kind IN {_KINDS}", s=bead)
        return [str(row[0]) for row in rows]

    return graph.path(start, goal, onward)
