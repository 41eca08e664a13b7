"""Two homes over one PostgreSQL: what one engine does, the other does not do again."""

import asyncio
import itertools
import shutil
import sys
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.actor import ENGINE
from halftui.engine import holding as turns
from halftui.engine.naming import home_label, home_name
from halftui.main.house import House
from halftui.ops import beads, boards, collab, holding, outbox, pulls, trials, views
from halftui.store.rows.tables import Bead
from halftui.store.store import Rows, Store
from halftui.store.tx import Tx
from halftui.tui import items
from tests.helpers import forge
from tests.helpers.boards import Scene, commits, git, make_repository, scene, script
from tests.helpers.stores import command

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]
BEADS = 5


@asynccontextmanager
async def _both(folder: Path, url: str, **settings: Any) -> AsyncIterator[tuple[Scene, Scene]]:
    """Yield the same board as two homes see it."""
    async with scene(folder, database=url, cap=2, lease_seconds=5, **settings) as one:
        second = House(one.house.settings._replace(home=str(folder / "second")), one.house.env)
        try:
            yield one, replace(one, house=second)
        finally:
            second.store.close()


@pytest.fixture
def database(server: Callable[[str], str]) -> Any:
    """Give the URL of a database of its own."""
    name = f"halftui_{uuid.uuid4().hex[:12]}"
    command(server, f"CREATE DATABASE {name}")
    yield server(name)
    command(server, f"DROP DATABASE {name} WITH (FORCE)")


def _counts(at: Scene, verb: str) -> Counter[str]:
    return Counter(e.subject for e in at.house.service.read(views.events, 0, most=10_000) if e.verb == verb)


def _are(at: Scene, made: list[str], state: str) -> bool:
    return all(at.see(bead).card.state == state for bead in made)


async def test_whoever_works_each_bead_is_landed_once(tmp_path: Path, database: str) -> None:
    async with _both(tmp_path, database) as (one, two):
        one.house.service.write(boards.edit, one.board.id, review="none", checks="sleep 0.2")
        turn = (commits("note-BEAD.txt"), {"text": "made"})
        made = [one.add(f"Bead {n}", script(*turn).replace("BEAD", str(n))) for n in range(BEADS)]
        async with one.working(), two.working():
            await one.until(lambda: _are(one, made, "done"))
        assert _counts(one, "merge.land") == dict.fromkeys(made, 1)
        assert len(list(one.repository.glob("note-*.txt"))) == BEADS


async def test_what_both_could_try_is_tried_once(tmp_path: Path, database: str) -> None:
    log = tmp_path / "tried"
    async with _both(tmp_path, database) as (one, two):
        turn = (commits("note-BEAD.txt"), {"text": "made"})
        made = [one.add(f"Bead {n}", script(*turn).replace("BEAD", str(n))) for n in range(3)]
        async with one.working():
            await one.until(lambda: _are(one, made, "review"))
        shutil.copytree(tmp_path / "home/boards", tmp_path / "second/boards")  # both have the commits
        checks = f"git rev-parse 'HEAD^{{tree}}' >> {log}; sleep 0.5"
        one.house.service.write(boards.edit, one.board.id, checks=checks, mode="manual")
        async with one.working(), two.working():
            await one.until(lambda: all(one.see(b).card.progress == "checks passed" for b in made))
            for bead in made:
                await asyncio.to_thread(one.house.review(one.board.id).accept, bead)
            await one.until(lambda: _are(one, made, "done"))
        tried = log.read_text().split()
        assert len(set(tried)) == len(tried), "no tree was tried twice"
        ended = one.house.store.read(trials.listed, one.board.id)
        assert ({trial.state for trial in ended}, len(ended)) == ({"passed"}, len(tried))
        assert _counts(one, "merge.land") == dict.fromkeys(made, 1)


async def test_a_pull_request_is_opened_once(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("halftui.ops.pulls.LOOK_SECONDS", 0.2)
    text = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.helpers import forge; import json, time;"
    )
    text += f" from pathlib import Path; alone = Path({str(tmp_path / 'alone')!r});"
    text += " alone.mkdir(); time.sleep(0.3);"
    text += " code = forge.main(Path(sys.argv[1]), json.load(sys.stdin)); alone.rmdir(); sys.exit(code)"
    (tmp_path / "forge.py").write_text(text)
    file = tmp_path / "forge.json"
    async with _both(tmp_path, database, forge=f"{sys.executable} {tmp_path}/forge.py {file}") as (one, two):
        one.house.service.write(boards.edit, one.board.id, merge="pull-request")
        made = [one.add(f"Bead {n}", script(commits(f"n{n}.txt"), {"text": "made"})) for n in range(3)]
        async with one.working(), two.working():
            await one.until(lambda: all(one.see(bead).pull_request for bead in made))
            with forge.state_of(file) as state:
                assert state["calls"].count("open") == len(made)
            for bead in made:
                forge.decide(file, f"halftui/{bead}", "merged")
            await one.until(lambda: _are(one, made, "done"))
        assert _counts(one, "pull.fail") == {}, "never two acts at once"
        assert _counts(one, "bead.approve") == dict.fromkeys(made, 1)


