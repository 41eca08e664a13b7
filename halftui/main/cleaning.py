"""Clears away what finished work left: clones, files, sandboxes, images, logs, refs, output of checks.

Nothing goes that is not elsewhere: a clone only when all in it is committed and on the target branch, a
sandbox only when its attempt's end is written down. Of the database go the names of files that agents
attached, and what checks printed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halftui.cli.door import Cleared
from halftui.domain.shown import BoardRow
from halftui.domain.text import counted
from halftui.engine.clones import PAIRS
from halftui.engine.naming import ATTEMPT_LABEL, HOME_LABEL, collab_key, home_label
from halftui.errors import HalfTUIError, Refused
from halftui.ops import retention, views
from halftui.store.store import Rows
from halftui.workspace import artefacts
from halftui.workspace.keeping import require_safe
from halftui.workspace.salvage import salvage_command
from halftui.workspace.tree import BROKEN, Tree

if TYPE_CHECKING:
    from halftui.main.house import House
    from halftui.sandbox.base import Sandbox
    from halftui.workspace.repository import Repository

log = logging.getLogger(__name__)

DAY = 86_400.0
MEGABYTE = 1_000_000
SALVAGE_SECONDS = 120.0
GOES, GONE, STAYS = "goes", "gone", "stays"


@dataclass(frozen=True, slots=True)
class Finished:
    """A bead that is done, failed or cancelled, and when (UTC seconds)."""

    id: str
    closed_at: float
    tip: str
    merged: str
    collab: str
    collab_merged: str
    is_live: bool  # an attempt at it has not ended yet


async def clear(house: House, days: float, *, is_dry: bool) -> list[Cleared]:
    """Return what goes, or with `is_dry` what would, and what stays although it is old, with the reason."""
    before = house.store.clock() - days * DAY
    done: list[Cleared] = []
    for board in await asyncio.to_thread(house.store.read, views.boards):
        try:
            await asyncio.to_thread(house.repository(board).create, house.origin(board))
            done += [one async for one in _of_board(house, board, before, is_dry=is_dry)]
        except HalfTUIError as error:
            done.append(Cleared("board", board.name, 0.0, STAYS, error.message))
    done += await asyncio.to_thread(lambda: [*_printed(house, before, is_dry=is_dry)])
    done += await asyncio.to_thread(lambda: [*_images(house, before, is_dry=is_dry)])
    done += await asyncio.to_thread(lambda: [*_logs(house.home, before, is_dry=is_dry)])
    for one in done:
        log.info("cleared", extra={"kind": one.kind, "what": one.name, "fate": one.fate})
    return done


async def _of_board(house: House, board: BoardRow, before: float, *, is_dry: bool) -> AsyncIterator[Cleared]:
    sandbox = await house.sandbox(board)
    ended = await asyncio.to_thread(house.store.read, _ended)
    labels = {HOME_LABEL: home_label(house.home), "board": board.id}
    for found in await sandbox.find(labels):
        if found.labels.get(ATTEMPT_LABEL) in ended:
            if not is_dry:
                await sandbox.remove(found.name)
            yield Cleared("sandbox", found.name, 0.0, GOES if is_dry else GONE)
    for files in await asyncio.to_thread(_orphans, house, board, is_dry=is_dry):
        yield files
    repository = house.repository(board)
    for bead in await asyncio.to_thread(house.store.read, finished, board.id):
        folder = house.home / "beads" / bead.id
        if bead.closed_at > before:
            continue
        for files in await asyncio.to_thread(_files, house, board, bead, is_dry=is_dry):
            yield files
        if folder.is_dir():
            yield await _clone(house, board, sandbox, bead, folder, is_dry=is_dry)
        if refs := await asyncio.to_thread(repository.thin, bead.id, is_dry=is_dry):
            yield Cleared("refs", f"{bead.id}: {refs}", 0.0, GOES if is_dry else GONE)


def _files(house: House, board: BoardRow, bead: Finished, *, is_dry: bool) -> list[Cleared]:
    """Forget the files that agents attached to a bead, then remove them: so no name leads nowhere."""
    store = artefacts.store_of(house.repository(board), bead.id)
    if bead.is_live or not store.is_dir():
        return []
    size = bytes_of(store) / MEGABYTE
    if not is_dry:
        house.store.write(house.actor, retention.clear_artefacts, bead.id, board.id)
        artefacts.sweep(store, ())
    return [Cleared("files", bead.id, size, GOES if is_dry else GONE)]


def _orphans(house: House, board: BoardRow, *, is_dry: bool) -> list[Cleared]:
    """Remove the files of beads that were deleted."""
    found = []
    for store in sorted(house.repository(board).path.parent.glob(f"{artefacts.FOLDER}/*")):
        if not house.store.read(_is_there, store.name):
            found.append(Cleared("files", store.name, bytes_of(store) / MEGABYTE, GOES if is_dry else GONE))
            if not is_dry:
                artefacts.sweep(store, ())
    return found


def _printed(house: House, before: float, *, is_dry: bool) -> Iterator[Cleared]:
    count, size = house.store.read(retention.printed, before)
    if count:
        if not is_dry:
            house.store.write(house.actor, retention.clear_trials, before)
        yield Cleared(
            "output",
            counted(count, "run of the checks", "runs of the checks"),
            size / MEGABYTE,
            GOES if is_dry else GONE,
        )


async def _clone(
    house: House, board: BoardRow, sandbox: Sandbox, bead: Finished, folder: Path, *, is_dry: bool
) -> Cleared:
    """Delete a bead's clones and home, if all in them is on their target branches."""
    repository = house.repository(board)
    pairs = sorted((folder / PAIRS).glob("*"))
    codes = [work for work in (folder / "work", *(pair / "code" for pair in pairs)) if work.is_dir()]
    trees = [Tree(work, bead.id, board.branch) for work in codes or [folder / "work"]]
    beside = [Tree(pair / "collab", bead.id, board.collab_branch) for pair in pairs]

    def check() -> None:
        if (now := house.store.read(_one, bead.id)) is None or now.is_live:
            raise Refused("somebody works on it again")
        if aside := [*folder.glob(f"*{BROKEN}*"), *folder.glob(f"{PAIRS}/*/*{BROKEN}*")]:
            raise Refused(f"its agent broke a clone, which is kept as {aside[0].name}: look, then remove it")
        for tree in trees:
            require_safe(repository, tree, board.branch, now.tip, now.merged)
        for tree in beside:
            if tree.path.parent.name != collab_key(board.collab):
                raise Refused("it has plans and results for a repository that the board has no more")
            collab = house.collab(board)
            require_safe(collab, tree, board.collab_branch, now.collab, now.collab_merged)

    size = await asyncio.to_thread(bytes_of, folder) / MEGABYTE
    try:
        await asyncio.to_thread(check)
        if not is_dry:
            for tree in (*trees, *beside):
                kept = house.collab(board) if tree in beside else repository
                await _salvage(house, sandbox, kept, tree, folder / "home")
            await asyncio.to_thread(repository.forget, folder, check)
    except HalfTUIError as error:
        return Cleared("clone", bead.id, size, STAYS, error.message)
    return Cleared("clone", bead.id, size, GOES if is_dry else GONE)


