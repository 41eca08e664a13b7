"""What lets git in at servers; and what may be done to all sealed values at once: they are sealed anew."""

import uuid
from collections.abc import Callable
from typing import NamedTuple

from halftui.domain import address
from halftui.domain.shown import SecretRow
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, NotFound
from halftui.ops.access import verb
from halftui.store.store import Rows
from halftui.store.tx import Tx

# (table, its id's column): the id is inside the sealed value.
SEALED = (("subscription", "id"), ("signing_key", "fingerprint"), ("secret", "id"))
AGAIN_SECONDS = 900.0  # until a server that let nobody in is asked again


class Found(NamedTuple):
    """What is known of a server. `refused` is why it is not to be asked now, "" if it may be."""

    id: str
    username: str
    sealed: str
    refused: str
    said: str  # when it let nobody in last; "" if nothing is wrong


@verb("secret.rotate")
def rotate(tx: Tx, reseal: Callable[[str, str], str]) -> int:
    """Seal every value anew by `reseal(row id, sealed)`, all or none; return how many there are."""
    count = 0
    for table, key in SEALED:
        found = tx.rows(f"SELECT {key}, sealed FROM \"{table}\" WHERE sealed <> ''")
        fresh = [{"i": ident, "s": reseal(str(ident), str(sealed))} for ident, sealed in found]
        tx.change_each(f'UPDATE "{table}" SET sealed = :s WHERE {key} = :i', fresh)
        count += len(fresh)
    tx.record("secret.rotate", "secrets", count=count)
    return count


@verb("secret.set")
def keep(tx: Tx, scope: str, username: str, sealed: str, ident: str) -> None:
    """Store what lets git in at a server, in place of what was there; it is asked again at once.

    `sealed` was sealed for the row `ident`, see `identify`. Raises Misconfigured for a bad name.
    """
    if not username or username != clean_line(username, longest=200) or ":" in username:
        raise Misconfigured("this is no user name", "it is one line without a colon")
    _make(tx, scope, ident)
    _try_again(tx, scope)
    tx.change(
        "UPDATE secret SET id = :i, username = :u, sealed = :s, refused = '', refused_at = 0"
        " WHERE scope = :a",
        i=ident,
        u=username,
        s=sealed,
        a=scope,
    )
    tx.record("secret.set", scope, username=username)


@verb("secret.remove")
def remove(tx: Tx, scope: str) -> None:
    """Forget what let git in at a server. Raises NotFound."""
    if not tx.change("DELETE FROM secret WHERE scope = :a AND sealed <> ''", a=scope):
        raise NotFound(f"there is no token for {address.host_of(scope)}", "halftui secrets list")
    tx.record("secret.remove", scope)


@verb("secret.refuse")
def refuse(tx: Tx, scope: str, why: str) -> None:
    """Note that a server let nobody in; it is told once, until it lets git in again."""
    before = find(tx, scope)
    _make(tx, scope, str(uuid.uuid4()))
    why = clean_line(why)
    tx.change("UPDATE secret SET refused = :w, refused_at = :n WHERE scope = :a", w=why, n=tx.now, a=scope)
    if before is None or not before.said:
        tx.record("secret.refuse", scope, reason=why)


@verb("secret.accept")
def accept(tx: Tx, scope: str) -> None:
    """Note that a server lets git in again."""
    sql = "UPDATE secret SET refused = '', refused_at = 0 WHERE scope = :a AND refused <> ''"
    if tx.change(sql, a=scope):
        tx.change("DELETE FROM secret WHERE scope = :a AND sealed = ''", a=scope)
        _try_again(tx, scope)
        tx.record("secret.accept", scope)


def find(rows: Rows, scope: str) -> Found | None:
    """Return what is known of a server, None if that is nothing."""
    sql = "SELECT id, username, sealed, refused, refused_at FROM secret WHERE scope = :a"
    for ident, username, sealed, refused, at in rows.rows(sql, a=scope):
        rests = rows.now < at + AGAIN_SECONDS
        return Found(ident, username, sealed, refused if rests else "", refused)
    return None


def identify(rows: Rows, scope: str) -> str:
    """Return the id of a server's row, or a new one to seal a credential for."""
    found = find(rows, scope)
    return found.id if found else str(uuid.uuid4())


def listed(rows: Rows) -> tuple[SecretRow, ...]:
    """Return all servers, without what lets git in."""
    found = rows.rows("SELECT scope, username, sealed <> '', refused, created_at FROM secret ORDER BY scope")
    return tuple(SecretRow(str(r[0]), str(r[1]), bool(r[2]), str(r[3]), float(r[4])) for r in found)


def _try_again(tx: Tx, scope: str) -> None:
    """Let what waits since that server let nobody in be done now."""
    says = f"{address.host_of(scope)} %"
    tx.change("UPDATE outbox SET due_at = :n WHERE state = 'waiting' AND answer LIKE :w", n=tx.now, w=says)
    tx.change("UPDATE convoy SET remark = '' WHERE state = 'moving' AND remark LIKE :w", w=says)


def _make(tx: Tx, scope: str, ident: str) -> None:
    if find(tx, scope) is None:
        tx.run(
            "INSERT INTO secret (id, scope, username, sealed, refused, refused_at, created_at)"
            " VALUES (:i, :a, '', '', '', 0, :n)",
            i=ident,
            a=scope,
            n=tx.now,
        )
