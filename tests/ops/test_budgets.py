"""Budgets of attempts, beads, convoys, accounts and days; accounts that change under a running attempt."""

import pytest

from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.errors import Misconfigured, NotFound
from halftui.ops import accounts, attempts, beads, boards, budgets, convoys, spending, subscriptions, turns
from halftui.ops.attempts import Claim
from tests.helpers.stores import Clock
from tests.helpers.world import LEASE, World

DAY = 86_400.0


def _account(world: World, name: str) -> str:
    world.do(subscriptions.register, name, "oauth", "sealed", name)
    return name


def _use(world: World, claim: Claim, usd: float = 0.0, tokens: int = 0, turns: int = 0) -> None:
    """Use more: an attempt's meter tells sums."""
    before = world.ask(spending.used, "attempt", claim.attempt)
    sums = (int(before.tokens) + tokens, 0, before.usd + usd, int(before.turns) + turns)
    world.engine(attempts.meter, claim.attempt, claim.epoch, *sums)


def _stop_reason(world: World, claim: Claim) -> str:
    return world.engine(attempts.renew, claim.attempt, claim.epoch, LEASE)


@pytest.mark.parametrize("scope", ["attempt", "bead"])
@pytest.mark.parametrize("measure", ["usd", "tokens", "turns", "minutes"])
@pytest.mark.parametrize("is_for_each", [True, False])
def test_a_spent_budget_stops_the_attempt_and_holds_the_bead(
    world: World, clock: Clock, scope: str, measure: str, *, is_for_each: bool
) -> None:
    bead = world.bead()
    claim = world.started(world.taken(bead))
    subject = "" if is_for_each else {"attempt": claim.attempt, "bead": bead}[scope]
    world.do(budgets.set_budget, scope, subject, measure, 2)
    clock.now += 60
    _use(world, claim, usd=1.5, tokens=1, turns=1)
    assert _stop_reason(world, claim) == ""
    clock.now += 60
    _use(world, claim, usd=0.5, tokens=1, turns=1)
    said = _stop_reason(world, claim)
    amount = "2.00 USD" if measure == "usd" else f"2 {measure}"
    assert said == f"the {scope}'s budget of {amount} is spent"
    world.end(claim, Outcome.STOPPED, said)
    assert world.shown(bead).why == (f"on hold: {said}",)


def test_a_spent_day_starts_nothing_until_midnight(world: World, clock: Clock) -> None:
    world.do(budgets.set_budget, "day", world.board, "usd", 5)
    claim, bead = world.started(world.taken(world.bead())), world.bead()
    _use(world, claim, usd=5)
    assert _stop_reason(world, claim) == "", "what runs goes on"
    assert world.claim() is None
    assert world.shown(bead).why == ("today's budget of 5.00 USD is spent; it goes on at 00:00 UTC",)
    other = world.do(boards.create, "Other", "/srv/other", "main")
    world.do(beads.create, other, "there")
    assert world.engine(attempts.claim, other, LEASE, 9, POOL) is not None
    world.do(budgets.set_budget, "day", "", "usd", 5)
    world.do(beads.create, other, "more")
    assert world.engine(attempts.claim, other, LEASE, 9, POOL) is None
    clock.now += DAY
    assert world.claim() is not None


def test_a_spent_convoy_waits_and_the_rest_goes_on(world: World) -> None:
    first, second, alone = world.bead(), world.bead(), world.bead(priority=4)
    trip = world.do(convoys.create, world.board, "trip", [first, second])
    world.do(budgets.set_budget, "convoy", trip, "tokens", 1000)
    world.do(convoys.start, trip)
    claim = world.started(world.taken(first))
    _use(world, claim, tokens=1000)
    assert world.shown(second).why == ("the convoy's budget of 1,000 tokens is spent",)
    world.taken(alone)
    assert world.claim() is None
    world.do(budgets.set_budget, "convoy", trip, "tokens", None)
    world.taken(second)


def test_a_spent_account_is_passed_over(world: World) -> None:
    _account(world, "one")
    _account(world, "two")
    world.do(budgets.set_budget, "subscription", "one", "turns", 3)
    claim = world.started(world.taken(world.bead()))
    assert claim.subscription == "one"
    _use(world, claim, turns=3)
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "two"
    world.bead()
    second = world.claim()
    assert second is not None
    assert second.subscription == "two"


def test_what_was_used_is_known_by_everything(world: World, clock: Clock) -> None:
    _account(world, "one")
    bead = world.bead()
    claim = world.started(world.taken(bead))
    clock.now += 90
    _use(world, claim, usd=1.0, tokens=10, turns=1)
    _account(world, "two")
    world.engine(subscriptions.cool, "one", clock.now + 60)
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "two"
    clock.now += 30
    _use(world, claim, usd=2.0, tokens=20, turns=1)
    world.end(claim)
    whole = spending.Used(30, 3.0, 2, 2.0)
    for scope, subject in (
        ("attempt", claim.attempt), ("bead", bead), ("agent", claim.agent_id), ("day", ""),
        ("day", world.board),
    ):  # fmt: skip
        assert world.ask(spending.used, scope, subject) == whole, scope
    assert world.ask(spending.used, "subscription", "one") == spending.Used(10, 1.0, 1, 1.5)
    assert world.ask(spending.used, "subscription", "two") == spending.Used(20, 2.0, 1, 0.5)
    clock.now += DAY
    assert world.ask(spending.used, "day", "") == spending.Used()


def test_what_is_no_budget(world: World) -> None:
    with pytest.raises(Misconfigured, match="no budget of apples for bead"):
        world.do(budgets.set_budget, "bead", "", "apples", 1)
    with pytest.raises(Misconfigured, match="can't be -1"):
        world.do(budgets.set_budget, "bead", "", "usd", -1)
    with pytest.raises(NotFound):
        world.do(budgets.set_budget, "bead", "", "usd", None)


# accounts


def test_a_running_attempt_switches_only_when_it_must(world: World, clock: Clock) -> None:
    _account(world, "one")
    _account(world, "two")
    claim = world.started(world.taken(world.bead()))
    assert claim.subscription == "one"
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "one", "no ping-pong"
    world.engine(subscriptions.cool, "one", clock.now + 600)
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "two"
    clock.now += 700
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "two", "it stays"
    world.engine(subscriptions.park, "two", "401")
    assert world.engine(attempts.switch, claim.attempt, claim.epoch) == "one"


def test_what_can_not_be_opened_is_skipped_and_the_platforms_used(world: World) -> None:
    _account(world, "one")
    _account(world, "two")
    world.engine(subscriptions.park, "one", accounts.UNOPENABLE)
    assert world.ask(accounts.choose) == "two"
    world.engine(subscriptions.park, "two", accounts.UNOPENABLE)
    assert world.ask(accounts.choose) is None


def test_work_waits_while_all_accounts_rest(world: World, clock: Clock) -> None:
    _account(world, "one")
    bead = world.bead()
    claim = world.started(world.taken(bead))
    world.engine(subscriptions.cool, "one", clock.now + 600)
    world.end(claim, Outcome.LIMITED, "limit", retry_at=clock.now + 600)
    other = world.bead()
    assert world.claim() is None
    assert world.shown(bead).why == ("tried again in 10 min",)
    (why,) = world.shown(other).why
    assert why.startswith("no account can be used: one rests until 20")
    assert world.ask(turns.next_due) == clock.now + 600
    clock.now += 600
    assert world.claim() is not None
