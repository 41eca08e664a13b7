"""What is counted of an attempt: what its program tells, and what passed beside that."""

import math

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Metered
from halftui.engine.tally import MOST, MOST_USD, Tally
from halftui.ops import attempts, beads, transcripts
from halftui.ops.transcripts import Standing
from halftui.service.lines import Lines
from halftui.store.store import Store
from tests.helpers.stores import ANN

BEFORE = Standing(1, 10, tokens_in=100, tokens_out=10, cost_usd=1.0, turns=2)


def test_what_the_program_tells_late_counts_once() -> None:
    tally = Tally(BEFORE)
    passed = tally.see(Metered(500, 50))
    assert (tally.owed(), tally.unbooked()) == (BEFORE, 550)
    tally.tell(Metered(500, 50, turns=1))
    tally.expect(passed)
    tally.hear(70)
    assert tally.book() == Standing(1, 70, 600, 60, 1.0, 3)
    assert tally.unbooked() == 0


def test_what_is_never_told_counts_when_its_time_is_over() -> None:
    tally = Tally(BEFORE)
    tally.tell(Metered(500, 50, turns=1))
    tally.see(Metered(500, 50))
    passed = tally.see(Metered(3_000, 300))
    tally.expect(passed)
    assert tally.book() == Standing(1, 10, 3_600, 360, 1.0, 3)
    tally.tell(Metered(200, 20, turns=1))  # of what has passed, so no more than that
    assert tally.owed() == Standing(1, 10, 3_600, 360, 1.0, 4)
    assert tally.unbooked() == 0


def test_it_is_priced_like_what_was_told() -> None:
    tally = Tally(BEFORE)
    tally.see(Metered(3_000, 300))
    tally.tell(Metered(1_000, 100, turns=1))
    tally.tell(Metered(cost_usd=2.0))
    assert tally.standing == Standing(1, 10, 3_100, 310, 7.0, 3)
    tally.close()
    assert tally.standing == Standing(1, 10, 3_100, 310, 7.0, 3)


def test_without_a_price_it_is_the_dearest() -> None:
    tally = Tally(Standing(1))
    tally.see(Metered(1_000_000, 100_000))
    assert tally.close()
    assert tally.standing.cost_usd == pytest.approx(22.5)


def test_a_program_that_died_before_it_named_a_price_is_the_dearest_too() -> None:
    tally = Tally(Standing(1))
    tally.tell(Metered(500, 50, turns=1))
    tally.see(Metered(1_000_500, 50))
    assert tally.close()
    assert tally.standing.cost_usd == pytest.approx(15.0)


def test_a_program_that_tells_more_is_believed() -> None:
    tally = Tally(BEFORE)
    tally.see(Metered(10, 1))
    tally.tell(Metered(500, 50, cost_usd=0.5))
    assert tally.standing == Standing(1, 10, 600, 60, 1.5, 2)


async def test_what_no_column_holds_ends_no_journal(store: Store, board: str) -> None:
    """Its flush writes for all agents, so that one of them must not make it fail."""
    store.write(ANN, beads.create, board, "A")
    claim = store.write(ENGINE, attempts.claim, board, 60.0, 1, ("Toast",))
    assert claim is not None
    lines, tally = Lines(store), Tally(Standing(claim.epoch))
    lines.open(claim.attempt, 0, tally.standing)
    for usd in (math.inf, math.inf, math.nan, -1.0):
        tally.tell(Metered(10**30, 2**31, usd, turns=2**31))
    lines.tell(claim.attempt, [("say", "a lot")], tally.book())
    await lines.close(claim.attempt)
    _, then = store.read(transcripts.standing, claim.attempt)
    assert then == Standing(claim.epoch, 0, MOST, MOST, MOST_USD, MOST)
