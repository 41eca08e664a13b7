"""Runs a guest's command line: the same commands as locally, in a thread, over the guest's channel."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, TextIO

from halftui.cli import parser
from halftui.ssh.hosting import Streams, Wish
from halftui.ssh.line import In, Text

if TYPE_CHECKING:
    from halftui.ssh.session import Session

BREAKS = frozenset(b"\x03\x04\x1c")  # ^C ^D ^\ of a terminal, whose keys come raw
MOST_TYPED = 64 * 1024  # bytes kept for the screen that may follow


async def run(session: Session, words: list[str]) -> tuple[Wish, int]:
    """Run a command line; return what it wants to be shown, if anything, and its exit code."""
    wish = Wish()
    hosting = session.server.hosting
    has_terminal = session.terminal is not None
    out, err = (Text(session.line, is_error=e, is_terminal=has_terminal) for e in (False, True))
    width = session.terminal.width if session.terminal else None
    streams = Streams(out, err, _typed(session), width)
    door = hosting.door(hosting.service_of(session.member.actor), streams, wish)
    options = ["--no-color"] if "NO_COLOR" in session.env else []

    def call() -> int:
        try:
            return parser.run(door, [*options, *words])
        finally:
            out.finish()
            err.finish()

    broken: list[bool] = []
    breaks = session.server.spawn(_heed_breaks(session, broken)) if has_terminal else None
    try:
        code = await asyncio.get_running_loop().run_in_executor(session.server.threads, call)
    finally:
        if breaks is not None:
            breaks.cancel()
            await asyncio.wait([breaks])
    if broken:
        code = parser.INTERRUPTED
        wish = Wish()
    return wish, code


def _typed(session: Session) -> TextIO:
    """Return a command's standard input; a terminal's keys come raw, so there they are none."""
    if session.terminal is not None:
        return io.StringIO()
    return io.TextIOWrapper(io.BufferedReader(In(session.reader, session.line.loop)), encoding="utf-8")


async def _heed_breaks(session: Session, broken: list[bool]) -> None:
    """End a command of a terminal when its person breaks it off, and note it; keep what else they typed."""
    typed = b""
    try:
        while len(typed) < MOST_TYPED and (data := await session.reader.read(4_096)):
            if BREAKS & set(data):
                session.line.is_open = False
                broken.append(True)
                return
            typed += data
    finally:
        if typed and not session.reader.at_eof():
            session.reader.feed_data(typed)
