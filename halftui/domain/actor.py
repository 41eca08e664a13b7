"""Who does something, and in which role."""

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a person, an agent or the machine itself may be."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    MAINTAINER = "maintainer"
    ADMIN = "admin"
    LEADER = "leader"
    WORKER = "worker"
    ENGINE = "engine"
    GUEST = "guest"  # invited, and not yet let in


PEOPLE = (Role.VIEWER, Role.OPERATOR, Role.MAINTAINER, Role.ADMIN)


class Actor(NamedTuple):
    """Who did it; as text `person:ann`, `agent:<id>`, `engine` or `patrol`."""

    kind: str
    name: str
    role: Role

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def person(name: str, role: Role = Role.ADMIN) -> Actor:
    """Return a person; who owns the database's file is its admin."""
    return Actor("person", name, role)


def agent(agent_id: str, role: Role = Role.WORKER) -> Actor:
    """Return an agent."""
    return Actor("agent", agent_id, role)


ENGINE = Actor("engine", "", Role.ENGINE)
PATROL = Actor("patrol", "", Role.ENGINE)
