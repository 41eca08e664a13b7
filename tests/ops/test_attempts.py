"""Claims, leases and ends of attempts: the newest epoch alone may write."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.errors import Conflict, NotFound, Refused
from halftui.ops import agents, attempts, beads, boards, convoys, edges, questions, ranks, transcripts, views
from halftui.ops.attempts import Claim, Work
from halftui.ops.transcripts import Standing
from halftui.store.tx import Tx
from tests.helpers.stores import BO, Clock
from tests.helpers.world import LEASE, World

LATE: dict[str, Callable[[Tx, Claim], object]] = {
    "start": lambda tx, c: attempts.start(tx, c.attempt, c.epoch, "docker", "x"),
    "renew": lambda tx, c: attempts.renew(tx, c.attempt, c.epoch, LEASE),
    "meter": lambda tx, c: attempts.meter(tx, c.attempt, c.epoch, 9, 9, 9.0, 9),
    "end passed": lambda tx, c: attempts.end(
        tx, c.attempt, c.epoch, Outcome.PASSED, "", "mine!", Work("a", "b")
    ),
    "end failed": lambda tx, c: attempts.end(tx, c.attempt, c.epoch, Outcome.FAILED, "exit", "mine!"),
    "end lost": lambda tx, c: attempts.end(tx, c.attempt, c.epoch, Outcome.LOST, "", ""),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE.keys())
@pytest.mark.parametrize("is_taken_again", [True, False])
def test_an_old_epoch_changes_nothing(
    world: World, late: Callable[[Tx, Claim], object], *, is_taken_again: bool
) -> None:
    bead = world.bead()
    old = world.taken(bead)
    world.end(old, Outcome.LOST, "silent")
    if is_taken_again:
        world.taken(bead)
    rows = world.dump()
    with pytest.raises(Conflict, match="is over"):
        world.engine(lambda tx: late(tx, old))
    assert world.dump() == rows


@pytest.mark.parametrize("epoch", [-1, 0, 2, 10**9])
def test_a_made_up_epoch_changes_nothing(world: World, epoch: int) -> None:
    claim = world.taken(world.bead())
    rows = world.dump()
    for op in (
        lambda tx: attempts.renew(tx, claim.attempt, epoch, LEASE),
        lambda tx: attempts.end(tx, claim.attempt, epoch, Outcome.PASSED, "", ""),
        lambda tx: attempts.meter(tx, claim.attempt, epoch, 1, 1, 1.0, 1),
    ):
        with pytest.raises(Conflict):
            world.engine(op)
    assert world.dump() == rows


def test_a_missing_attempt_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.engine(attempts.renew, "none@1", 1, LEASE)


def test_the_order_of_dispatch_is_priority_then_rank(world: World) -> None:
    late, early, urgent = world.bead("late"), world.bead("early"), world.bead("urgent", priority=0)
    world.do(ranks.between, early, urgent, late)
    world.do(ranks.between, early, None, late)
    taken = [world.claim() for _ in range(3)]
    assert [c.bead if c else "" for c in taken] == [urgent, early, late]
    assert world.claim() is None


def test_caps_of_all_boards_and_of_this_one(world: World) -> None:
    for _ in range(5):
        world.bead()
    world.do(boards.edit, world.board, cap=2)
    assert [bool(world.claim()) for _ in range(3)] == [True, True, False]
    world.do(boards.edit, world.board, cap=9)
    assert world.claim(cap=2) is None
    other = world.do(boards.create, "Other", "/srv/other", "main")
    world.do(beads.create, other, "there")
    assert world.engine(attempts.claim, other, LEASE, 2, POOL) is None  # the limit is over all boards
    assert world.engine(attempts.claim, other, LEASE, 3, POOL) is not None


def test_a_lowered_cap_stops_nothing(world: World) -> None:
    claim = world.taken(world.bead())
    world.do(boards.edit, world.board, cap=0)
    assert world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE) == ""


def test_a_paused_board_starts_nothing(world: World) -> None:
    world.bead()
    world.do(boards.pause, world.board, is_paused=True)
    assert world.claim() is None
    world.do(boards.pause, world.board, is_paused=False)
    assert world.claim() is not None


@pytest.mark.parametrize(("board_mode", "mode", "starts"), [
    ("auto", "", True), ("auto", "manual", False), ("manual", "", False), ("manual", "auto", True),
])  # fmt: skip
def test_modes(world: World, board_mode: str, mode: str, *, starts: bool) -> None:
    world.do(boards.edit, world.board, mode=board_mode)
    world.bead(mode=mode)
    assert (world.claim() is not None) is starts


def test_making_beads_makes_no_agent(world: World) -> None:
    for _ in range(3):
        world.bead()
    assert world.ask(views.agents, world.board) == ()
    world.claim()
    assert len(world.ask(views.agents, world.board)) == 1


def test_a_serial_convoy_uses_one_agent(world: World) -> None:
    ids = [world.bead(str(n)) for n in range(5)]
    for before, after in pairwise(ids):
        world.do(edges.link, after, before)
    trip = world.do(convoys.create, world.board, "trip", ids)
    assert world.claim() is None
    world.do(convoys.start, trip)
    for bead in ids:
        world.end(world.taken(bead))
        world.store.write(BO, beads.approve, bead)
    assert len(world.ask(views.agents, world.board)) == 1
    assert [c.state for c in world.ask(views.convoys, world.board)] == ["landed"]


def test_retired_names_return_and_ids_do_not(world: World) -> None:
    bead = world.bead()
    first = world.taken(bead)
    with pytest.raises(Refused, match="is at work"):
        world.do(agents.retire, first.agent_id)
    world.end(first, Outcome.LOST)
    world.do(agents.retire, first.agent_id)
    second = world.taken(bead)
    assert second.agent == first.agent
    assert second.agent_id != first.agent_id


def test_a_passed_attempt_waits_for_a_review(world: World) -> None:
    bead = world.bead()
    claim = world.taken(bead)
    world.engine(
        attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "", "did \x1b[2Jit", Work("a", "b", 1, 2, 3)
    )
    detail = world.shown(bead)
    assert (detail.card.state, detail.summary, detail.base, detail.tip) == ("review", "did it", "a", "b")
    assert (detail.card.files, detail.card.plus, detail.card.minus) == (1, 2, 3)
    assert detail.attempts[0].outcome == "passed"


@pytest.mark.parametrize("summary", ["", "  \n", "\x1b[0m"])
def test_a_passed_attempt_without_words_counts(world: World, summary: str) -> None:
    bead = world.bead()
    claim = world.taken(bead)
    world.engine(attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "", summary)
    assert world.state(bead) == "review"
    assert world.shown(bead).summary == "no summary was given"


def test_failures_back_off_and_then_hold(world: World, clock: Clock) -> None:
    bead = world.bead()
    waits = []
    for _ in range(5):
        world.end(world.started(world.taken(bead)), Outcome.FAILED, "exit")
        card = world.shown(bead).card
        assert card.retry_at is not None
        waits.append((card.retry_at - clock.now) / 60)
        assert world.claim() is None
        clock.now = card.retry_at
    assert waits == [2, 2, 5, 10, 30]
    assert world.shown(bead).card.hold == "failed 5 times: exit"
    assert world.claim() is None
    world.do(beads.dispatch, bead)
    world.end(world.taken(bead))
    assert world.shown(bead).card.failures == 0


def test_a_limit_is_no_failure_and_waits_for_its_end(world: World, clock: Clock) -> None:
    bead = world.bead()
    world.end(world.taken(bead), Outcome.LIMITED, "limit", retry_at=clock.now + 600)
    assert world.shown(bead).card.failures == 0
    assert world.shown(bead).why == ("tried again in 10 min",)
    assert world.claim() is None
    clock.now += 600
    world.taken(bead)


def test_a_lost_attempt_is_tried_again_at_once(world: World) -> None:
    bead = world.bead()
    first = world.taken(bead)
    world.end(first, Outcome.LOST, "silent")
    assert world.taken(bead).epoch == first.epoch + 1


def test_the_session_is_resumed_if_there_is_one(world: World) -> None:
    bead = world.bead()
    first = world.started(world.taken(bead))
    world.end(first, Outcome.LOST)
    fresh = world.taken(bead)
    assert not fresh.is_resumed  # it never said a word
    world.engine(attempts.greet, fresh.attempt, fresh.epoch, fresh.session)
    world.end(fresh, Outcome.LOST)
    world.do(beads.dispatch, bead)  # it would wait after the second loss
    again = world.taken(bead)
    assert (again.is_resumed, again.session) == (True, fresh.session)


def test_a_meter_tells_sums_and_may_be_told_twice(world: World) -> None:
    bead = world.bead()
    claim = world.taken(bead)
    for _ in range(3):
        world.engine(attempts.meter, claim.attempt, claim.epoch, 30, 60, 1.5, 3, 4096)
    assert world.ask(transcripts.standing, claim.attempt) == (0, Standing(1, 4096, 30, 60, 1.5, 3))
    row = world.shown(bead).attempts[0]
    assert (row.tokens_in, row.tokens_out, row.cost_usd, row.turns) == (30, 60, 1.5, 3)
    assert world.ask(views.snapshot, world.board).cost_today == 1.5


def test_the_end_closes_open_questions(world: World) -> None:
    claim = world.started(world.taken(world.bead()))
    question = world.asked(claim)
    world.end(claim, Outcome.LOST)
    assert world.ask(views.asks, world.board) == ()
    with pytest.raises(Refused, match="answered by engine"):
        world.do(questions.answer, question, "too late")


def test_states_of_an_attempt(world: World) -> None:
    claim = world.taken(world.bead())
    with pytest.raises(Refused, match="is starting, so ask is not possible"):
        world.asked(claim)
    world.started(claim)
    with pytest.raises(Refused, match="is working, so start is not possible"):
        world.started(claim)


def test_stopping_twice_and_after_the_end(world: World) -> None:
    claim = world.taken(world.bead())
    world.do(attempts.stop, claim.attempt, "")
    assert world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE) == "stopped by person:ann"
    world.do(attempts.stop, claim.attempt, "again")
    world.end(claim, Outcome.STOPPED)
    rows = world.dump()
    world.do(attempts.stop, claim.attempt, "too late")
    assert world.dump() == rows


def test_adoption_fences_the_board_that_had_it(world: World) -> None:
    claim = world.started(world.taken(world.bead()))
    world.engine(attempts.meter, claim.attempt, claim.epoch, 1, 2, 0.5, 1, 77)
    adopted = world.engine(attempts.adopt, claim.attempt, LEASE, "local", "s", "session")
    assert (adopted.attempt, adopted.epoch, adopted.heard) == (claim.attempt, claim.epoch + 1, 77)
    for late in (
        lambda: world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE),
        lambda: world.engine(attempts.meter, claim.attempt, claim.epoch, 9, 9, 9.0, 9),
        lambda: world.end(claim, Outcome.PASSED),
    ):
        with pytest.raises(Conflict):
            late()
    world.end(adopted, Outcome.PASSED)
    with pytest.raises(Conflict):
        world.engine(attempts.adopt, claim.attempt, LEASE, "local", "s", "session")


def test_adoption_starts_what_was_killed_before_it_said_so(world: World) -> None:
    claim = world.taken(world.bead())
    adopted = world.engine(attempts.adopt, claim.attempt, LEASE, "local", "name", "session")
    assert adopted.session == "session"
    assert world.shown(claim.bead).attempts[0].state == "working"
