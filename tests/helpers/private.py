"""A board over a repository at a private address."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from halftui.main.house import House
from halftui.ops import boards, secrets, views
from tests.helpers.boards import Scene, git, scene
from tests.helpers.https import TOKEN, USER, GitServer


def keep(house: House, at: GitServer, token: str = TOKEN) -> None:
    """Store a token as the command does."""
    ident = house.store.read(secrets.identify, at.scope)
    with house.vault.sealed(ident, token) as sealed:
        house.store.write(house.actor, secrets.keep, at.scope, USER, sealed, ident)


@asynccontextmanager
async def private(
    folder: Path, at: GitServer, runtime: str = "scripted", sandbox: str = "local", **settings: Any
) -> AsyncIterator[Scene]:
    """Yield a board over shop.git of the server, with a token."""
    async with scene(folder / "world", runtime, sandbox, **settings) as one:
        git(folder, "clone", "-q", "--bare", str(one.repository), str(at.root / "shop.git"))
        git(at.root / "shop.git", "config", "http.receivepack", "true")
        keep(one.house, at)
        board = await asyncio.to_thread(one.house.init, at.repository(), "private", runtime=runtime)
        one.house.service.write(boards.edit, board.id, sandbox=sandbox)
        yield replace(one, board=one.house.service.read(views.board, board.id))
