"""Git over the same port: the board's own bare repository, whose branches beads' work is on.

Everybody may fetch. Pushed is to `halftui/<bead>` alone, by whom the ops let; git's own `update` hook asks
for each ref, since what a client announces and what it does need not be the same.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.domain.text import clean_line
from halftui.engine.naming import home_name
from halftui.errors import HalfTUIError, Misconfigured, Refused
from halftui.ops import pushes, views
from halftui.ops.access import authorize
from halftui.ops.attempts import Work
from halftui.workspace.threads import in_git

if TYPE_CHECKING:
    from halftui.domain.shown import BoardRow
    from halftui.ssh.session import Session
    from halftui.workspace.repository import Repository

CHUNK = 64 * 1024
MOST_ANNOUNCED = 256 * 1024  # bytes of refs in one push
LARGEST_PUSH = "1073741824"  # bytes
BRANCH = re.compile(r"refs/heads/(halftui/([A-Za-z0-9._-]+))")
_COMMAND = re.compile(rb"[0-9a-f]{40,64} [0-9a-f]{40,64} ([^\0\n]+)")
_PROTOCOL = re.compile(r"version=[0-2]")
_HOOK = """#!/bin/sh
grep -qxF -- "$1" "$HALFTUI_MAY" && exit 0
echo "$1 is not for you to push" >&2
exit 1
"""
_FETCHING = {"transfer.hideRefs": "refs/halftui"}
_PUSHING = {
    "transfer.hideRefs": "refs/halftui",
    "receive.denyDeletes": "true",
    "receive.denyNonFastForwards": "true",
    "receive.fsckObjects": "true",
    "receive.maxInputSize": LARGEST_PUSH,
    "receive.autogc": "false",
}


@dataclass
class Push:
    """A push that runs: which refs it may move, written where the hook looks."""

    session: Session
    board: BoardRow
    may: Path
    refs: list[str] = field(default_factory=list)

    async def announced(self, refs: list[str]) -> None:
        """Take note of the refs that a client announced; tell it of those it may not move."""
        for ref in refs:
            try:
                await asyncio.to_thread(self._check, ref)
            except HalfTUIError as error:
                self.session.complain(error.message, error.hint)
            else:
                self.refs.append(ref)
        await asyncio.to_thread(self.may.write_text, "".join(f"{ref}\n" for ref in self.refs), "utf-8")

    def _check(self, ref: str) -> None:
        found = BRANCH.fullmatch(ref)
        if found is None:
            raise Refused(f"{clean_line(ref, longest=80)} is not a bead's branch", "push to halftui/<bead>")
        store = self.session.server.hosting.store
        store.write(self.session.member.actor, pushes.may_push, found[2], self.board.id)


async def serve(session: Session, words: list[str]) -> int:
    """Run the git program that a client asks for, and return its exit code."""
    if len(words) != 2 or words[0] == "git-upload-archive":
        raise Misconfigured("this git command is not served", "git clone, fetch and push are")
    hosting = session.server.hosting
    name = words[1].strip("/").removesuffix(".git")
    board = await asyncio.to_thread(hosting.store.read, views.board, name)
    session.server.counts["transfers"] += 1
    if words[0] == "git-upload-pack":
        repository = await in_git(hosting.repository, board)
        return await _fetch(session, repository)
    authorize(session.member.actor, "bead.push")
    repository = await in_git(hosting.repository, board)
    return await _receive(session, repository, board)


async def _fetch(session: Session, repository: Repository) -> int:
    given = session.env.get("GIT_PROTOCOL", "")
    env = {"GIT_PROTOCOL": given} if _PROTOCOL.fullmatch(given) else {}
    argv, environment = repository.command("upload-pack", "--strict", settings=_FETCHING, env=env)
    async with _running(argv, environment) as process:
        feeder = session.server.spawn(_feed(session.reader, process.stdin))
        try:
            return await _tell(session, process)
        finally:
            feeder.cancel()


async def _receive(session: Session, repository: Repository, board: BoardRow) -> int:
    with tempfile.TemporaryDirectory(prefix="push-", dir=session.server.hosting.folder) as folder:
        hook, may = Path(folder) / "update", Path(folder) / "may"
        hook.write_text(_HOOK, encoding="utf-8")
        hook.chmod(0o700)
        may.touch()
        push = Push(session, board, may)
        settings = _PUSHING | {"core.hooksPath": folder}
        env = {"HALFTUI_MAY": str(may)}
        argv, environment = repository.command("receive-pack", settings=settings, env=env)
        async with _running(argv, environment) as process:
            feeder = session.server.spawn(_feed(session.reader, process.stdin, push))
            try:
                code = await _tell(session, process)
            finally:
                feeder.cancel()
    for ref in push.refs:
        await in_git(_note, session, repository, board, ref)
    return code


def _note(session: Session, repository: Repository, board: BoardRow, ref: str) -> None:
    """Write down what stands on a bead's branch after a push, if it is something new."""
    found = BRANCH.fullmatch(ref)
    assert found is not None
    bead = found[2]
    hosting = session.server.hosting
    forked = repository.fork(found[1], board.branch)
    if forked is None or hosting.store.read(views.bead, bead).tip == forked[1]:
        return
    changes = repository.changes(*forked)
    work = Work(*forked, len(changes.files), changes.plus, changes.minus)
    hosting.store.write(
        session.member.actor, pushes.push, bead, board.id, found[1], work, home_name(hosting.folder.parent)
    )


