"""What is counted of an attempt: what its program tells, and what passed beside that."""

import math

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Metered
from halftui.engine.tab import MOST, MOST_USD, Tab
from halftui.ops import attempts, beads, transcripts
from halftui.ops.transcripts import Standing
from halftui.service.lines import Lines
from halftui.store.store import Store
from tests.helpers.stores import ANN

BEFORE = Standing(1, 10, tokens_in=100, tokens_out=10, cost_usd=1.0, turns=2)


def test_what_the_program_tells_late_counts_once() -> None:
    tab = Tab(BEFORE)
    passed = tab.see(Metered(500, 50))
    assert (tab.owed(), tab.unbooked()) == (BEFORE, 550)
    tab.tell(Metered(500, 50, turns=1))
    tab.expect(passed)
    tab.hear(70)
    assert tab.book() == Standing(1, 70, 600, 60, 1.0, 3)
    assert tab.unbooked() == 0


def test_what_is_never_told_counts_when_its_time_is_over() -> None:
    tab = Tab(BEFORE)
    tab.tell(Metered(500, 50, turns=1))
    tab.see(Metered(500, 50))
    passed = tab.see(Metered(3_000, 300))
    tab.expect(passed)
    assert tab.book() == Standing(1, 10, 3_600, 360, 1.0, 3)
    tab.tell(Metered(200, 20, turns=1))  # of what has passed, so no more than that
    assert tab.owed() == Standing(1, 10, 3_600, 360, 1.0, 4)
    assert tab.unbooked() == 0


def test_it_is_priced_like_what_was_told() -> None:
    tab = Tab(BEFORE)
    tab.see(Metered(3_000, 300))
    tab.tell(Metered(1_000, 100, turns=1))
    tab.tell(Metered(cost_usd=2.0))
    assert tab.standing == Standing(1, 10, 3_100, 310, 7.0, 3)
    tab.close()
    assert tab.standing == Standing(1, 10, 3_100, 310, 7.0, 3)


def test_without_a_price_it_is_the_dearest() -> None:
    tab = Tab(Standing(1))
    tab.see(Metered(1_000_000, 100_000))
    assert tab.close()
    assert tab.standing.cost_usd == pytest.approx(22.5)


def test_a_program_that_died_before_it_named_a_price_is_the_dearest_too() -> None:
    tab = Tab(Standing(1))
    tab.tell(Metered(500, 50, turns=1))
    tab.see(Metered(1_000_500, 50))
    assert tab.close()
    assert tab.standing.cost_usd == pytest.approx(15.0)


def test_a_program_that_tells_more_is_believed() -> None:
    tab = Tab(BEFORE)
    tab.see(Metered(10, 1))
    tab.tell(Metered(500, 50, cost_usd=0.5))
    assert tab.standing == Standing(1, 10, 600, 60, 1.5, 2)


async def test_what_no_column_holds_ends_no_journal(store: Store, board: str) -> None:
    """Its flush writes for all agents, so that one of them must not make it fail."""
    store.write(ANN, beads.create, board, "A")
    claim = store.write(ENGINE, attempts.claim, board, 60.0, 1, ("Toast",))
    assert claim is not None
    lines, tab = Lines(store), Tab(Standing(claim.epoch))
    lines.open(claim.attempt, 0, tab.standing)
    for usd in (math.inf, math.inf, math.nan, -1.0):
        tab.tell(Metered(10**30, 2**31, usd, turns=2**31))
    lines.tell(claim.attempt, [("say", "a lot")], tab.book())
    await lines.close(claim.attempt)
    _, then = store.read(transcripts.standing, claim.attempt)
    assert then == Standing(claim.epoch, 0, MOST, MOST, MOST_USD, MOST)
