"""One connection: who it is, by the user name and that name's own keys alone."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import asyncssh

from halftui.domain.actor import Role
from halftui.domain.identity import is_username
from halftui.domain.pubkey import is_name, parse
from halftui.errors import HalfTUIError, Misconfigured
from halftui.ops import entrance
from halftui.ssh.hosting import Member
from halftui.ssh.session import Session

if TYPE_CHECKING:
    from halftui.domain.shown import Entrance
    from halftui.ssh.server import Server

log = logging.getLogger(__name__)


class Visitor(asyncssh.SSHServer):
    """A connection from its first byte to its last.

    Clients offer public keys before they prove to hold the private half, so an offered key says nothing:
    the name alone is the identity, only its keys are ever accepted, and whatever was noted of a key is
    used when the proof is complete, not before.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._limits = server.limits
        self._refused = 0
        self._proved: Member | None = None  # what the newest accepted key would make of them
        self._was_invited = False
        self._has_asked = False
        self.member: Member | None = None  # None until the proof is complete
        self.sessions: set[Session] = set()
        self.began = self.stirred = server.clock()
        self.address = ""

    # at the gate

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Stand at the gate, or go."""
        self.connection = conn
        self.address = str((conn.get_extra_info("peername") or ("",))[0])
        if not self._server.gate.arrive(self, self.address, conn.abort):
            asyncio.get_running_loop().call_soon(conn.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._server.gate.leave(self)
        self._server.forget(self)
        if self.member is None and self._refused:
            self._server.gate.refuse(self.address)
            self._server.counts["logins_refused"] += 1

    def begin_auth(self, username: str) -> bool:
        """Ask everybody for a key."""
        return True

    def public_key_auth_supported(self) -> bool:
        """Take keys, and nothing else."""
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether a key opens the door for that name; asked for an offer and for a proof alike."""
        found = await self._entrance(username)
        self._proved = _member(found, key) if found is not None else None
        if self._proved is not None:
            self._was_invited = self._was_invited or self._proved.role is Role.GUEST
            return True
        self._refused += 1
        if self._refused >= self._limits.keys_tried:
            self.connection.disconnect(
                asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, "too many keys were tried"
            )
        return False

    def auth_completed(self) -> None:
        """Let them in as what the proof showed."""
        found = self._proved
        if found is None or (self._was_invited and found.role is not Role.GUEST):
            self.connection.abort()  # they were invited a moment ago and have a key by now: once more
            return
        self.member = found
        self._server.gate.leave(self)
        self._server.gate.welcome(self.address)
        self._server.visitors.add(self)
        self._server.counts["logins"] += 1
        self._server.spawn(self._look_again())  # the key may have been removed in these moments
        log.info("somebody came in", extra={"person": found.name, "source": self.address})

    async def _look_again(self) -> None:
        try:
            await self._server.herald.look_again(self)
        except HalfTUIError as error:
            log.warning("nobody can come in: %s", error)
            self.connection.abort()

    async def _entrance(self, name: str) -> Entrance | None:
        if not is_name(name) and not is_username(name):
            return None
        try:
            return await asyncio.to_thread(self._server.hosting.store.read, entrance.of, name)
        except HalfTUIError as error:
            log.warning("nobody can come in: %s", error)
            return None

    # inside

    def session_requested(self) -> Session | bool:
        """Open a session, unless there are too many."""
        if self.member is None or self._server.is_full(self.member.name):
            return False
        if self.member.role is Role.GUEST and self._has_asked:
            return False  # whoever was invited has one try a connection
        self._has_asked = True
        self.stirred = self._server.clock()
        return Session(self._server, self, self.member)

    def started(self, session: Session) -> None:
        """Note that a session runs."""
        self.sessions.add(session)

    def ended(self, session: Session) -> None:
        """Note that a session is over."""
        self.sessions.discard(session)
        self.stirred = self._server.clock()
        if self.member is not None and self.member.role is Role.GUEST:
            self._server.spawn(self._close_later())

    def leave(self, why: str) -> None:
        """End this connection, telling its sessions why."""
        if not self.sessions:
            self.connection.close()
            return
        for session in tuple(self.sessions):
            session.leave(why)
        self._server.spawn(self._close_later())

    async def _close_later(self) -> None:
        """Give the sessions a moment to give their terminals back; clients then go by themselves."""
        try:
            async with asyncio.timeout(self._limits.farewell):
                await self.connection.wait_closed()
        except TimeoutError:
            self.connection.abort()


def _member(found: Entrance, key: asyncssh.SSHKey) -> Member | None:
    """Return what a key makes of a name: its owner, an invited guest, or nobody."""
    fingerprint = key.get_fingerprint()
    line = key.export_public_key().decode().strip()
    if fingerprint in found.keys:
        return Member(found.name, found.role, fingerprint, line, found.theme, found.agent)
    if not found.is_invited:
        return None
    try:
        parse(line)
    except Misconfigured:
        return None
    return Member(found.name, Role.GUEST, fingerprint, line)
