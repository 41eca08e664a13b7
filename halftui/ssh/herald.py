"""Follows what happens: puts out whose key or role was taken, and tells people what others did."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from halftui.domain.actor import Role
from halftui.domain.shown import Entrance, Happened
from halftui.errors import HalfTUIError
from halftui.ops import entrance, views
from halftui.store.feed import Feed

if TYPE_CHECKING:
    from halftui.ssh.hosting import Member
    from halftui.ssh.server import Server
    from halftui.ssh.visitor import Visitor

log = logging.getLogger(__name__)

TURNED = ("key.remove", "person.edit", "key.add", "identity.rotate", "agent.retire")
PATIENCE = 30.0
RETRY_SECONDS = 1.0
PAGE = 500
KEY_GONE = "Your key was removed from this board."
ROLE_CHANGED = "Your role on this board is another one now; connect again."
# What others are told of; the words follow a title such as `moved by bo`.
NEWS = {
    "bead.create": "made",
    "bead.rank": "moved",
    "bead.dispatch": "sent to an agent",
    "bead.hold": "held",
    "bead.cancel": "dropped",
    "bead.reopen": "taken up again",
    "bead.approve": "accepted",
    "bead.reject": "sent back",
    "bead.release": "taken back",
    "question.answer": "answered",
}


class Herald:
    """The one follower of a server's events."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._store = server.hosting.store

    async def run(self) -> None:
        """Follow until cancelled; a database that does not answer is asked again."""
        seen: int | None = None
        async with Feed(self._store) as feed:
            while True:
                try:
                    if seen is None:
                        seen = await asyncio.to_thread(self._store.read, views.last_seq)
                    seen = await self._tell_all(seen)
                except HalfTUIError as error:
                    log.warning("nothing can be told: %s", error)
                    await asyncio.sleep(RETRY_SECONDS)
                await feed.wait(PATIENCE)

    async def _tell_all(self, seen: int) -> int:
        while events := await asyncio.to_thread(self._store.read, views.events, seen):
            for event in events:
                if event.verb in TURNED:
                    await self._check(event.subject)
                elif event.verb in NEWS and event.actor.startswith("person:"):
                    self._tell(event)
            seen = events[-1].seq
            if len(events) < PAGE:
                break
        return seen

    async def _check(self, subject: str) -> None:
        """Put out the visitors of that name, and agents, who may not be here any more as they came in.

        What happens to a person concerns their agents, too, so that all agents are looked at.
        """
        for visitor in tuple(self._server.visitors):
            if visitor.member is not None and (visitor.member.agent or visitor.member.name == subject):
                await self.look_again(visitor)

    async def look_again(self, visitor: Visitor) -> None:
        """Put a visitor out whose key or role is no longer what they came in with."""
        if visitor.member is not None:
            found = await asyncio.to_thread(self._store.read, entrance.of, visitor.member.name)
            if why := _changed(visitor.member, found):
                visitor.leave(why)

    def _tell(self, event: Happened) -> None:
        person = event.actor.removeprefix("person:")
        bead = str(event.after.get("bead", event.subject))
        self._server.hosting.service.presence.tell(
            event.board, person, f"{NEWS[event.verb]} by {person}", bead
        )


def _changed(member: Member, found: Entrance | None) -> str:
    """Return what a member is told who can't stay as they are, or nothing."""
    is_guest = member.role is Role.GUEST and found is not None and found.is_invited
    if not is_guest and (found is None or member.fingerprint not in found.keys):
        return KEY_GONE
    if member.role is Role.GUEST or (found is not None and found.role is member.role):
        return ""
    return ROLE_CHANGED
