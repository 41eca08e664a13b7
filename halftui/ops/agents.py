"""What may be done to an agent, and which one takes a bead."""

import uuid

from halftui.domain.names import next_name
from halftui.errors import Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Agent, Bead
from halftui.store.tx import Tx

_IDLE = """
SELECT a.id FROM agent a
WHERE a.board_id = :b AND a.runtime = :r AND a.profile = :p AND a.kind = 'worker' AND a.retired_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM attempt t WHERE t.agent_id = a.id AND t.state <> 'ended')
"""
_PINNED = _IDLE + " AND a.id = :pin"
_OTHERS = (
    _IDLE
    + """
  AND NOT EXISTS (SELECT 1 FROM attempt w WHERE w.agent_id = a.id AND w.bead_id = :bead AND w.kind = 'work')
  ORDER BY a.created_at LIMIT 1
"""
)
_LAST_AT_BEAD = (
    _IDLE
    + """
  AND a.id = (SELECT t.agent_id FROM attempt t WHERE t.bead_id = :bead AND t.kind = 'work'
  ORDER BY t.epoch DESC LIMIT 1)
"""
)
_FINISHER_OF_BLOCKER = (
    _IDLE
    + """
  AND a.id IN (
    SELECT t.agent_id FROM attempt t JOIN bead d ON d.id = t.bead_id
    JOIN edge e ON e.target = d.id AND e.source = :bead AND e.kind = 'blocks'
    WHERE t.outcome = 'passed' AND d.convoy_id = :convoy)
  ORDER BY a.created_at
"""
)


def choose(tx: Tx, bead: Bead, runtime: str, pool: tuple[str, ...], profile: str = "") -> Agent:
    """Return the agent for a bead: the one it is pinned to, who worked on it last, who finished its
    blocker in the same convoy, anybody idle, and only then a new one named from the pool.

    All of these have the profile.
    """
    values = {"b": bead.board_id, "r": runtime, "p": profile}
    ways: list[tuple[str, dict[str, str]]] = [(_IDLE + " ORDER BY a.created_at LIMIT 1", {})]
    if bead.convoy_id is not None:
        ways.insert(0, (_FINISHER_OF_BLOCKER, {"bead": bead.id, "convoy": bead.convoy_id}))
    if bead.epoch > 1:
        ways.insert(0, (_LAST_AT_BEAD, {"bead": bead.id}))
    if bead.pin:
        ways.insert(0, (_PINNED, {"pin": bead.pin}))
    for sql, more in ways:
        if found := tx.rows(sql, **values, **more):
            return tx.get(Agent, str(found[0][0]))
    return _make(tx, bead.board_id, runtime, pool, profile)


def choose_reviewer(tx: Tx, bead: Bead, runtime: str, pool: tuple[str, ...], profile: str = "") -> Agent:
    """Return an agent with that profile that never worked on the bead: an idle one, or a new one."""
    found = tx.rows(_OTHERS, b=bead.board_id, r=runtime, p=profile, bead=bead.id)
    return tx.get(Agent, str(found[0][0])) if found else _make(tx, bead.board_id, runtime, pool, profile)


@verb("agent.retire")
def retire(tx: Tx, agent_id: str) -> None:
    """Send an agent home; its name returns to the pool. Raises Refused while it works."""
    agent = tx.get(Agent, agent_id)
    if tx.rows("SELECT 1 FROM attempt WHERE agent_id = :a AND state <> 'ended'", a=agent_id):
        raise Refused(f"{agent.name} is at work", "stop its attempt first")
    agent.retired_at = tx.now
    tx.add(agent)
    tx.record("agent.retire", agent_id, agent.board_id, name=agent.name)


def _make(tx: Tx, board_id: str, runtime: str, pool: tuple[str, ...], profile: str) -> Agent:
    rows = tx.rows("SELECT name, retired_at FROM agent WHERE board_id = :b", b=board_id)
    ever = [str(name) for name, _ in rows]
    in_use = [str(name) for name, retired in rows if retired is None]
    agent = Agent(
        id=str(uuid.uuid4()),
        board_id=board_id,
        name=next_name(pool, in_use, ever),
        runtime=runtime,
        profile=profile,
        created_at=tx.now,
    )
    tx.add(agent)
    tx.record("agent.create", agent.id, board_id, name=agent.name, runtime=runtime)
    return agent
