"""Whose turn it is, what counts as a failure, and what keeps work from being started."""

from itertools import pairwise
from typing import Any

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.assign import BREAKER_PAUSE, CLOSED, Rules, Setback, level, setback
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.ops import (
    attempts,
    beads,
    boards,
    convoys,
    edges,
    heartbeats,
    subscriptions,
    turns,
    views,
)
from halftui.ops.attempts import Claim
from halftui.store.store import Rows
from tests.helpers.stores import BO, Clock
from tests.helpers.world import LEASE, World

DAY = 86_400.0


def _claim(world: World, rules: Rules, cap: int = 100) -> Claim | None:
    return world.engine(attempts.claim, world.board, LEASE, cap, POOL, rules)


def _account(world: World, name: str, cap: int = 0) -> str:
    world.do(subscriptions.register, name, "oauth", "sealed", name)
    if cap:
        world.do(subscriptions.edit, name, cap)
    return name


# whose turn it is


def test_waiting_lifts_a_bead_week_by_week_but_never_before_the_most_urgent(
    world: World, clock: Clock
) -> None:
    old = world.bead("old", priority=4)
    clock.now += 13 * DAY
    new, urgent = world.bead("new", priority=3), world.bead("urgent", priority=0)
    clock.now += DAY + 1  # old has waited two weeks: it counts as 2
    rules = Rules()
    assert [c.bead if c else "" for c in (_claim(world, rules), _claim(world, rules))] == [urgent, old]
    assert (claim := _claim(world, rules)) is not None
    assert claim.bead == new


def test_without_ageing_priority_alone_counts(world: World, clock: Clock) -> None:
    world.bead("old", priority=4)
    clock.now += 100 * DAY
    new = world.bead("new", priority=3)
    claim = _claim(world, Rules(ageing=0))
    assert claim is not None
    assert claim.bead == new


def test_an_overdue_bead_comes_before_all_but_the_most_urgent(world: World, clock: Clock) -> None:
    world.bead("usual", priority=2)
    late = world.bead("late", priority=4, due=clock.now + 60)
    urgent = world.bead("urgent", priority=0)
    clock.now += 61
    assert [c.bead if c else "" for c in (world.claim(), world.claim())] == [urgent, late]


@pytest.mark.parametrize(("priority", "days", "is_overdue", "counts"), [
    (0, 900, True, 0), (1, 900, False, 1), (4, 6.9, False, 4), (4, 7, False, 3), (4, 900, False, 1),
    (3, 0, True, 1),
])  # fmt: skip
def test_levels(priority: int, days: float, *, is_overdue: bool, counts: int) -> None:
    assert level(priority, days * DAY, 7 * DAY, is_overdue=is_overdue) == counts


# what counts


@pytest.mark.parametrize(("outcome", "reason", "has_begun", "by_patrol", "kind"), [
    (Outcome.PASSED, "", True, False, None),
    (Outcome.STOPPED, "enough", True, False, None),
    (Outcome.LIMITED, "limit", True, False, None),
    (Outcome.LOST, "lost", True, True, None),
    (Outcome.LOST, CLOSED, True, False, None),
    (Outcome.LOST, "unavailable", False, False, None),
    (Outcome.LOST, "lost", True, False, Setback.LOST),
    (Outcome.FAILED, "killed", True, False, Setback.LOST),
    (Outcome.FAILED, "start", False, False, Setback.START),
    (Outcome.FAILED, "exit", True, False, Setback.TASK),
    (Outcome.FAILED, "turns", True, False, Setback.HANDOFF),
    (Outcome.FAILED, "auth", True, False, None),
])  # fmt: skip
def test_what_an_end_counts_as(
    outcome: Outcome, reason: str, *, has_begun: bool, by_patrol: bool, kind: Setback | None
) -> None:
    assert setback(outcome, reason, has_begun=has_begun, by_patrol=by_patrol) is kind


ENDS = {
    "could not be started 5 times: start": (Outcome.FAILED, "start", False, [2, 2, 5, 10, 30]),
    "lost its agent 5 times: lost": (Outcome.LOST, "lost", True, [0, 2, 5, 10, 30]),
    "failed 5 times: exit": (Outcome.FAILED, "exit", True, [2, 2, 5, 10, 30]),
    "was handed off unfinished 5 times: turns": (Outcome.FAILED, "turns", True, [0, 0, 0, 0, 0]),
}


@pytest.mark.parametrize("hold", ENDS)
def test_each_kind_of_setback_has_its_counter_waits_and_holds(world: World, clock: Clock, hold: str) -> None:
    outcome, reason, begins, waits = ENDS[hold]
    world.do(boards.edit, world.board, runtime="shell")  # no breaker between
    bead, seen = world.bead(), []
    for _ in range(5):
        claim = world.taken(bead)
        world.end(world.started(claim) if begins else claim, outcome, reason)
        retry_at = world.shown(bead).card.retry_at or clock.now
        seen.append((retry_at - clock.now) / 60)
        clock.now = retry_at + BREAKER_PAUSE
    assert seen == waits
    assert world.shown(bead).why == (f"on hold: {hold}",)
    world.do(beads.dispatch, bead)
    world.end(world.taken(bead))
    assert (world.state(bead), world.shown(bead).card.failures) == ("review", 0)


def test_kinds_do_not_add_up(world: World, clock: Clock) -> None:
    bead = world.bead()
    for outcome, reason in [(Outcome.LOST, "lost"), (Outcome.FAILED, "exit"), (Outcome.FAILED, "turns")] * 4:
        world.end(world.started(world.taken(bead)), outcome, reason)
        clock.now += 2_000
    assert world.shown(bead).card.hold == ""
    assert world.shown(bead).card.failures == 8, "hand-offs are no failures"


