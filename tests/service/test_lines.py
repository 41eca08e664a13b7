"""Live lines: cleaned, redacted, kept, and followed by any number of readers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from halftui.domain.happenings import Outcome
from halftui.domain.redaction import MARK, Redactor
from halftui.errors import Unavailable
from halftui.ops import transcripts
from halftui.ops.attempts import Claim
from halftui.service import lines as module
from halftui.service.lines import Batch, Lines
from tests.helpers.waiting import until
from tests.helpers.world import World

SECRET = "canary-secret-1234567890"


@pytest.fixture
def claim(world: World) -> Claim:
    """Return an attempt."""
    return world.taken(world.bead())


@asynccontextmanager
async def _running(lines: Lines) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(lines.run())
        yield
        task.cancel()


async def _all(lines: Lines, attempt: str, after: int = 0) -> list[str]:
    return [entry[3] async for batch in lines.follow(attempt, after) for entry in batch.entries]


async def _end(world: World, lines: Lines, claim: Claim) -> None:
    await lines.close(claim.attempt)
    await asyncio.to_thread(world.end, claim, Outcome.LOST)


async def test_lines_reach_followers_and_the_journal(world: World, claim: Claim) -> None:
    lines = Lines(world.store)
    lines.open(claim.attempt)
    async with _running(lines), asyncio.TaskGroup() as group:
        followers = [group.create_task(_all(lines, claim.attempt)) for _ in range(3)]
        for number in range(200):
            lines.add(claim.attempt, "out", f"line {number}")
            if number % 7 == 0:
                await asyncio.sleep(0.003)
        await asyncio.sleep(0.1)
        await _end(world, lines, claim)
    wanted = [f"line {n}" for n in range(200)]
    assert [f.result() for f in followers] == [wanted] * 3
    found = world.ask(transcripts.read, claim.attempt)
    assert [e[0] for e in found.entries] == list(range(1, 201))
    assert found.is_over


async def test_a_second_follower_misses_no_wake(world: World, claim: Claim) -> None:
    """One follower clears the event while the other sleeps: the other must still see the line."""
    lines = Lines(world.store)
    lines.open(claim.attempt)
    seen: dict[int, list[str]] = {0: [], 1: []}

    async def follow(who: int) -> None:
        async for batch in lines.follow(claim.attempt):
            seen[who] += [e[3] for e in batch.entries]

    async with asyncio.TaskGroup() as group:
        group.create_task(follow(0))
        lines.add(claim.attempt, "out", "first")
        await asyncio.sleep(module.FRAME_SECONDS / 2)  # they sleep at different times from here on
        group.create_task(follow(1))
        for number in range(20):
            await asyncio.sleep(module.FRAME_SECONDS * 0.6)
            lines.add(claim.attempt, "out", f"line {number}")
        await until(lambda: seen[0] == seen[1] == ["first", *(f"line {n}" for n in range(20))])
        await _end(world, lines, claim)


async def test_a_slow_reader_of_a_flood_is_told_what_it_missed_or_reads_the_journal(
    world: World, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RING", 100)
    lines = Lines(world.store)
    lines.open(claim.attempt)
    async with _running(lines):
        for number in range(3_000):
            lines.add(claim.attempt, "out", f"line {number}")
        follower = asyncio.ensure_future(_all(lines, claim.attempt))
        await asyncio.sleep(0.3)
        await _end(world, lines, claim)
        assert await follower == [f"line {n}" for n in range(3_000)]
    assert len(await lines.last(claim.attempt, 5)) == 5
    assert await lines.last(claim.attempt, 0) == ()


async def test_secrets_and_sequences_stay_out(world: World, claim: Claim) -> None:
    lines = Lines(world.store, Redactor([SECRET]))
    lines.open(claim.attempt)
    for kind in ("out", "said", "tool"):
        lines.add(claim.attempt, kind, f"key={SECRET}\n{SECRET[:9]}\x1b[2J{SECRET[9:]}\x1b]0;t\x07")
    lines.note_now(claim.attempt, f"echo {SECRET}\x07\nmore")
    await _end(world, lines, claim)
    dump = repr(world.dump())
    assert SECRET not in dump
    assert dump.count(MARK) >= 6
    assert "\\x1b" not in dump


async def test_colours_stay_in_program_output_only(world: World, claim: Claim) -> None:
    lines = Lines(world.store)
    lines.open(claim.attempt)
    for kind in ("out", "said"):
        lines.add(claim.attempt, kind, "\x1b[31mred\x1b[0m")
    texts = [e[3] for e in await lines.last(claim.attempt, 2)]
    assert texts == ["\x1b[31mred\x1b[0m", "red"]
    lines.add(claim.attempt, "out", "x" * 20_000)
    assert len((await lines.last(claim.attempt, 1))[0][3]) == module.LONGEST + 1
    await _end(world, lines, claim)


async def test_a_database_that_fails_loses_no_line(
    world: World, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    lines = Lines(world.store)
    lines.open(claim.attempt)
    write, failures, loop, recovered = world.store.write, [0], asyncio.get_running_loop(), asyncio.Event()

    def failing(*args: Any, **kwargs: Any) -> Any:
        failures[0] += 1
        if failures[0] <= 3:
            raise Unavailable("the disk under the database is full")
        loop.call_soon_threadsafe(recovered.set)
        return write(*args, **kwargs)

    monkeypatch.setattr(world.store, "write", failing)
    async with _running(lines):
        for number in range(50):
            lines.add(claim.attempt, "out", f"line {number}")
        await recovered.wait()
        await lines.close(claim.attempt)
    assert len(world.ask(transcripts.read, claim.attempt).entries) == 50


async def test_closing_waits_for_a_write_under_way(world: World, claim: Claim) -> None:
    lines = Lines(world.store)
    lines.open(claim.attempt)
    async with _running(lines):
        for number in range(5_000):
            lines.add(claim.attempt, "out", f"line {number}")
        await asyncio.sleep(module.FLUSH_SECONDS + 0.01)  # the first write has begun
        await lines.close(claim.attempt)
        assert len(world.ask(transcripts.read, claim.attempt, most=10_000).entries) == 5_000


async def test_a_cancelled_write_may_be_tried_again(world: World, claim: Claim) -> None:
    lines = Lines(world.store)
    lines.open(claim.attempt)
    for number in range(3_000):
        lines.add(claim.attempt, "out", f"line {number}")
    running = asyncio.ensure_future(lines.run())
    await asyncio.sleep(module.FLUSH_SECONDS + 0.01)
    running.cancel()
    await lines.close(claim.attempt)
    assert [e[0] for e in world.ask(transcripts.read, claim.attempt, most=10_000).entries] == list(
        range(1, 3_001)
    )


async def test_another_process_s_lines_are_polled(world: World, claim: Claim) -> None:
    here = Lines(world.store)  # has no ring for this attempt
    follower = asyncio.ensure_future(_all(here, claim.attempt))
    for number in range(1, 4):
        entry = (number, 0.0, "out", f"line {number}")
        await asyncio.to_thread(world.engine, transcripts.append, claim.attempt, [entry], "")
        await asyncio.sleep(0.1)
    await asyncio.to_thread(world.end, claim, Outcome.LOST)
    assert await follower == ["line 1", "line 2", "line 3"]


def test_a_batch_says_what_was_missed() -> None:
    ring = module.Ring(0)
    for number in range(1, module.RING + 11):
        ring.last = number
        ring.entries.append((number, 0.0, "out", "x"))
    assert ring.since(0).missed == 10
    assert ring.since(ring.last) == Batch(())
    assert [e[0] for e in ring.since(ring.last - 2).entries] == [ring.last - 1, ring.last]