async def _salvage(house: House, sandbox: Sandbox, repository: Repository, tree: Tree, home: Path) -> None:
    """Commit, in the sandbox, what nobody committed: then it is seen. Raises Refused if that failed."""
    from halftui.sandbox.base import Places, Spec

    with tempfile.TemporaryDirectory(prefix="clear-", dir=house.home) as sockets:
        places = Places(tree.path, home, Path(sockets), repository.objects)
        labels = {HOME_LABEL: home_label(house.home), "clears": tree.bead}
        name = f"halftui-{home_label(house.home)}-clear-{Path(sockets).name}"
        env = {"HOME": sandbox.inside(places).home}
        process = await sandbox.start(Spec(name, salvage_command(tree.bead), env, places, labels))
        try:
            async with asyncio.timeout(SALVAGE_SECONDS):
                code = (await process.wait()).code
        except TimeoutError:
            code = -1
        finally:
            await sandbox.remove(name)
    if code:
        raise Refused("something in it could not be committed")


def _images(house: House, before: float, *, is_dry: bool) -> Iterator[Cleared]:
    from halftui.sandbox import image
    from halftui.sandbox.docker import probe

    host = house.settings.docker_host or None
    if house.settings.sandbox == "local" or probe(host) is None:
        return
    wanted = {image.tag(), *(image.tag(board.recipe) for board in house.store.read(views.boards))}
    for found in image.listed(host):
        if found.name not in wanted and found.created_at < before:
            try:
                if not is_dry:
                    image.remove(found.name, host)
                yield Cleared("image", found.name, float(found.size_mb), GOES if is_dry else GONE)
            except HalfTUIError as error:  # a container, maybe another board's, is made of it
                yield Cleared("image", found.name, float(found.size_mb), STAYS, error.message)


def _logs(home: Path, before: float, *, is_dry: bool) -> Iterator[Cleared]:
    for path in sorted(home.glob("halftui.log.*")):  # the present one has no number
        if path.stat().st_mtime < before:
            size = path.stat().st_size / MEGABYTE
            if not is_dry:
                path.unlink()
            yield Cleared("log", path.name, size, GOES if is_dry else GONE)
    for folder in sorted((home / "plans").glob("*")):
        if folder.stat().st_mtime < before:
            size = bytes_of(folder) / MEGABYTE
            if not is_dry:
                shutil.rmtree(folder)
            yield Cleared("plan", folder.name, size, GOES if is_dry else GONE)


def bytes_of(folder: Path) -> int:
    """Return what a folder takes on the disk; links are not followed."""
    return sum(
        os.stat(name, dir_fd=here, follow_symlinks=False).st_blocks * 512
        for _, folders, files, here in os.fwalk(folder, follow_symlinks=False)
        for name in (*folders, *files)
    )


_COLUMNS = (
    "SELECT b.id, coalesce(b.closed_at, b.updated_at), b.tip, b.merged, b.collab, b.collab_merged, EXISTS"
    " (SELECT 1 FROM attempt t WHERE t.bead_id = b.id AND t.state <> 'ended') FROM bead b"
    " WHERE b.state IN ('done', 'failed', 'cancelled')"
)


def finished(rows: Rows, board: str) -> list[Finished]:
    """Return the finished beads of a board."""
    found = rows.rows(f"{_COLUMNS} AND b.board_id = :b ORDER BY b.id", b=board)
    return [_finished(row) for row in found]


def _one(rows: Rows, bead: str) -> Finished | None:
    found = rows.rows(f"{_COLUMNS} AND b.id = :i", i=bead)
    return next((_finished(row) for row in found), None)


def _finished(row: tuple[Any, ...]) -> Finished:
    ident, closed_at, tip, merged, collab, collab_merged, is_live = row
    return Finished(ident, float(closed_at), tip, merged, collab, collab_merged, bool(is_live))


def _is_there(rows: Rows, bead: str) -> bool:
    return bool(rows.rows("SELECT 1 FROM bead WHERE id = :b", b=bead))


def _ended(rows: Rows) -> set[str]:
    return {str(row[0]) for row in rows.rows("SELECT id FROM attempt WHERE state = 'ended'")}
