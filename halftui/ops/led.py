"""What a leader leads: the convoys that it made, their beads, and what was made below those."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from halftui.domain.text import clean_line
from halftui.errors import Denied

if TYPE_CHECKING:
    from halftui.store.tx import Tx

# Of each convoy and bead who made it: a leader, or one before it that its owner has retired. A bead that
# travels is its convoy's, whoever wrote it; one that agents made below another is as that one.
_LED = """
WITH RECURSIVE maker(name) AS (
  SELECT 'agent:' || CAST(:a AS VARCHAR)
  UNION
  SELECT 'agent:' || g.id FROM agent g JOIN agent me ON me.id = :a AND me.owner = g.owner
  WHERE g.kind = 'leader' AND g.retired_at IS NOT NULL AND g.owner <> ''
), up(id) AS (
  SELECT CAST(:x AS VARCHAR)
  UNION
  SELECT e.target FROM up u JOIN bead b ON b.id = u.id AND b.convoy_id IS NULL
      AND b.created_by LIKE 'agent:%'
    JOIN edge e ON e.source = u.id AND e.kind = 'parent-child'
)
SELECT 1 FROM convoy c JOIN maker m ON m.name = c.created_by WHERE c.id = :x
UNION ALL
SELECT 1 FROM up u JOIN bead b ON b.id = u.id LEFT JOIN convoy c ON c.id = b.convoy_id
  JOIN maker m ON m.name = coalesce(c.created_by, b.created_by)
"""


def require(tx: Tx, things: Iterable[str]) -> None:
    """Raise Denied unless the leader that acts leads all of these beads and convoys.

    One that is not there is denied in the same words.
    """
    for thing in things:
        if not tx.rows(_LED, a=tx.actor.name, x=thing):
            raise Denied(
                f"{tx.actor} does not lead {clean_line(thing, longest=80) or 'that'}",
                "a leader acts on convoys that it made and their beads; a person may add a bead to one",
            )
