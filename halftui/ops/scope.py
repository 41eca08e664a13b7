"""What a worker may touch: its own bead, and the beads below it that agents made. All else is denied."""

from collections.abc import Iterable, Mapping

from halftui.domain.actor import Role
from halftui.domain.board_tools import DEEPEST, LINK_KINDS, MOST_CHILDREN
from halftui.domain.text import clean_line
from halftui.errors import Denied, Refused
from halftui.store.rows.tables import Attempt
from halftui.store.store import Rows
from halftui.store.tx import Tx

FIELDS = frozenset({"description", "acceptance", "priority"})  # besides the title

# An attempt t (of agent g, at bead b) that still speaks for its agent, by tools and by tokens alike: asked
# to stop, superseded or with its bead gone from under it, it does not, whether or not its program ended.
LIVE = """
t.state <> 'ended' AND t.stop_reason = '' AND b.epoch = t.epoch AND b.state = 'active'
  AND g.retired_at IS NULL
"""
_OWN = f"""
SELECT t.id FROM attempt t JOIN agent g ON g.id = t.agent_id JOIN bead b ON b.id = t.bead_id
WHERE t.agent_id = :a AND {LIVE}
"""
_FAMILY = """
WITH RECURSIVE family(id) AS (
  SELECT CAST(:b AS VARCHAR)
  UNION
  SELECT e.source FROM family f JOIN edge e ON e.target = f.id AND e.kind = 'parent-child'
    JOIN bead c ON c.id = e.source AND c.created_by LIKE 'agent:%'
)
SELECT id FROM family
"""
# How many beads of agents stand above and including a bead, up to a person's.
_DEPTH = """
WITH RECURSIVE up(id, n) AS (
  SELECT CAST(:b AS VARCHAR), 0
  UNION
  SELECT e.target, u.n + 1 FROM up u JOIN bead b ON b.id = u.id AND b.created_by LIKE 'agent:%'
    JOIN edge e ON e.source = u.id AND e.kind = 'parent-child'
  WHERE u.n < 20
)
SELECT max(n) FROM up
"""


def own(tx: Tx) -> Attempt:
    """Return the live attempt of the agent that acts. Raises Denied if it has none."""
    found = tx.rows(_OWN, a=tx.actor.name)
    if tx.actor.kind != "agent" or len(found) != 1:
        raise Denied(f"{tx.actor} works on nothing", "only an agent at work may use the board's tools")
    return tx.get(Attempt, str(found[0][0]))


def family(rows: Rows | Tx, bead: str) -> list[str]:
    """Return a bead and all below it that agents made."""
    return [str(row[0]) for row in rows.rows(_FAMILY, b=bead)]


def may_create(tx: Tx, board: str, parent: str, after: Iterable[str], others: Mapping[str, object]) -> None:
    """Raise unless a worker may make such a bead; anybody else's right was checked before.

    Denied if it is out of its reach, Refused if it has made too many or goes too deep.
    """
    if tx.actor.role is not Role.WORKER:
        return
    attempt = own(tx)
    if attempt.board_id != board:
        raise Denied("that is another board", "an agent makes beads on its own board only")
    _within(tx, attempt, [parent, *after])
    if foreign := [name for name, value in others.items() if value and name not in FIELDS]:
        raise Denied(f"an agent may not set {foreign[0]}", f"it may set {', '.join(sorted(FIELDS))}")
    made = tx.rows(
        "SELECT count(*) FROM bead WHERE board_id = :b AND created_by = :w AND created_at >= :s",
        b=board, w=str(tx.actor), s=attempt.started_at,
    )[0][0]  # fmt: skip
    if made >= MOST_CHILDREN:
        raise Refused(f"this attempt has made {made} beads", f"{MOST_CHILDREN} is the most: ask a person")
    if int(tx.rows(_DEPTH, b=parent)[0][0]) >= DEEPEST:
        raise Refused("that goes too deep", f"agents make beads at most {DEEPEST} deep: ask a person")


def may_link(tx: Tx, source: str, target: str, kind: str) -> None:
    """Raise Denied unless a worker may make such an edge; anybody else's right was checked before."""
    if tx.actor.role is not Role.WORKER:
        return
    _within(tx, own(tx), [source, target])
    if kind not in LINK_KINDS:
        raise Denied("an agent may not make such an edge", f"it may make {', '.join(LINK_KINDS)}")


def may_speak(tx: Tx, bead: str) -> None:
    """Raise Denied unless a worker may comment on a bead; anybody else's right was checked before.

    What stands there is told to the next agent, so out of reach it would be a way into others' work.
    """
    if tx.actor.role is Role.WORKER:
        _within(tx, own(tx), [bead])


def _within(tx: Tx, attempt: Attempt, beads: Iterable[str]) -> None:
    """Raise Denied if one is out of reach, in the same words whether or not there is such a bead."""
    reach = set(family(tx, attempt.bead_id))
    for bead in beads:
        if bead not in reach:
            raise Denied(
                f"{clean_line(str(bead), longest=80) or 'no bead'} is not yours",
                "you may use your own bead and those that were made below it",
            )
