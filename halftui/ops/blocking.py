"""What blocks a bead, in SQL: the same rule as `domain.graph`, held together by a property test."""

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


def why_blocked(rows: Rows, bead_id: str, deepest: int = 20) -> list[str]:
    """Return what blocks a bead, a sentence each; a blocked parent is followed to its own cause."""
    reasons: list[str] = []
    front, seen = [bead_id], {bead_id}
    while front and len(seen) <= deepest:
        here = front.pop(0)
        for target, kind, title, state in rows.rows(
            f"SELECT e.target, e.kind, t.title, t.state FROM edge e JOIN bead t ON t.id = e.target"
            f" WHERE e.source = :s AND {UNMET} ORDER BY e.target",
            s=here,
        ):
            if kind != EdgeKind.PARENT:
                prefix = "" if here == bead_id else f"{here}, its parent, "
                reasons.append(f"{prefix}{_WORDS[kind]} {target} {title} ({state})")
            elif target not in seen:
                seen.add(target)
                front.append(target)
    return reasons


_WORDS = {
    EdgeKind.BLOCKS: "waits for",
    EdgeKind.CONDITIONAL: "waits for the failure of",
    EdgeKind.WAITS_FOR: "waits for the children of",
}
