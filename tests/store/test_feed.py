"""The feed: it wakes for this process at once and for others by its poll."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from halftui.errors import Unavailable
from halftui.ops import beads
from halftui.store.feed import GLANCE_SECONDS, POLL_SECONDS, Feed
from halftui.store.store import Store
from tests.helpers.stores import ANN

_OTHER = """
import sys
from halftui.domain.actor import person
from halftui.ops import beads
from halftui.store.store import Store
store = Store(sys.argv[1])
store.write(person("bo"), beads.create, sys.argv[2], "from elsewhere")
store.close()
"""


async def test_it_wakes_at_once_for_this_process(
    store: Store, board: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halftui.store.feed.POLL_SECONDS", 60)  # polling cannot wake it
    async with Feed(store) as feed:
        waiting = asyncio.ensure_future(feed.wait(30))  # a task, so that the write comes while it waits
        await asyncio.sleep(0.05)
        await asyncio.to_thread(store.write, ANN, beads.create, board, "one")
        assert await waiting


async def test_a_change_before_the_wait_is_not_missed(store: Store, board: str) -> None:
    async with Feed(store) as feed:
        await asyncio.to_thread(store.write, ANN, beads.create, board, "one")
        assert await feed.wait(60)


async def test_one_change_is_told_once(store: Store, board: str) -> None:
    async with Feed(store) as feed:
        await asyncio.to_thread(store.write, ANN, beads.create, board, "one")
        assert await feed.wait(60)
        assert not await feed.wait(3 * POLL_SECONDS)


async def test_nothing_changes(store: Store, board: str) -> None:
    async with Feed(store) as feed:
        assert not await feed.wait(0.2)


async def test_it_wakes_for_another_process(store: Store, board: str) -> None:
    async with Feed(store) as feed:
        await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", _OTHER, store.url, board], check=True, timeout=60
        )
        assert await feed.wait(60)


async def test_many_feeds_look_as_often_as_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("halftui.store.feed.POLL_SECONDS", 60)
    looks: list[None] = []
    glance = store.glance

    def counted() -> int:
        looks.append(None)
        return glance()

    monkeypatch.setattr(store, "glance", counted)
    async with AsyncExitStack() as stack:
        feeds = [await stack.enter_async_context(Feed(store)) for _ in range(20)]
        before, began = len(looks), asyncio.get_running_loop().time()
        assert not any(await asyncio.gather(*(feed.wait(0.5) for feed in feeds)))
        beats = (asyncio.get_running_loop().time() - began) / GLANCE_SECONDS
        assert len(looks) - before <= beats + 2
    before = len(looks)
    await asyncio.sleep(0.2)
    assert len(looks) == before, "without feeds nobody looks"


async def test_whoever_waits_is_told_that_the_database_is_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> int:
        raise Unavailable("the database is gone", "bring it back")

    monkeypatch.setattr("halftui.store.feed.POLL_SECONDS", 0.1)
    async with Feed(store) as feed:
        monkeypatch.setattr(store, "stamp", gone)
        assert await feed.wait(60), "who waits reads, and is told"
        assert await feed.wait(60), "again and again"
        monkeypatch.undo()
        assert await feed.wait(60), "what changed meanwhile is not missed"
        assert False in [await feed.wait(0.3) for _ in range(4)], "one look may have failed meanwhile"


async def test_after_its_end_nobody_is_woken(store: Store, board: str) -> None:
    async with Feed(store):
        pass
    await asyncio.to_thread(store.write, ANN, beads.create, board, "one")
    assert store._listeners == []
