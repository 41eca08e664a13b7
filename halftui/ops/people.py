"""What may be done to the people who come in from elsewhere: their roles, keys and invites.

Nobody is made by logging in: a person exists because an admin named them.
"""

import hashlib
import hmac

from halftui.domain.actor import PEOPLE, Role
from halftui.domain.pubkey import PublicKey, is_name
from halftui.domain.text import clean_line
from halftui.errors import Denied, Misconfigured, NotFound, Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Invite, Key, Person
from halftui.store.tx import Tx

MOST_KEYS = 32  # of one person
_OWNED_AGENT = "SELECT 1 FROM agent WHERE username = :n AND owner <> '' AND retired_at IS NULL"


@verb("key.add")
def add(tx: Tx, name: str, public: PublicKey, role: str = "") -> Role:
    """Let a person in by a key, and return their role; a `role` that is given replaces the old one.

    A new person needs a role. Raises Refused if the key is known already.
    """
    person = _person(tx, name, role)
    _add_key(tx, person, public)
    _close_invite(tx, name)
    return Role(person.role)


@verb("key.remove")
def remove(tx: Tx, name: str, fingerprint: str = "") -> int:
    """Take a key from a person, by default all of them and their invite; return how many there were.

    Raises NotFound.
    """
    tx.get(Person, name)
    keys = _keys(tx, name)
    gone = [key for key in keys if key.fingerprint.startswith(fingerprint)] if fingerprint else keys
    if fingerprint and len(gone) != 1:
        raise NotFound(f"{name} has no such key", f"halftui key list {name} shows their fingerprints")
    if not fingerprint:
        _close_invite(tx, name)
    for key in gone:
        tx.delete(key)
    tx.record("key.remove", name, fingerprints=[key.fingerprint for key in gone])
    return len(gone)


@verb("key.invite")
def invite(tx: Tx, name: str, code: str, expires_at: float, role: str = "") -> None:
    """Let a person bring a key of their own once, with `code`, until `expires_at` (UTC seconds).

    An older invite of theirs ends. Raises Refused if they have a key, with which they come in.
    """
    person = _person(tx, name, role)
    if _keys(tx, name):
        raise Refused(f"{name} has a key already", f"halftui key add {name} < key.pub adds another")
    _close_invite(tx, name)
    tx.add(
        Invite(
            person=name, digest=_digest(code), created_by=str(tx.actor), created_at=tx.now,
            expires_at=expires_at,
        )
    )  # fmt: skip
    tx.record("key.invite", name, role=person.role, expires_at=expires_at)


@verb("key.join")
def join(tx: Tx, code: str, public: PublicKey) -> Role:
    """Take up the actor's own invite with the key that they hold. Raises Denied, Refused."""
    name = tx.actor.name
    found = tx.find(Invite, name)
    if found is None or found.expires_at <= tx.now or _keys(tx, name):
        raise Denied(f"there is no open invite for {name}", "ask for another one")
    if not hmac.compare_digest(found.digest, _digest(code)):
        raise Denied("this is not the code of the invite", "type it as it was sent to you")
    person = tx.get(Person, name)
    _add_key(tx, person, public)
    tx.delete(found)
    return Role(person.role)


@verb("person.edit")
def edit(tx: Tx, name: str, role: str) -> None:
    """Give a person another role. Raises NotFound."""
    tx.get(Person, name)
    _person(tx, name, role)


@verb("person.dress")
def dress(tx: Tx, theme: str) -> None:
    """Keep the actor's own choice of a theme; who is not in the list of people keeps theirs in a file."""
    person = tx.find(Person, tx.actor.name)
    if person is not None and person.theme != theme:
        before, person.theme = person.theme, clean_line(theme, longest=80)
        tx.add(person)
        tx.record("person.dress", person.name, before={"theme": before}, theme=person.theme)


def _person(tx: Tx, name: str, role: str) -> Person:
    """Return the person of that name in that role, made if there is none."""
    if role and role not in PEOPLE:
        raise Misconfigured(f"{clean_line(role, longest=40)} is no role", f"it is one of {', '.join(PEOPLE)}")
    person = tx.find(Person, name)
    if person is None:
        if not is_name(name):
            raise Misconfigured(
                f"nobody can be called {clean_line(name, longest=40)!r}",
                "use up to 32 small letters, digits, dots, dashes; a letter first",
            )
        if tx.rows(_OWNED_AGENT, n=name):
            raise Refused(f"{name} is an agent", "whoever comes in as that is the agent: choose another name")
        if not role:
            raise Misconfigured(f"{name} is new here", f"say --role {'|'.join(PEOPLE)}")
        person = tx.add(Person(name=name, role=role, created_at=tx.now))
        tx.record("person.create", name, role=role)
    elif role and role != person.role:
        before, person.role = person.role, role
        tx.add(person)
        tx.record("person.edit", name, before={"role": before}, role=role)
    return person


def _keys(tx: Tx, name: str) -> list[Key]:
    found = tx.rows('SELECT fingerprint FROM "key" WHERE person = :n ORDER BY created_at', n=name)
    return [tx.get(Key, fingerprint) for (fingerprint,) in found]


def _add_key(tx: Tx, person: Person, public: PublicKey) -> None:
    known = tx.find(Key, public.fingerprint)
    if known is not None:
        raise Refused(
            f"this key is known already: {known.person} has it", "everybody needs a key of their own"
        )
    if tx.rows("SELECT 1 FROM signing_key WHERE fingerprint = :f", f=public.fingerprint):
        raise Refused("this key is an agent's", "with it the agent would come in as a person")
    if len(_keys(tx, person.name)) >= MOST_KEYS:
        raise Refused(f"{person.name} has {MOST_KEYS} keys", f"halftui key remove {person.name} FINGERPRINT")
    tx.add(
        Key(
            fingerprint=public.fingerprint, person=person.name, kind=public.kind, blob=public.blob,
            comment=public.comment, added_by=str(tx.actor), created_at=tx.now,
        )
    )  # fmt: skip
    tx.record("key.add", person.name, fingerprint=public.fingerprint, role=person.role)


def _close_invite(tx: Tx, name: str) -> None:
    if (found := tx.find(Invite, name)) is not None:
        tx.delete(found)


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().encode()).hexdigest()
