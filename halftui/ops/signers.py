"""What may be asked about identities and their keys."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from halftui.domain.identity import email_of
from halftui.errors import NotFound, Refused
from halftui.store.store import Rows


class IdentityRow(NamedTuple):
    """An agent as its key knows it; `public` and `fingerprint` are "" until it has a key."""

    id: str
    username: str
    name: str
    kind: str
    runtime: str
    owner: str
    board: str
    fingerprint: str
    public: str
    created_at: float
    retired_at: float | None


class SealedKey(NamedTuple):
    """A key whose private half only the vault can open."""

    fingerprint: str
    public: str
    sealed: str


_COLUMNS = (
    "SELECT a.id, a.username, a.name, a.kind, a.runtime, a.owner, a.board_id, coalesce(k.fingerprint, ''),"
    " coalesce(k.public, ''), a.created_at, a.retired_at FROM agent a"
    " LEFT JOIN signing_key k ON k.subject = 'agent:' || a.id AND k.retired_at IS NULL"
)


def identities(rows: Rows, *, with_retired: bool = False) -> tuple[IdentityRow, ...]:
    """Return all agents, leaders first; those who were retired only if they are asked for."""
    only = "" if with_retired else " WHERE a.retired_at IS NULL"
    found = rows.rows(f"{_COLUMNS}{only} ORDER BY a.kind, a.owner, a.created_at, a.name")
    return tuple(IdentityRow(*r) for r in found)


def identity(rows: Rows, text: str) -> IdentityRow:
    """Return the living agent of that username, id or name. Raises NotFound, Refused if two have it."""
    found = _living(rows, text)
    if not found:
        raise NotFound(f"there is no identity {text}", "halftui identity list shows them")
    if len(found) > 1:
        raise Refused(f"{text} could be {' or '.join(r[1] or r[0] for r in found[:3])}", "name its id")
    return IdentityRow(*found[0])


def by_id(rows: Rows, agent_id: str) -> IdentityRow:
    """Return an agent, a retired one too. Raises NotFound."""
    found = rows.rows(f"{_COLUMNS} WHERE a.id = :i", i=agent_id)
    if not found:
        raise NotFound(f"there is no agent {agent_id}", "halftui identity list shows them")
    return IdentityRow(*found[0])


def leader(rows: Rows, owner: str, runtime: str) -> IdentityRow | None:
    """Return a person's leader for a runtime, None if there is none."""
    found = rows.rows(
        f"{_COLUMNS} WHERE a.owner = :o AND a.runtime = :r AND a.kind = 'leader' AND a.retired_at IS NULL",
        o=owner,
        r=runtime,
    )
    return IdentityRow(*found[0]) if found else None


def key_of(rows: Rows, subject: str) -> SealedKey | None:
    """Return the current key of `agent:<id>` or `house`, None if there is none yet."""
    found = rows.rows(
        "SELECT fingerprint, public, sealed FROM signing_key WHERE subject = :s AND retired_at IS NULL",
        s=subject,
    )
    return SealedKey(*found[0]) if found else None


def worker_of(rows: Rows, bead: str) -> str:
    """Return the id of the agent that worked on a bead last, "" if none did."""
    found = rows.rows("SELECT agent_id FROM attempt WHERE bead_id = :b ORDER BY epoch DESC LIMIT 1", b=bead)
    return str(found[0][0]) if found else ""


def allowed_signers(rows: Rows) -> str:
    """Return git's `gpg.ssh.allowedSignersFile` for all agents that ever had a key."""
    found = rows.rows(
        "SELECT a.username, k.public, coalesce(k.retired_at, a.retired_at) FROM signing_key k"
        " JOIN agent a ON k.subject = 'agent:' || a.id"
        " ORDER BY k.created_at, k.retired_at IS NULL, k.fingerprint"
    )
    return "".join(f"{email_of(name)} {_options(until)} {public}\n" for name, public, until in found)


def _living(rows: Rows, text: str) -> Sequence[tuple[Any, ...]]:
    for column in ("username", "id", "name"):
        if found := rows.rows(f"{_COLUMNS} WHERE a.retired_at IS NULL AND a.{column} = :t", t=text):
            return found
    return ()


def _options(until: float | None) -> str:
    if until is None:
        return 'namespaces="git"'
    moment = datetime.fromtimestamp(until + 1, UTC)  # what it signed within that second still counts
    return f'namespaces="git",valid-before="{moment:%Y%m%d%H%M%S}Z"'
