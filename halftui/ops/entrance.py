"""Who may come in, and with what: plain SQL into frozen views."""

from __future__ import annotations

from halftui.domain.actor import Role
from halftui.domain.shown import Entrance, KeyRow
from halftui.store.store import Rows

# A person's own agents come in by their keys while the person may give orders: where people are let in
# by name, the owner has to be one of them, or the one whose machine it is, who stands in no list.
_AGENT = """
SELECT a.id, a.kind, k.fingerprint FROM agent a
  JOIN signing_key k ON k.subject = 'agent:' || a.id AND k.retired_at IS NULL
  LEFT JOIN person p ON p.name = a.owner
WHERE a.username = :n AND a.owner <> '' AND a.retired_at IS NULL AND (p.name IS NULL OR
  (p.role <> 'viewer' AND EXISTS (SELECT 1 FROM key o WHERE o.person = p.name)))
"""


def of(rows: Rows, name: str) -> Entrance | None:
    """Return how the person or the agent of that name may come in, None if there is neither."""
    found = rows.rows("SELECT role, theme FROM person WHERE name = :n", n=name)
    if not found:
        return _agent(rows, name)
    keys = rows.rows("SELECT fingerprint FROM key WHERE person = :n", n=name)
    invites = rows.rows("SELECT 1 FROM invite WHERE person = :n AND expires_at > :now", n=name, now=rows.now)
    return Entrance(
        name, Role(found[0][0]), frozenset(str(row[0]) for row in keys), bool(invites) and not keys,
        str(found[0][1]),
    )  # fmt: skip


def _agent(rows: Rows, username: str) -> Entrance | None:
    found = rows.rows(_AGENT, n=username)
    if not found:
        return None
    ident, kind, fingerprint = found[0]
    role = Role.LEADER if kind == "leader" else Role.WORKER
    return Entrance(username, role, frozenset({str(fingerprint)}), is_invited=False, agent=str(ident))


def keys(rows: Rows, name: str = "") -> tuple[KeyRow, ...]:
    """Return all people with their keys, one row a key; of one person if they are named."""
    found = rows.rows(
        "SELECT p.name, p.role, coalesce(k.fingerprint, ''), coalesce(k.kind, ''), coalesce(k.comment, ''),"
        " coalesce(k.added_by, ''), k.created_at, i.expires_at FROM person p"
        " LEFT JOIN key k ON k.person = p.name"
        " LEFT JOIN invite i ON i.person = p.name AND i.expires_at > :now"
        " WHERE :n = '' OR p.name = :n ORDER BY p.name, k.created_at",
        n=name,
        now=rows.now,
    )
    return tuple(KeyRow(*row) for row in found)
