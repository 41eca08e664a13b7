"""A person's shell in a running container: an exec of the engine with a terminal, as raw bytes both ways."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from halftui.errors import Conflict, NotFound, Unavailable
from halftui.sandbox.wire import CHUNK, call
from halftui.settle import settle

# It says its number first, by which it is ended. The best shell that there is, or the command.
START = """
echo $$
if [ $# -gt 0 ]; then exec "$@"; fi
if command -v bash >/dev/null; then exec bash; fi
exec sh
"""
# A lost connection does not end a shell, and its jobs have groups of their own; the session has them all.
# But the input of a program without a terminal ends with its connection, whatever became of who held it:
# so one such program is told the shell's number, waits for that end, and ends what still stands.
GUARD = """
read -r shell || exit 0
while read -r line; do :; done
kill -HUP "$shell" 2>/dev/null || exit 0
sleep 0.3
for place in /proc/[0-9]*; do
  read -r line <"$place/stat" || continue
  set -- ${line##*') '}
  [ "$4" = "$shell" ] && kill -KILL "${place#/proc/}"
done 2>/dev/null
:
"""
START_PATIENCE = 10.0  # seconds until it said its number
END_PATIENCE = 10.0  # seconds that ending it may take
KILLED = 137  # by SIGKILL, as shells report it
LOOKS, LOOK_PAUSE = 30, 0.1  # seconds between them; a busy engine may take some
LONGEST_NUMBER = 9  # digits


def exec_config(command: Sequence[str], *, has_terminal: bool) -> dict[str, Any]:
    """Return the body of the engine's call that makes an exec (Engine API 1.41).

    Left out are user, folder and environment, so that they are the container's own.
    """
    return {
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": has_terminal,
        "Privileged": False,
        "Cmd": list(command),
    }


class DockerShell:
    """One exec with a terminal."""

    def __init__(
        self,
        engine: Path,
        container: str,
        ident: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._engine = engine
        self._container = container
        self._id = ident
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """Return what it drew next, b"" once it or the container ended."""
        try:
            return await self._reader.read(CHUNK)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """Send what was typed, and wait until the engine took it."""
        with contextlib.suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    async def resize(self, width: int, height: int) -> None:
        """Tell its terminal's size; where it ended meanwhile there is nobody to tell."""
        with contextlib.suppress(NotFound, Conflict, Unavailable):
            target = f"/exec/{self._id}/resize?w={width}&h={height}"
            async with call(self._engine, "POST", target) as (reader, _):
                await reader.read()

    async def code(self) -> int | None:
        """Return the code that it ended with, None if it did not or if the container ended."""
        with contextlib.suppress(NotFound):
            told = await self._told(f"/exec/{self._id}/json")
            code = None if told["Running"] else told["ExitCode"]
            return None if code == KILLED and await self._is_container_over() else code
        return None

    async def _is_container_over(self) -> bool:
        """Return whether a shell was killed by its container's end, which the engine notes a little later."""
        for _ in range(LOOKS):
            if not (await self._told(f"/containers/{self._container}/json"))["State"]["Running"]:
                return True
            await asyncio.sleep(LOOK_PAUSE)
        return False

    async def _told(self, target: str) -> Any:
        async with call(self._engine, "GET", target) as (reader, _):
            return json.loads(await reader.read())


@contextlib.asynccontextmanager
async def open_shell(engine: Path, container: str, command: Sequence[str]) -> AsyncIterator[DockerShell]:
    """Give a shell, or the command, in a running container.

    Whatever it began ends with the context, or with this process. Raises NotFound if there is no such
    container, Conflict if it does not run, Unavailable.
    """
    program = ["/bin/sh", "-c", START, "sh", *command]
    async with (  # the guard first: what can't be guarded is not begun
        _exec(engine, container, ["/bin/sh", "-c", GUARD]) as (_, left, kept),
        _exec(engine, container, program, has_terminal=True) as (ident, reader, writer),
    ):
        kept.write(b"%d\n" % await _number(reader))
        try:
            yield DockerShell(engine, container, ident, reader, writer)
        finally:
            await settle(_let_go(left, kept))


@contextlib.asynccontextmanager
async def _exec(
    engine: Path, container: str, command: Sequence[str], *, has_terminal: bool = False
) -> AsyncIterator[tuple[str, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Start a program beside the main one; give its id, and its connection."""
    body = exec_config(command, has_terminal=has_terminal)
    async with call(engine, "POST", f"/containers/{container}/exec", body=body) as (reader, _):
        ident = str(json.loads(await reader.read())["Id"])
    start = {"Detach": False, "Tty": has_terminal}
    async with call(engine, "POST", f"/exec/{ident}/start", upgrade=True, body=start) as (reader, writer):
        yield ident, reader, writer


async def _number(reader: asyncio.StreamReader) -> int:
    """Return the number that the shell says of itself; from a hostile container it may be any."""
    try:
        async with asyncio.timeout(START_PATIENCE):
            said = (await reader.readuntil(b"\n")).strip().decode("ascii", "replace")
    except (TimeoutError, ValueError, EOFError) as error:  # a line without an end is a ValueError too
        raise Unavailable("the container starts no shell", "its program may have ended just now") from error
    if not (said.isdecimal() and len(said) <= LONGEST_NUMBER and int(said) > 1):
        raise Unavailable("the container starts no shell", "its image may have no /bin/sh")
    return int(said)


async def _let_go(left: asyncio.StreamReader, kept: asyncio.StreamWriter) -> None:
    """Wait until the guard ended the shell that was left; if their container is gone, so are both."""
    with contextlib.suppress(OSError, EOFError, TimeoutError):
        async with asyncio.timeout(END_PATIENCE):
            kept.write_eof()
            await left.read()
