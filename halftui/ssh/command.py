"""Runs a guest's command line: the same commands as locally, in a thread, over the guest's channel."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from halftui.cli import parser
from halftui.ssh.hosting import Streams
from halftui.ssh.line import In, Out

if TYPE_CHECKING:
    from halftui.ssh.session import Session

BREAKS = frozenset(b"\x03\x04\x1c")  # ^C ^D ^\ of a terminal, whose keys come raw
MOST_TYPED = 64 * 1024  # bytes kept for the screen that may follow


async def run(session: Session, words: list[str]) -> tuple[str | None, int]:
    """Run a command line; return the board that it wants opened, if it does, and its exit code."""
    wanted: list[str] = []
    hosting = session.server.hosting
    streams = _streams(session)
    door = hosting.door(hosting.service_of(session.member.actor), streams, wanted.append)
    options = ["--no-color"] if "NO_COLOR" in session.env else []

    def call() -> int:
        try:
            return parser.run(door, [*options, *words])
        finally:
            for stream in (streams.out, streams.err):
                _finish(stream)

    breaks = session.server.spawn(_heed_breaks(session)) if session.terminal else None
    try:
        code = await asyncio.get_running_loop().run_in_executor(session.server.threads, call)
    finally:
        if breaks is not None:
            breaks.cancel()
            await asyncio.wait([breaks])
    return (wanted[0] if wanted else None), code


def _streams(session: Session) -> Streams:
    has_terminal = session.terminal is not None
    ends = "\r\n" if has_terminal else "\n"

    def writer(*, is_error: bool) -> io.TextIOWrapper:
        raw = io.BufferedWriter(Out(session.line, is_error=is_error, is_terminal=has_terminal), 32_768)
        return io.TextIOWrapper(raw, encoding="utf-8", newline=ends)

    reader = In(session.reader, session.line.loop)
    typed = io.StringIO() if has_terminal else io.TextIOWrapper(io.BufferedReader(reader), encoding="utf-8")
    width = session.terminal.width if session.terminal else None
    return Streams(writer(is_error=False), writer(is_error=True), typed, width)


def _finish(stream: object) -> None:
    """Send what is left, and let go of the buffers without their complaining later."""
    assert isinstance(stream, io.TextIOWrapper)
    try:
        stream.flush()
    except BrokenPipeError:
        pass  # the guest went away, and nothing is left to be said
    else:
        stream.detach()


async def _heed_breaks(session: Session) -> None:
    """End a command of a terminal when its person breaks it off; keep what else they typed."""
    typed = b""
    try:
        while len(typed) < MOST_TYPED and (data := await session.reader.read(4_096)):
            if BREAKS & set(data):
                session.line.is_open = False
                return
            typed += data
    finally:
        if typed and not session.reader.at_eof():
            session.reader.feed_data(typed)
