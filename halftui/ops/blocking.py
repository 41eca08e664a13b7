"""What blocks a bead, in SQL: the same rule as `domain.graph`, held together by a property test."""

from typing import NamedTuple

from halftui.domain.graph import ANY_CHILDREN, HOLD, PINNED, EdgeKind
from halftui.store.store import Rows

UNFINISHED = "({0}.state IN ('open', 'active', 'review') AND {0}.aside <> '" + PINNED + "')"
_UNFINISHED = UNFINISHED.format("t")
_CHILD = (
    "SELECT 1 FROM edge c JOIN bead t ON t.id = c.source"
    " WHERE c.kind = 'parent-child' AND c.target = e.target"
)
UNMET = f"""
CASE e.kind
  WHEN 'blocks' THEN {_UNFINISHED} OR (t.state IN ('failed', 'cancelled') AND e.on_failure = '{HOLD}')
  WHEN 'conditional-blocks' THEN t.state <> 'failed'
  WHEN 'parent-child' THEN t.blockers > 0
  WHEN 'waits-for' THEN EXISTS ({_CHILD} AND {_UNFINISHED})
    AND NOT (e.gate = '{ANY_CHILDREN}' AND EXISTS ({_CHILD} AND NOT {_UNFINISHED}))
  ELSE 1 = 0
END
"""
BLOCKERS = f"""
CASE WHEN {UNFINISHED.format("b")} THEN
  (SELECT count(*) FROM edge e JOIN bead t ON t.id = e.target WHERE e.source = b.id AND {UNMET})
ELSE 0 END
"""


def why_blocked(rows: Rows, bead_id: str) -> list[str]:
    """Return what blocks a bead, a sentence each, with the chain down to its cause.

    A blocked parent is followed to what blocks it. Beyond MOST sentences the rest is counted.
    """
    reasons: list[str] = []
    front, seen = [bead_id], {bead_id}
    while front and len(reasons) <= MOST and len(seen) < ANCESTORS:
        here = front.pop(0)
        prefix = "" if here == bead_id else f"{here}, its parent, "
        for met in _unmet(rows, here, MOST + 1):
            if met.kind == EdgeKind.PARENT:
                front += [] if met.target in seen else [met.target]
                seen.add(met.target)
            else:
                reasons.append(f"{prefix}{_WORDS[met.kind]} {_chain(rows, met)}")
    if len(reasons) > MOST:
        count = int(rows.rows("SELECT blockers FROM bead WHERE id = :i", i=bead_id)[0][0])
        return [*reasons[:MOST], f"and {max(count, len(reasons)) - MOST} more"]
    return reasons


class _Met(NamedTuple):
    """An unmet edge, and how its target stands."""

    target: str
    kind: str
    title: str
    state: str
    hold: str
    assignee: str
    blockers: int
    staged: str  # the staged convoy it travels with

    def __str__(self) -> str:
        more = ""
        if self.state == "active" and self.assignee:
            more = f", {self.assignee}"
        elif self.state == "open" and not self.blockers and (self.hold or self.staged):
            more = f", on hold: {self.hold}" if self.hold else f", in the staged convoy {self.staged}"
        return f"{self.target} {self.title} ({self.state}{more})"


def _unmet(rows: Rows, bead_id: str, most: int) -> list[_Met]:
    found = rows.rows(
        f"SELECT e.target, e.kind, {_STANDING} FROM edge e JOIN bead t ON t.id = e.target"
        " LEFT JOIN convoy c ON c.id = t.convoy_id AND c.state = 'staged'"
        f" WHERE e.source = :s AND {UNMET}"
        " ORDER BY CASE e.kind WHEN 'parent-child' THEN 1 ELSE 0 END, e.target LIMIT :m",
        s=bead_id,
        m=most,
    )
    return [_Met(*row) for row in found]


def _chain(rows: Rows, met: _Met) -> str:
    """Return a blocker and what it waits for in turn; the middle of a long chain is counted."""
    links, here = [str(met)], met
    seen = {met.target}
    while len(links) < FURTHEST:
        if (following := _next(rows, here)) is None or following[1].target in seen:
            break
        words, here = following
        seen.add(here.target)
        links.append(f"{words} {here}")
    if len(links) == FURTHEST:
        links.append("and so on")
    if len(links) > 2 * SHOWN + 1:
        links = [*links[:SHOWN], f"… {len(links) - 2 * SHOWN} more …", *links[-SHOWN:]]
    return ", ".join(links)


def _next(rows: Rows, met: _Met) -> tuple[str, _Met] | None:
    """Return what an unmet target waits for itself, and in what words."""
    if met.kind == EdgeKind.WAITS_FOR:
        found = rows.rows(
            f"SELECT t.id, 'blocks', {_STANDING} FROM edge p JOIN bead t ON t.id = p.source"
            " LEFT JOIN convoy c ON c.id = t.convoy_id AND c.state = 'staged'"
            f" WHERE p.target = :t AND p.kind = 'parent-child' AND {_UNFINISHED} ORDER BY t.id LIMIT 1",
            t=met.target,
        )
        return ("of which", _Met(*found[0])) if found else None
    words, here = "which", met.target
    for _ in range(ANCESTORS if met.blockers else 0):  # up the parents to the one that waits itself
        unmet = _unmet(rows, here, 1)
        if not unmet:
            break
        if unmet[0].kind != EdgeKind.PARENT:
            return f"{words} {_WORDS[unmet[0].kind]}", unmet[0]
        here = unmet[0].target
        words = f"whose parent {here}"
    return None


MOST = 20  # sentences
FURTHEST = 200  # beads along one chain
ANCESTORS = 5_000  # parents above each other that are looked at
SHOWN = 3  # at each end of a long chain
_STANDING = "t.title, t.state, t.hold, t.assignee, t.blockers, coalesce(c.name, '')"
_WORDS: dict[str, str] = {
    EdgeKind.BLOCKS: "waits for",
    EdgeKind.CONDITIONAL: "waits for the failure of",
    EdgeKind.WAITS_FOR: "waits for the children of",
}
