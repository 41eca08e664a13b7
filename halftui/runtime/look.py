"""Looks at a request before it goes to a provider, without holding up the board.

What is short takes a few milliseconds. JSON that is long, or of very many parts, can take seconds in which no
other Python runs, so a process of its own reads it, in bounds of time and memory, with nothing secret around.
"""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Collection

from halftui.runtime.providers import Fault

SHORT = 2 * 10**6  # bytes, of which text is read in three milliseconds
FEW = 40_000  # lists, objects and their parts, which are read in ten
PIECE = 256 * 1024  # bytes that are handed on at once
SECONDS = 20.0
UNREAD = "This request is too large to be looked at."


def is_quick(body: bytes | bytearray) -> bool:
    """Tell whether looking takes no more than some milliseconds, whatever a request says."""
    return len(body) <= SHORT and sum(body.count(mark) for mark in (b"[", b"{", b",")) <= FEW


async def look(fault: Fault, target: str, body: bytearray, models: Collection[str]) -> str:
    """Return what a provider's `fault`, a function of `providers`, says; another process asks it."""
    head = json.dumps([fault.__name__, target, list(models)]).encode() + b"\n"
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(SECONDS), _reader() as (process, given, said):
            given.write(head)
            with memoryview(body) as whole:
                for at in range(0, len(body), PIECE):
                    given.write(whole[at : at + PIECE])
                    await given.drain()
            given.close()
            told = await said.read()
            if await process.wait() == 0:
                return told.decode()
    return UNREAD


@contextlib.asynccontextmanager
async def _reader() -> AsyncIterator[tuple[Process, asyncio.StreamWriter, asyncio.StreamReader]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "halftui.runtime.aside",
        env={"PYTHONPATH": os.pathsep.join(sys.path)}, stderr=DEVNULL, stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a process without its pipes")
        yield process, process.stdin, process.stdout
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
