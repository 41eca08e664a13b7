"""What may be done to a subscription."""

import uuid

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, NotFound
from halftui.ops.access import verb
from halftui.settings import is_web_address
from halftui.store.rows.tables import Subscription
from halftui.store.store import Rows
from halftui.store.tx import Tx

KINDS = ("oauth", "api-key", "openai-key", "google-key")

# What waited for the end of a limit may go on with this account.
_GO_ON = """
UPDATE bead SET retry_at = NULL WHERE state = 'open' AND retry_at IS NOT NULL
  AND (SELECT t.outcome FROM attempt t WHERE t.bead_id = bead.id ORDER BY t.epoch DESC LIMIT 1) = 'limited'
"""


@verb("subscription.register")
def register(tx: Tx, name: str, kind: str, sealed: str, ident: str, base_url: str = "") -> None:
    """Store a sealed credential under a name; a name that exists gets the new credential.

    `sealed` was sealed for the row `ident`, see `identify`. Raises Misconfigured for a bad kind or address.
    """
    if base_url and not is_web_address(base_url):
        raise Misconfigured(
            f"{clean_line(base_url, longest=80)!r} is no address of a provider",
            "write one as in https://api.anthropic.com",
        )
    if kind not in KINDS:
        raise Misconfigured(f"a subscription can't be of kind {kind}", f"it is one of {', '.join(KINDS)}")
    row = tx.find(Subscription, ident)
    if row is None:
        row = tx.add(Subscription(id=ident, name=_name(name), created_at=tx.now))
    row.kind, row.sealed, row.base_url, row.parked, row.cooling_until = kind, sealed, base_url, "", None
    tx.add(row)
    tx.change(_GO_ON)
    tx.record("subscription.register", row.name, kind=kind)


@verb("subscription.remove")
def remove(tx: Tx, name: str) -> None:
    """Forget a subscription and every agent's assignment to it. Raises NotFound."""
    row = tx.get(Subscription, identify(tx, name, must_exist=True))
    tx.change("UPDATE agent SET subscription_id = NULL WHERE subscription_id = :s", s=row.id)
    tx.change("UPDATE attempt SET subscription_id = NULL WHERE subscription_id = :s", s=row.id)
    tx.delete(row)
    tx.record("subscription.remove", name)


@verb("subscription.edit")
def edit(tx: Tx, name: str, cap: int) -> None:
    """Limit the live attempts of a subscription; 0 is no limit. Raises NotFound, Misconfigured."""
    row = tx.get(Subscription, identify(tx, name, must_exist=True))
    if not 0 <= cap <= 1_000:
        raise Misconfigured(f"cap can't be {cap}", "it is a whole number from 0 to 1000")
    before, row.cap = {"cap": row.cap}, cap
    tx.add(row)
    tx.record("subscription.edit", row.name, "", before, cap=cap)


@verb("subscription.note")
def note(tx: Tx, ident: str, limits: str) -> None:
    """Keep what the provider said of a subscription's limits, as JSON; of one that was removed nothing."""
    tx.change("UPDATE subscription SET limits = :l, seen_at = :n WHERE id = :i", l=limits, n=tx.now, i=ident)


@verb("subscription.cool")
def cool(tx: Tx, ident: str, until: float) -> None:
    """Let a subscription rest until the later of `until` (UTC seconds) and what is known."""
    row = tx.get(Subscription, ident)
    row.cooling_until = max(until, row.cooling_until or 0.0)
    tx.add(row)
    tx.record("subscription.cool", row.name, until=row.cooling_until)


@verb("subscription.park")
def park(tx: Tx, ident: str, reason: str) -> None:
    """Use a subscription no more until its credential is replaced."""
    row = tx.get(Subscription, ident)
    if not row.parked:
        row.parked = clean_line(reason)
        tx.add(row)
        tx.record("subscription.park", row.name, reason=row.parked)


def identify(rows: Rows, name: str, *, must_exist: bool = False) -> str:
    """Return the id of the subscription of that name, or a new one to seal a credential for."""
    found = rows.rows("SELECT id FROM subscription WHERE name = :n", n=_name(name))
    if not found and must_exist:
        raise NotFound(f"there is no subscription {name}", "halftui subscription list shows them")
    return str(found[0][0]) if found else str(uuid.uuid4())


def _name(name: str) -> str:
    cleaned = clean_line(name, longest=80)
    if not cleaned:
        raise Misconfigured("a subscription needs a name", "name it after the account")
    return cleaned