@asynccontextmanager
async def _running(argv: list[str], env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=pipe, stdout=pipe, stderr=pipe, env=env, cwd="/", start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _tell(session: Session, process: asyncio.subprocess.Process) -> int:
    """Send what git says until it ends, and return its exit code."""
    assert process.stdout is not None
    assert process.stderr is not None
    errors = session.server.spawn(_complain(session, process.stderr))
    try:
        while data := await process.stdout.read(CHUNK):
            await session.line.send(data)
            session.visitor.stirred = session.server.clock()
        await asyncio.wait([errors])
        return await process.wait()
    finally:
        errors.cancel()


async def _complain(session: Session, errors: asyncio.StreamReader) -> None:
    try:
        while data := await errors.read(CHUNK):
            await session.line.send(data, is_error=True)
    except BrokenPipeError:
        pass  # the guest went away: there is nobody to complain to


async def _feed(
    reader: asyncio.StreamReader, stdin: asyncio.StreamWriter | None, push: Push | None = None
) -> None:
    """Hand what the client sends to git; what a push announces is looked at first."""
    assert stdin is not None
    try:
        if push is not None:
            stdin.write(await _announcement(reader, push))
        while data := await reader.read(CHUNK):
            stdin.write(data)
            await stdin.drain()
        stdin.close()
    except OSError:
        pass  # git has ended, and says why itself


async def _announcement(reader: asyncio.StreamReader, push: Push) -> bytes:
    """Return what a client sends up to the end of its list of refs, once that is looked at."""
    seen = b""
    while (end := _end_of_list(seen)) is None and len(seen) < MOST_ANNOUNCED:
        if not (data := await reader.read(CHUNK)):
            break
        seen += data
    refs = [m[1].decode("utf-8", "replace") for m in map(_COMMAND.match, _lines(seen[:end])) if m]
    await push.announced(refs)
    return seen


def _end_of_list(data: bytes) -> int | None:
    """Return where the first flush packet stands, None if it has not come yet (gitprotocol-common(5))."""
    place = 0
    while place + 4 <= len(data):
        size = _size(data, place)
        if size < 4:
            return place
        place += size
    return None


def _lines(data: bytes) -> list[bytes]:
    lines, place = [], 0
    while place + 4 <= len(data) and (size := _size(data, place)) >= 4:
        lines.append(data[place + 4 : place + size])
        place += size
    return lines


def _size(data: bytes, place: int) -> int:
    try:
        return int(data[place : place + 4], 16)
    except ValueError:
        return 0  # no packet at all: git itself refuses it
