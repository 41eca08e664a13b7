"""The watch: one snapshot for everybody, and only when something differs."""

import asyncio

from halftui.domain.shown import Snapshot
from halftui.errors import Refused
from halftui.ops import beads, boards
from halftui.service.review import Review
from halftui.service.service import Service
from tests.helpers.stores import ANN
from tests.helpers.waiting import until
from tests.helpers.world import World


def _service(world: World) -> Service:
    def no_desk(board: str) -> Review:
        raise Refused(f"{board} has no repository")

    return Service(world.store, ANN, no_desk)


async def test_everybody_gets_the_same_snapshot(world: World) -> None:
    service = _service(world)
    watch = service.watch(world.board)
    assert service.watch(world.board) is watch
    seen: tuple[list[Snapshot], list[Snapshot]] = ([], [])
    ends = [watch.subscribe(heard.append) for heard in seen]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(watch.run())
        await until(lambda: seen[0])
        for number in range(30):
            service.write(beads.create, world.board, str(number))  # here: nothing reads in between
        await until(lambda: seen[0][-1].lane("ready").total == 30)
        ends[1]()
        await asyncio.to_thread(service.write, boards.pause, world.board, is_paused=True)
        await until(lambda: seen[0][-1].board.is_paused)
        running.cancel()
    assert seen[0][-1].board.is_paused
    assert seen[0][-2].lane("ready").total == 30
    assert len(seen[0]) == len(seen[1]) + 1, "whoever left hears no more"
    assert all(a is b for a, b in zip(seen[0], seen[1], strict=False))
    assert 2 <= len(seen[1]) <= 3, "changes in a row are drawn together"


async def test_nothing_new_is_not_told(world: World) -> None:
    watch = _service(world).watch(world.board)
    heard: list[Snapshot] = []
    watch.subscribe(heard.append)
    first = await watch.refresh()
    assert await watch.refresh() is first
    assert heard == [first]