# the breaker


def _break(world: World, clock: Clock, count: int, reason: str = "transport") -> None:
    for _ in range(count):
        world.bead()
        claim = world.claim()
        assert claim is not None
        world.end(world.started(claim), Outcome.FAILED, reason)
        clock.now += 1


def test_a_breaker_opens_on_faults_and_lets_one_probe_through(world: World, clock: Clock) -> None:
    _break(world, clock, 4)
    bead = world.bead()
    assert world.claim() is None
    assert "claude fails too often; tried again at" in world.shown(bead).why[0]
    shell = world.bead(runtime="shell")
    world.taken(shell)  # another runtime goes on
    clock.now += BREAKER_PAUSE
    probe = world.claim()
    assert probe is not None
    assert world.claim() is None, "one probe alone"
    world.end(world.started(probe), Outcome.FAILED, "transport")
    assert world.claim() is None
    clock.now += BREAKER_PAUSE + 1
    probe = world.claim()
    assert probe is not None
    world.end(probe)
    assert world.claim() is not None, "it works again"


def test_no_breaker_opens_on_failures_of_tasks_or_long_work(world: World, clock: Clock) -> None:
    long = world.taken(world.bead())
    clock.now += 20_000
    world.engine(attempts.renew, long.attempt, long.epoch, LEASE)
    _break(world, clock, 8, "exit")
    world.bead()
    assert world.claim() is not None


def test_a_breaker_is_of_one_account(world: World, clock: Clock) -> None:
    _account(world, "one")
    _break(world, clock, 4)
    world.bead()
    assert world.claim() is None
    _account(world, "two")
    claim = world.claim()
    assert claim is not None
    assert claim.subscription == "two"


# caps


def test_caps_of_a_runtime_and_of_an_account(world: World) -> None:
    rules = Rules(runtime_caps={"shell": 1})
    first, second = world.bead(runtime="shell"), world.bead(runtime="shell")
    assert _claim(world, rules) is not None
    assert _claim(world, rules) is None
    world.engine(heartbeats.beat, "home", 100, rules)
    assert world.shown(second).why == ("all 1 slots of the runtime shell are taken",)
    other = world.bead()
    claim = _claim(world, rules)
    assert claim is not None
    assert claim.bead == other, "what has to wait is passed over"
    assert first
    _account(world, "work", cap=2)
    for _ in range(3):
        world.bead()
    taken = [_claim(world, rules) for _ in range(3)]
    assert [c.subscription if c else None for c in taken] == ["work", "work", None]
    assert taken[2] is None


def test_why_names_the_full_slots(world: World) -> None:
    world.engine(heartbeats.beat, "home", 2, Rules())
    for _ in range(3):
        world.bead()
    last = world.bead()
    assert world.shown(last).why == ()
    world.claim()
    world.claim()
    assert world.shown(last).why == ("all 2 slots of all boards are taken",)
    world.engine(heartbeats.beat, "home", 9, Rules())
    world.do(boards.edit, world.board, cap=2)
    assert world.shown(last).why == ("all 2 slots of this board are taken",)
    world.engine(boards.notice, world.board, "Docker does not answer")
    assert world.shown(last).why[0] == "Docker does not answer"


# a serial convoy, and many at once


def test_fifty_ready_beads_under_a_cap_of_three_never_run_four(world: World) -> None:
    for _ in range(50):
        world.bead()
    live: list[Claim] = []
    done = 0
    while done < 50:
        while (claim := world.claim(cap=3)) is not None:
            live.append(claim)
        assert len(live) == min(3, 50 - done)
        world.end(live.pop(done % len(live)))
        done += 1
    assert len(world.ask(views.agents, world.board)) == 3


def test_a_serial_convoy_of_ten_uses_one_agent_among_others(world: World) -> None:
    busy = world.taken(world.bead("by itself", priority=0))
    ids = [world.bead(str(n)) for n in range(10)]
    for before, after in pairwise(ids):
        world.do(edges.link, after, before)
    trip = world.do(convoys.create, world.board, "trip", ids)
    world.do(convoys.start, trip)
    agents = set()
    for number, bead in enumerate(ids):
        if number == 5:
            world.end(busy)  # an older idle agent is no reason to change
        claim = world.taken(bead)
        agents.add(claim.agent)
        world.end(claim)
        world.store.write(BO, beads.approve, bead)
    assert len(agents) == 1


def test_the_next_time_is_found_without_reading_all_that_is_ready(world: World, clock: Clock) -> None:
    """Of many ready beads few wait for a time."""
    later = world.bead("later")
    for number in range(100):
        world.bead(f"ready {number}")
    claim = world.taken(later)
    world.end(claim, Outcome.FAILED, "crash")
    retry_at = world.shown(later).card.retry_at
    assert retry_at is not None
    assert world.ask(turns.next_due) == retry_at
    world.store.write(ENGINE, lambda tx: tx.change("ANALYZE bead"))  # a server plans by what it counted
    plans: list[str] = []

    class Explaining:
        """Asks for the plan of each statement in its place."""

        now = clock.now

        def __init__(self, rows: Rows) -> None:
            self._rows = rows
            if world.store.path is None:  # of a few rows it would read all in any case
                rows.rows("SELECT set_config('enable_seqscan', 'off', true)")

        def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
            how = "EXPLAIN QUERY PLAN" if world.store.path else "EXPLAIN"
            plans.append(str(self._rows.rows(f"{how} {sql}", **values)))
            return [(None,)]

    world.ask(lambda rows: turns.next_due(Explaining(rows)))
    assert "ix_bead_retry" in plans[0]
    assert "ix_bead_later" in plans[1]