async def test_work_that_comes_back_waits_for_the_home_that_has_it(tmp_path: Path, database: str) -> None:
    """Sent back, it is of no use to a home without its commits, neither to do nor to review."""
    async with _both(tmp_path, database) as (one, two):
        bead = one.add("One", script(commits("note.txt"), {"text": "made"}))
        async with one.working():
            await one.until(lambda: one.see(bead).card.state == "review")
            tip = one.see(bead).tip
        one.house.service.write(beads.reject, bead, "once more")
        name = home_name(tmp_path / "home")
        said = f"its work is with {name}, which is not running: start HalfTUI there"
        other = one.add("Two", script(commits("other.txt"), {"text": "made"}))
        async with two.working():
            await two.until(lambda: two.see(other).card.state == "review")
            assert two.see(bead).card.state == "open"
            assert said in two.see(bead).why
            async with one.working():
                await one.until(lambda: one.see(bead).card.state == "review")
        assert len(one.see(bead).attempts) == 2
        assert git(one.house.repository(one.board).path, "merge-base", tip, one.see(bead).tip) == tip


@pytest.mark.parametrize("act", ["open", "collab"])
async def test_what_no_home_can_send_is_told(tmp_path: Path, database: str, act: str) -> None:
    """The home with the commits is away: the other one says so, and it is sent when that is back."""
    async with _both(tmp_path, database) as (one, two):
        bead = one.add("One", script(commits("note.txt"), {"text": "made"}))
        async with one.working():
            await one.until(lambda: one.see(bead).card.state == "review")
        if act == "collab":
            await asyncio.to_thread(one.house.review(one.board.id).accept, bead)
        one.house.store.write(one.house.actor, lambda tx: outbox.put(tx, tx.get(Bead, bead), act))
        said = f"its work is with {home_name(tmp_path / 'home')}, which is not running: start HalfTUI there"
        if act == "collab":
            place = make_repository(tmp_path / "plans")
            one.house.service.write(collab.pair, one.board.id, str(place), "main")
        async with two.working():
            await two.until(lambda: two.house.service.read(pulls.stuck, two.board.id) == [(bead, said)])
            assert two.see(bead).card.progress == said
            snapshot = two.house.service.read(views.snapshot, two.board.id)
            assert bead in [item.bead for item in items.inbox(snapshot, 0.0)]
        before = one.house.store.read(_acts)
        async with one.working():  # who is back does it at once
            await one.until(lambda: one.house.store.read(_acts) != before)


def _acts(rows: Rows) -> list[tuple[Any, ...]]:
    return list(rows.rows("SELECT due_at, tries, state FROM outbox"))


def test_a_home_has_a_name_of_its_own(tmp_path: Path) -> None:
    """A path is none: two machines may have the same one."""
    first = home_name(tmp_path / "one")
    assert first != home_name(tmp_path / "two")
    home_name.cache_clear()
    assert home_name(tmp_path / "one") == first


async def test_a_turn_is_one_holders_until_it_is_given_or_runs_out(tmp_path: Path, database: str) -> None:
    now = [1_800_000_000.0]
    store = Store(database, lambda: now[0])
    try:
        store.prepare()

        async def take(holder: str) -> bool:
            return await asyncio.to_thread(store.write, ENGINE, holding.take, "outbox", holder, 30.0)

        tries = await asyncio.gather(*(take(f"home-{n}") for n in range(8)))
        assert tries.count(True) == 1
        (winner,) = [f"home-{n}" for n, won in enumerate(tries) if won]
        assert await take(winner)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5), turns.held(store, "outbox", "other"):
                pytest.fail("two do the same")
        store.write(ENGINE, holding.give, "outbox", "other")
        assert not await take("other"), "nobody gives another's away"
        now[0] += 31
        async with turns.held(store, "outbox", "other"):
            assert not await take(winner)
        assert await take(winner)
    finally:
        store.close()


@pytest.mark.parametrize("number", [1, 2], ids=["while it takes it", "while it extends it"])
async def test_who_is_cancelled_leaves_no_turn_taken(
    database: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(turns, "SECONDS", 0.3)
    began, go_on, ended, take = threading.Event(), threading.Event(), threading.Event(), holding.take
    calls = itertools.count(1)

    def slow(tx: Tx, name: str, holder: str, seconds: float) -> bool:
        is_the_one = next(calls) == number
        if is_the_one:
            began.set()
            assert go_on.wait(20)
        is_taken = take(tx, name, holder, seconds)
        if is_the_one:
            ended.set()
        return is_taken

    monkeypatch.setattr(holding, "take", slow)
    store = Store(database, lambda: 1_800_000_000.0)  # it never runs out
    try:
        store.prepare()

        async def work() -> None:
            async with turns.held(store, "outbox", "one"):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        assert await asyncio.to_thread(began.wait, 20)
        task.cancel()
        await asyncio.wait((task,), timeout=0.2)  # it waits for its thread
        go_on.set()
        assert await asyncio.to_thread(ended.wait, 20)
        await asyncio.wait((task,))
        assert task.cancelled()
        assert await asyncio.to_thread(store.write, ENGINE, take, "outbox", "other", 30.0)
    finally:
        store.close()


async def test_who_lost_the_turn_is_broken_off(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SECONDS", 0.3)
    store = Store(database)
    try:
        store.prepare()

        def lose(tx: Tx) -> None:
            holding.give(tx, "merge", home_label(tmp_path))
            holding.take(tx, "merge", "other", 60.0)

        async def work() -> None:
            async with turns.held(store, "merge", home_label(tmp_path)):
                await asyncio.to_thread(store.write, ENGINE, lose)
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        done, _ = await asyncio.wait((task,), timeout=60)
        assert done
        assert task.cancelled()
    finally:
        store.close()
