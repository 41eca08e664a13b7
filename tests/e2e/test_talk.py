"""People talk to agents of the real Claude CLI: between turns, at the next start, over a board's death."""

import os
import signal
from pathlib import Path

from halftui.domain.shown import MessageRow
from halftui.ops import listings, messages, transcripts
from tests.helpers.boards import Scene, commits, scene, script
from tests.helpers.killed import board

BUSY = {
    "text": "I am busy.",
    "tool": "Bash",
    "input": {"command": "touch begun; sleep 1.5", "description": "x"},
}


def _lines(at: Scene, bead: str, place: int = 0) -> list[tuple[str, str]]:
    attempt = at.see(bead).attempts[place].id
    return [(kind, text) for _, _, kind, text in at.house.service.read(transcripts.read, attempt).entries]


def _notes(at: Scene, bead: str, place: int = 0) -> list[str]:
    return [text for kind, text in _lines(at, bead, place) if kind == "note"]


def _agent(at: Scene) -> str:
    return at.house.service.read(listings.agent_of, "Toast", at.board.id)


def _thread(at: Scene) -> tuple[MessageRow, ...]:
    return at.house.service.read(listings.thread, _agent(at))


def _has_begun(at: Scene, bead: str) -> bool:
    return (at.house.home / f"beads/{bead}/work/begun").exists()


def _tell(at: Scene, text: str, *, is_urgent: bool = False) -> None:
    at.house.service.write(messages.tell, _agent(at), text, is_urgent=is_urgent)


async def test_a_working_agent_hears_between_two_turns(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Busy", script(BUSY, {"text": "I heard.", "delay": 0.2}))
        async with at.working():
            await at.until(lambda: _has_begun(at, bead))
            for text in ("use tabs", "and no emoji"):
                _tell(at, text)
            await at.until(lambda: at.see(bead).card.state == "review")
        assert _notes(at, bead) == ["ann says: use tabs", "ann says: and no emoji"]
        kinds = [text for kind, text in _lines(at, bead) if kind in ("say", "note")]
        assert kinds.index("ann says: use tabs") < kinds.index("I heard.")
        assert all(m.delivered_at for m in _thread(at))


async def test_an_interrupted_agent_goes_on_with_what_it_is_told(tmp_path: Path) -> None:
    wait = {"tool": "Bash", "input": {"command": "touch begun; sleep 50; touch late", "description": "x"}}
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Long", script(wait, {"text": "As you wish."}))
        async with at.working():
            await at.until(lambda: _has_begun(at, bead))
            _tell(at, "leave that", is_urgent=True)
            await at.until(lambda: at.see(bead).card.state == "review", 30)
        assert at.see(bead).summary == "As you wish."
        assert _notes(at, bead) == ["ann says: leave that"]


async def test_a_message_survives_the_death_of_the_board(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Survivor", script(BUSY, commits("a.txt"), {"text": "Done, as told."}))
        async with board(at) as process:
            await at.until(lambda: _has_begun(at, bead))
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        _tell(at, "mind the gap")
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert len(at.see(bead).attempts) == 1
        assert _notes(at, bead) == ["ann says: mind the gap"]
        assert [m.text for m in _thread(at)] == ["mind the gap"]


async def test_killed_after_it_was_told_nothing_is_told_twice(tmp_path: Path) -> None:
    later = {"tool": "Bash", "input": {"command": "touch heard; sleep 1.5", "description": "x"}}
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Twice", script(BUSY, later, {"text": "Done."}))
        async with board(at) as process:
            await at.until(lambda: _has_begun(at, bead))
            _tell(at, "only once")
            await at.until(lambda: (at.house.home / f"beads/{bead}/work/heard").exists())
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        async with at.working():
            await at.until(lambda: at.see(bead).card.state == "review")
        assert _notes(at, bead) == ["ann says: only once"]
        assert at.see(bead).summary == "Done."


async def test_a_sleeping_agent_reads_it_at_its_next_start(tmp_path: Path) -> None:
    async with scene(tmp_path, "claude", "local") as at:
        first = at.add("First", script({"text": "First."}))
        async with at.working():
            await at.until(lambda: at.see(first).card.state == "review")
            _tell(at, "next time use tabs")
            second = at.add("Second", script({"text": "Second."}))
            await at.until(lambda: at.see(second).card.state == "review")
        told = list((at.house.home / f"beads/{second}/home").rglob("*.jsonl"))
        assert sum("ann says: next time use tabs" in file.read_text() for file in told) == 1
        assert all(m.attempt == at.see(second).attempts[0].id for m in _thread(at))


async def test_handing_over_goes_on_in_a_fresh_context(tmp_path: Path) -> None:
    wait = {
        "tool": "Bash",
        "input": {"command": "[ -e begun ] || { touch begun; sleep 50; }", "description": "x"},
    }
    async with scene(tmp_path, "claude", "local") as at:
        bead = at.add("Relay", script(wait, {"text": "Left to do: the rest."}))
        async with at.working():
            await at.until(lambda: _has_begun(at, bead))
            at.house.service.write(messages.hand_off, _agent(at))
            await at.until(lambda: at.see(bead).card.state == "review")
        seen = at.see(bead)
        assert [(a.outcome, a.reason) for a in seen.attempts] == [("passed", ""), ("stopped", "hand-off")]
        sessions = at.house.store.read(lambda r: r.rows("SELECT session FROM attempt ORDER BY epoch"))
        assert sessions[0][0] == ""
        assert sessions[1][0]
