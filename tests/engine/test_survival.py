"""Agents outlive the board: the next one adopts them, and nothing is lost, doubled or asked twice."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from halftui.domain.shown import Ask
from halftui.ops import boards, questions, transcripts, views
from tests.helpers.boards import Scene, commits, scene, script
from tests.helpers.killed import board

WAIT = {"tool": "Bash", "input": {"command": "echo half > half.txt; sleep 1.5", "description": "x"}}


def _lines(at: Scene, bead: str, kind: str) -> list[str]:
    found, after = [], 0
    while page := at.house.service.read(transcripts.read, at.see(bead).attempts[0].id, after).entries:
        found += [text for _, _, of, text in page if of == kind]
        after = page[-1][0]
    return found


async def _kill(process: asyncio.subprocess.Process) -> None:
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()


async def _freeze(at: Scene, process: asyncio.subprocess.Process) -> None:
    """Stop a board's process between two of its transactions: SQLite has one writer, awake or not."""
    for _ in range(100):
        os.kill(process.pid, signal.SIGSTOP)
        with closing(sqlite3.connect(str(at.house.store.path), timeout=0.2)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(process.pid, signal.SIGCONT)
                await asyncio.sleep(0.01)
            else:
                return
    raise AssertionError("it never let go of the database")


async def test_killing_the_board_loses_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("Interrupted", script(WAIT, commits("rest.txt"), {"text": "whole"}))
        async with board(at) as process:
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/half.txt").exists())
            await _kill(process)
        assert at.see(bead).card.state == "active", "nobody was there to say otherwise"
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        seen = at.see(bead)
        assert [(a.epoch, a.outcome) for a in seen.attempts] == [(2, "passed")], "adopted, not redone"
        await asyncio.to_thread(at.house.review(at.board.id).accept, bead)
        assert {p.name for p in at.repository.glob("*.txt")} == {"half.txt", "rest.txt"}
        assert not list((tmp_path / "home/sandboxes").glob("*"))
        assert _lines(at, bead, "say") == ["I add rest.txt.", "whole"]


async def test_what_ended_while_nobody_looked_is_harvested(tmp_path: Path) -> None:
    async with scene(tmp_path) as at:
        bead = at.add("Alone", script(WAIT, commits("rest.txt"), {"text": "whole"}))
        async with board(at) as process:
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/half.txt").exists())
            await _kill(process)
        ended = tmp_path / "home/sandboxes"
        await at.until(lambda: bool(list(ended.glob("*/exit"))))
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert [a.outcome for a in at.see(bead).attempts] == ["passed"]
        assert at.see(bead).summary == "whole"
        assert at.see(bead).card.files == 2


@pytest.mark.parametrize("is_answered_meanwhile", [False, True])
async def test_a_question_is_asked_once_though_the_board_is_killed(
    tmp_path: Path, *, is_answered_meanwhile: bool
) -> None:
    async with scene(tmp_path, "claude", permissions="ask") as at:
        asked = {"tool": "ask", "input": {"question": "Which one?", "options": ["this", "that"]}}
        command = 'python3 -c \'open("made.txt", "w")\''
        touch = {"tool": "Bash", "input": {"command": command, "description": "x"}}
        bead = at.add("Choose", script(asked, touch, {"text": "chosen"}))
        for wanted in ("Which one?", f"Bash {command}"):
            async with board(at) as process:
                await at.until(lambda w=wanted: w in [a.text for a in _asks(at)])  # type: ignore[misc]
                await _kill(process)
            assert [ask.text for ask in _asks(at)] == [wanted]
            if is_answered_meanwhile:
                _answer(at)
            else:
                async with board(at) as process:
                    await at.until(lambda: bool(_events(at, "attempt.adopt")))
                    _answer(at)
                    await at.until(lambda w=wanted: bool(_lines(at, bead, "answer")))  # type: ignore[misc]
                    await _kill(process)
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert [a.outcome for a in at.see(bead).attempts] == ["passed"]
        assert len(_events(at, "question.ask")) == 2
        assert _lines(at, bead, "ask") == ["Which one?", f"Bash {command}"]
        assert _lines(at, bead, "answer") == ["that", "that"]
        assert at.see(bead).card.files == 1


async def test_no_line_of_a_flood_is_lost_or_doubled(tmp_path: Path) -> None:
    async with scene(tmp_path, "shell") as at:
        flood = "seq 1 150000 & wait; sleep 0.5; seq 150001 200000"
        at.house.service.write(boards.edit, at.board.id, command=flood)
        bead = at.add("Flood")
        for least in (5_000, 40_000, 100_000):
            async with board(at) as process:
                await at.until(lambda n=least: _count(at) > n)  # type: ignore[misc]
                await _kill(process)
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review", 120)
        assert len(_events(at, "attempt.adopt")) == 3
        assert _lines(at, bead, "out") == [str(n) for n in range(1, 200_001)]


async def test_a_board_that_stood_still_is_fenced_off(tmp_path: Path) -> None:
    """Two engines on one database, the lock passed over: the first one wakes when the second has it."""
    async with scene(tmp_path, "claude", lease_seconds=2) as at:
        slow = {"tool": "Bash", "input": {"command": "echo 1 > one.txt; sleep 6", "description": "x"}}
        bead = at.add("Slow", script(slow, commits("two.txt"), {"text": "whole"}))
        async with board(at) as first:
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/one.txt").exists())
            await _freeze(at, first)
            await asyncio.sleep(2.5)
            async with board(at) as second:
                await at.until(lambda: bool(_events(at, "attempt.adopt")))
                os.kill(first.pid, signal.SIGCONT)
                await at.until(lambda: at.see(bead).card.state == "review")
                assert first.returncode is None, "it stepped down and lives"
                for process in (first, second):
                    process.terminate()
                    assert await process.wait() == 0
        assert [(a.epoch, a.outcome) for a in at.see(bead).attempts] == [(2, "passed")]
        assert len(_events(at, "attempt.adopt")) == len(_events(at, "attempt.end")) == 1
        assert _lines(at, bead, "say") == ["I add two.txt.", "whole"]
        assert at.model.count == 3, "each request was paid once"
        assert not list((tmp_path / "home/sandboxes").glob("*"))
        assert not list((tmp_path / "home/run").glob("*"))


async def test_agents_can_be_left_at_work(tmp_path: Path) -> None:
    async with scene(tmp_path, on_quit="leave") as at:
        bead = at.add("Left", script(WAIT, commits("rest.txt"), {"text": "whole"}))
        async with at.working():
            await at.until(lambda: (tmp_path / f"home/beads/{bead}/work/half.txt").exists())
        assert at.see(bead).card.state == "active", "the board was left, the agent works"
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert [a.outcome for a in at.see(bead).attempts] == ["passed"]


def _asks(at: Scene) -> list[Ask]:
    return list(at.house.service.read(views.asks, at.board.id))


def _answer(at: Scene) -> None:
    at.house.service.write(questions.answer, _asks(at)[0].id, "that", is_allowed=True)


def _count(at: Scene) -> int:
    return int(at.house.store.read(lambda r: r.rows("SELECT count(*) FROM line"))[0][0])


def _events(at: Scene, verb: str) -> list[str]:
    rows = at.house.store.read(lambda r: r.rows("SELECT subject FROM event WHERE verb = :v", v=verb))
    return [str(row[0]) for row in rows]
