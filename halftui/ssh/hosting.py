"""What the composition root lends the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from halftui.domain.actor import Actor, Role, agent, person
from halftui.domain.shown import BoardRow

if TYPE_CHECKING:
    from halftui.cli.console import Console
    from halftui.cli.door import Door
    from halftui.service.service import Service
    from halftui.service.shells import Shells
    from halftui.store.store import Store
    from halftui.workspace.repository import Repository


@dataclass(frozen=True)
class Streams:
    """Where one guest's command reads and writes; `width` is None without a terminal."""

    out: TextIO
    err: TextIO
    input: TextIO
    width: int | None


@dataclass
class Wish:
    """What a guest's command wants to be shown on the terminal when it is done: a board, or a shell."""

    board: str = ""
    bead: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hosting:
    """What one server serves."""

    store: Store
    service: Service  # of the process; guests share its watches and live lines
    service_of: Callable[[Actor], Service]
    door: Callable[[Service, Streams, Wish], Door]  # the last is what it fills in
    shells: Callable[[Service], Shells]
    console: Callable[[Service, str], Console]  # runs what a guest types on the board of that id
    repository: Callable[[BoardRow], Repository]
    folder: Path  # the host key, and what else the server keeps
    database: str  # its kind, for the status row


@dataclass(frozen=True, slots=True)
class Member:
    """Who a connection belongs to: the user name that it gave, and the key that it proved."""

    name: str
    role: Role
    fingerprint: str
    public: str  # the key's own line
    theme: str = ""
    agent: str = ""  # the id, if it is no person

    @property
    def actor(self) -> Actor:
        """The same as whoever does something."""
        return agent(self.agent, self.role) if self.agent else person(self.name, self.role)
