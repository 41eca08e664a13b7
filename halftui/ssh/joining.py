"""Takes up an invite: the one thing that somebody can do here who has no key yet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from halftui.domain.pubkey import parse
from halftui.errors import HalfTUIError, Refused
from halftui.ops import people

if TYPE_CHECKING:
    from halftui.ssh.session import Session

PATIENCE = 120.0  # seconds to type the code
LONGEST_CODE = 200
ASKS = "Welcome, {name}. Type the code of your invite (it is not shown), then press enter: "
DONE = "\n{name} may come in as {role} with {fingerprint}.\nConnect again and the board opens.\n"


async def join(session: Session) -> int:
    """Ask for the code and let the key in that this connection proved. Raises Denied, Refused."""
    member = session.member
    await _say(session, ASKS.format(name=member.name))
    code = await _code(session)
    write = session.server.hosting.store.write
    try:
        role = await asyncio.to_thread(write, member.actor, people.join, code, parse(member.public))
    except HalfTUIError:
        session.server.gate.refuse(session.visitor.address)
        raise
    await _say(session, DONE.format(name=member.name, role=role.value, fingerprint=member.fingerprint))
    return 0


async def _code(session: Session) -> str:
    typed = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while not {b"\r", b"\n"} & {typed[i : i + 1] for i in range(len(typed))}:
                if not (more := await session.reader.read(LONGEST_CODE)) or b"\x03" in more:
                    break
                typed += more
                if len(typed) > LONGEST_CODE:
                    break
    except TimeoutError:
        raise Refused("no code came", "connect again when you have it") from None
    return typed.decode("ascii", "replace").strip()


async def _say(session: Session, text: str) -> None:
    await session.line.send((text.replace("\n", "\r\n") if session.terminal else text).encode())
