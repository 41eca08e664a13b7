"""Messages between people and agents: in order, from whom the credential says, delivered once."""

import pytest

from halftui.domain.actor import agent
from halftui.domain.happenings import Outcome
from halftui.errors import Misconfigured, Refused
from halftui.ops import attempts, listings, messages
from halftui.ops.attempts import Claim
from tests.helpers.stores import Clock
from tests.helpers.world import World


def _at_work(world: World, clock: Clock) -> Claim:
    claim = world.started(world.taken(world.bead()))
    clock.now += 1
    return claim


def _waiting(world: World) -> list[str]:
    return [text for _, _, text, _ in world.ask(messages.pending)]


def test_a_working_agent_gets_them_in_order_and_once(world: World, clock: Clock) -> None:
    claim = _at_work(world, clock)
    for text in ("one\x1b[2J", "two"):
        world.do(messages.tell, claim.agent_id, text)
    assert _waiting(world) == ["ann says: one", "ann says: two"]
    ident = world.ask(messages.pending)[0][1]
    assert world.ask(messages.told, claim.attempt, ident) == "ann says: one"
    for _ in range(2):
        world.engine(messages.deliver, claim.attempt, ident)
    assert world.verbs().count("message.deliver") == 1
    assert world.ask(messages.told, claim.attempt, ident) == ""
    assert _waiting(world) == ["ann says: two"]
    assert [m.delivered_at is None for m in world.ask(listings.thread, claim.agent_id)] == [False, True]


def test_a_sleeping_agent_gets_them_at_its_next_start(world: World, clock: Clock) -> None:
    claim = _at_work(world, clock)
    world.do(messages.tell, claim.agent_id, "too late for this one")
    world.end(claim, Outcome.LOST, "lost")
    world.do(messages.tell, claim.agent_id, "while it sleeps")
    assert _waiting(world) == []
    again = world.started(world.taken(claim.bead))
    heard = [text for _, text in world.ask(messages.first, again.attempt)]
    assert heard == ["too late for this one", "while it sleeps"]
    world.engine(attempts.greet, again.attempt, again.epoch, "s")
    assert world.ask(messages.first, again.attempt) == []
    assert {m.attempt for m in world.ask(listings.thread, claim.agent_id)} == {again.attempt}


def test_who_can_not_hear(world: World, clock: Clock) -> None:
    claim = _at_work(world, clock)
    with pytest.raises(Misconfigured, match="needs words"):
        world.do(messages.tell, claim.agent_id, " \u200b"[:1])
    question = world.asked(claim)
    with pytest.raises(Refused, match="waits for an answer"):
        world.do(messages.tell, claim.agent_id, "stop", is_urgent=True)
    assert question
    world.end(claim)
    with pytest.raises(Refused, match="not at work"):
        world.do(messages.hand_off, claim.agent_id)
    with pytest.raises(Refused, match="not at work"):
        world.do(messages.tell, claim.agent_id, "now", is_urgent=True)


def test_a_message_of_an_agent_is_delivered_to_nobody_but_people(world: World, clock: Clock) -> None:
    claim = _at_work(world, clock)
    world.store.write(agent(claim.agent_id), messages.send, "the tests are slow")
    assert _waiting(world) == []
    (told,) = world.ask(listings.thread, claim.agent_id)
    assert (told.is_from_agent, told.sender) == (True, f"agent:{claim.agent_id}")


def test_handing_over_opens_the_bead_for_a_fresh_context(world: World, clock: Clock) -> None:
    claim = _at_work(world, clock)
    world.engine(attempts.greet, claim.attempt, claim.epoch, "old-session")
    world.do(messages.hand_off, claim.agent_id, "hurry")
    world.do(messages.hand_off, claim.agent_id)
    assert [text.endswith("hurry") for text in _waiting(world)] == [True]
    world.end(claim)
    seen = world.shown(claim.bead)
    assert (seen.card.state, seen.handover, seen.card.failures) == ("open", "what was done", 0)
    again = world.claim()
    assert again is not None
    assert (again.is_resumed, again.session != "old-session") == (False, True)
    world.started(again)
    world.end(again)
    assert (world.state(claim.bead), world.shown(claim.bead).handover) == ("review", "")
