"""What the vigil knows of agents, and what it writes; the clock is the test's."""

from halftui.domain.actor import PATROL
from halftui.domain.vigil import Stage
from halftui.ops import attempts, questions, views, vigils
from halftui.ops.attempts import Claim
from tests.helpers.stores import Clock
from tests.helpers.world import LEASE, World


def _at_work(world: World) -> Claim:
    return world.started(world.taken(world.bead()))


def _quiet(world: World) -> float | None:
    found = world.ask(vigils.watched)
    return found[0].quiet if found else None


def _alarm(world: World, claim: Claim) -> str:
    world.store.write(PATROL, vigils.watch, claim.attempt, Stage.TOLD, "Toast: no tool used for 1 h")
    return world.ask(views.asks, world.board)[0].id


def test_quiet_is_counted_from_the_last_tool(world: World, clock: Clock) -> None:
    claim = _at_work(world)
    clock.now += 600
    assert _quiet(world) == 600
    world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE, clock.now - 10)
    assert _quiet(world) == 10
    world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE)
    assert _quiet(world) == 10, "a renewal without news forgets nothing"


def test_waiting_for_a_person_does_not_count(world: World, clock: Clock) -> None:
    question = world.asked(_at_work(world))
    clock.now += 9_000
    assert _quiet(world) is None
    world.do(questions.answer, question, "this")
    clock.now += 5
    assert _quiet(world) == 5


def test_a_person_is_told_and_may_let_it_go_on(world: World, clock: Clock) -> None:
    claim = _at_work(world)
    clock.now += 3_600
    alarm = _alarm(world, claim)
    (ask,) = world.ask(views.asks, world.board)
    assert (ask.kind, ask.text, ask.options[1][0]) == ("alarm", "Toast: no tool used for 1 h", "Stop it")
    assert world.shown(claim.bead).card.attempt_state == "working", "the agent itself asks nothing"
    assert "attempt.watch" in world.verbs()
    world.do(questions.answer, alarm, questions.GO_ON)
    assert _quiet(world) == 0
    assert world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE) == ""


def test_a_person_may_stop_it(world: World) -> None:
    claim = _at_work(world)
    world.do(questions.answer, _alarm(world, claim), questions.STOP)
    assert world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE).startswith("Toast: no tool used")


def test_a_question_of_the_agent_does_not_wait_for_the_alarm(world: World) -> None:
    claim = _at_work(world)
    _alarm(world, claim)
    world.do(questions.answer, world.asked(claim), "this")
    assert world.shown(claim.bead).card.attempt_state == "working"


def test_an_agent_at_work_again_withdraws_the_alarm(world: World) -> None:
    claim = _at_work(world)
    _alarm(world, claim)
    world.store.write(PATROL, vigils.watch, claim.attempt, Stage.CALM, "")
    assert world.ask(views.asks, world.board) == ()
