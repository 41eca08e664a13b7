"""The vigil with a real program: warned, told, stopped; its clock is set, nobody sleeps."""

import time
from pathlib import Path

from halftui.domain.actor import ENGINE
from halftui.domain.vigil import Patience, Stage
from halftui.engine import vigil
from halftui.ops import attempts, beads, questions, transcripts, views, vigils
from halftui.service.lines import Lines
from halftui.store.store import Store
from tests.helpers.boards import Scene, scene, script
from tests.helpers.stores import ANN
from tests.helpers.stores import Clock as Stopped

MINUTE = 60.0


class Clock:
    """The real time, and what the test adds to it."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Worker:
    """A program that tells of its tools."""

    uses_tools = True


def _waits_for(name: str) -> dict[str, object]:
    command = f"while [ ! -e {name} ]; do sleep 0.02; done"
    return {"tool": "Bash", "input": {"command": command, "description": "wait"}}


def _later(at: Scene, clock: Clock, minutes: float) -> None:
    clock.ahead += minutes * MINUTE
    at.house.store.wake()


def _notes(at: Scene, bead: str) -> list[str]:
    entries = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
    return [text for _, _, kind, text in entries if kind == "note"]


async def test_a_quiet_agent_is_warned_of_told_of_and_stopped(tmp_path: Path) -> None:
    async with scene(tmp_path, lease_seconds=1) as at:
        clock = Clock()
        at.house.store.clock = at.house.store.flow = clock
        bead = at.add("Slow", script(_waits_for("one"), _waits_for("two"), {"text": "done"}))
        work = tmp_path / f"home/beads/{bead}/work"
        async with at.working():
            await at.until(lambda: "one" in at.see(bead).card.now)
            _later(at, clock, 14)
            _later(at, clock, 1.1)
            await at.until(lambda: at.see(bead).card.now == "no tool used for 15 min")
            assert _notes(at, bead) == ["no tool used for 15 min"]
            (work / "one").touch()
            await at.until(lambda: "two" in at.see(bead).card.now)
            await at.until(lambda: _stage(at) == 0)
            _later(at, clock, 61)
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)))
            (ask,) = at.house.service.read(views.asks, at.board.id)
            assert ask.text == "Toast: no tool used for 1 h"
            at.house.service.write(questions.answer, ask.id, questions.GO_ON)
            _later(at, clock, 119)
            await at.until(lambda: bool(at.house.service.read(views.asks, at.board.id)))
            _later(at, clock, 2)
            await at.until(lambda: at.see(bead).card.state == "open")
        seen = at.see(bead)
        assert seen.card.hold == "no tool used for 2 h"
        assert [(a.outcome, a.reason) for a in seen.attempts] == [("stopped", "no tool used for 2 h")]
        assert not at.house.service.read(views.asks, at.board.id)


async def test_a_program_without_tools_shows_by_its_output_that_it_works(tmp_path: Path) -> None:
    command = "echo begun; while [ ! -e go ]; do sleep 0.02; done"
    async with scene(tmp_path, "shell", lease_seconds=1) as at:
        clock = Clock()
        at.house.store.clock = at.house.store.flow = clock
        from halftui.ops import boards

        at.house.service.write(boards.edit, at.board.id, command=command)
        bead = at.add("Quiet")
        async with at.working():
            await at.until(lambda: at.see(bead).card.now == "begun")
            _later(at, clock, 16)
            await at.until(lambda: at.see(bead).card.now == "nothing printed for 15 min")
            (tmp_path / f"home/beads/{bead}/work/go").touch()
            await at.until(lambda: at.see(bead).card.state == "review")


def _stage(at: Scene) -> int:
    found = at.house.store.read(lambda rows: rows.rows("SELECT vigil FROM attempt"))
    return int(found[0][0])


async def test_nobody_is_quiet_while_nobody_listens(store: Store, board: str, clock: Stopped) -> None:
    """Else all agents are stopped when a laptop is opened again, or by a board that comes after hours."""
    store.write(ANN, beads.create, board, "A")
    claim = store.write(ENGINE, attempts.claim, board, 60.0, 1, ("Toast",))
    assert claim is not None
    store.write(ENGINE, attempts.start, claim.attempt, claim.epoch, "local", "x")
    clock.now += 8 * 60 * MINUTE
    stages = []
    for awake in (10.0, 20 * MINUTE, 10.0, 8 * 60 * MINUTE):
        await vigil.keep(store, Lines(store), {claim.attempt: Worker()}, Patience(), awake)
        stages.append(store.read(vigils.watched)[0].stage if awake < 8 * 60 * MINUTE else None)
    assert stages == [Stage.CALM, Stage.WARNED, Stage.WARNED, None]
    assert store.read(lambda rows: rows.rows("SELECT stop_reason FROM attempt")) == [
        ("no tool used for 2 h",)
    ]


def test_a_machine_that_slept_begins_anew(store: Store, clock: Stopped) -> None:
    flow = 100.0
    store.flow = lambda: flow
    awake = vigil.Awake(store)
    seen = []
    for slept in (0.0, 8 * 60 * MINUTE, 0.0, -60 * MINUTE, 0.0):
        flow += 30.0
        clock.now += 30.0 + slept
        seen.append(awake.seconds())
    assert seen == [30.0, 0.0, 30.0, 60.0, 90.0]
