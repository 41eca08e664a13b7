"""What may be done to the people of a database."""

from halftui.domain.actor import Role
from halftui.ops.access import verb
from halftui.store.tables import Person
from halftui.store.tx import Tx


@verb("person.ensure")
def ensure(tx: Tx, name: str) -> Role:
    """Return a person's role; who opens the database's file first is its admin."""
    person = tx.session.get(Person, name)
    if person is None:
        person = tx.add(Person(name=name, role=Role.ADMIN.value, created_at=tx.now))
        tx.record("person.create", name, role=person.role)
    return Role(person.role)
