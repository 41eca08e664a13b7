"""Git over the same port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halftui.errors import Denied

if TYPE_CHECKING:
    from halftui.ssh.session import Session


async def serve(session: Session, words: list[str]) -> int:
    """Refuse."""
    raise Denied("git is not served yet")
