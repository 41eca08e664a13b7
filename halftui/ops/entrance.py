"""Who may come in, and with what: plain SQL into frozen views, without the ORM."""

from __future__ import annotations

from halftui.domain.actor import Role
from halftui.domain.shown import Entrance, KeyRow
from halftui.store.store import Rows


def of(rows: Rows, name: str) -> Entrance | None:
    """Return in which role and by which keys a person may come in, None if there is no such person."""
    found = rows.rows("SELECT role, theme FROM person WHERE name = :n", n=name)
    if not found:
        return None
    keys = rows.rows("SELECT fingerprint FROM key WHERE person = :n", n=name)
    invites = rows.rows("SELECT 1 FROM invite WHERE person = :n AND expires_at > :now", n=name, now=rows.now)
    return Entrance(
        name, Role(found[0][0]), frozenset(str(row[0]) for row in keys), bool(invites) and not keys,
        str(found[0][1]),
    )  # fmt: skip


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
