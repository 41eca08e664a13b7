"""Standing permissions: exactly what was allowed, until it is taken back; silence allows nothing."""

from pathlib import Path

from halftui.ops import listings, permits, questions, transcripts, views
from tests.helpers.boards import Scene, scene, script
from tests.helpers.stores import Clock
from tests.helpers.world import World


def _runs(command: str) -> dict[str, object]:
    return {"tool": "Bash", "input": {"command": command, "description": "x"}}


def _asks(at: Scene) -> list[str]:
    return [ask.detail or ask.text for ask in at.house.service.read(views.asks, at.board.id)]


async def test_what_is_allowed_for_good_is_not_asked_again(tmp_path: Path) -> None:
    async with scene(tmp_path, permissions="ask") as at:
        bead = at.add(
            "Twice", script(_runs("echo a"), _runs("echo a"), _runs("echo a; echo b"), {"text": "ok"})
        )
        async with at.working():
            await at.until(lambda: len(_asks(at)) == 1, 20)
            (ask,) = at.house.service.read(views.asks, at.board.id)
            at.house.service.write(questions.answer, ask.id, is_allowed=True, is_always=True)
            await at.until(lambda: any("echo b" in asked for asked in _asks(at)), 20)
            (other,) = at.house.service.read(views.asks, at.board.id)
            at.house.service.write(questions.answer, other.id)
            await at.until(lambda: at.see(bead).card.state == "review", 20)
        (permit,) = at.house.service.read(listings.permits, at.board.id)
        entries = at.house.service.read(transcripts.read, at.see(bead).attempts[0].id).entries
        assert [kind for _, _, kind, text in entries if f"the permit {permit.id}" in text] == ["note"]
        told = [(e.verb, e.actor) for e in at.house.service.read(views.events, 0) if "permit" in e.verb]
        assert told == [("permit.grant", "person:ann"), ("permit.use", "engine")]
        at.house.service.write(permits.revoke, permit.id)
        again = at.add("Again", script(_runs("echo a"), {"text": "ok"}))
        async with at.working():
            await at.until(lambda: len(_asks(at)) == 1, 20)
            (ask,) = at.house.service.read(views.asks, at.board.id)
            at.house.service.write(questions.answer, ask.id)
            await at.until(lambda: at.see(again).card.state == "review", 20)


def test_silence_allows_nothing(world: World, clock: Clock) -> None:
    claim = world.started(world.taken(world.bead()))
    question = world.asked(claim, "permission")
    clock.now += 10 * 365 * 86_400
    world.claim()
    assert [ask.id for ask in world.ask(views.asks, world.board)] == [question]
    world.end(claim)
    found = world.ask(lambda rows: rows.rows("SELECT is_allowed, answer FROM question"))
    assert [tuple(row) for row in found] == [(0, "the attempt ended")]
