"""The transition tables, every state with every verb."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from halftui.domain.states import (
    ATTEMPT_MOVES,
    BEAD_MOVES,
    CONVOY_MOVES,
    FINISHED,
    LIVE,
    AttemptState,
    AttemptVerb,
    BeadState,
    BeadVerb,
    ConvoyState,
    ConvoyVerb,
    after,
)
from halftui.errors import Refused

# The tables as `semantics` has them, written a second time: from, verb, to.
BEADS = """
open claim active
active release open
active submit review
review approve done
review reject active
active fail failed
open cancel cancelled
active cancel cancelled
review cancel cancelled
done reopen open
failed reopen open
cancelled reopen open
"""
ATTEMPTS = """
starting start working
working ask asking
asking ask asking
asking resume working
starting end ended
working end ended
asking end ended
"""
CONVOYS = """
staged start moving
moving land landed
staged cancel cancelled
moving cancel cancelled
staged add staged
moving add moving
landed add moving
"""
NOUNS: tuple[tuple[Mapping[Any, Any], type[StrEnum], type[StrEnum], str], ...] = (
    (BEAD_MOVES, BeadState, BeadVerb, BEADS),
    (ATTEMPT_MOVES, AttemptState, AttemptVerb, ATTEMPTS),
    (CONVOY_MOVES, ConvoyState, ConvoyVerb, CONVOYS),
)


def _cases() -> list[Any]:
    cases = []
    for moves, states, verbs, written in NOUNS:
        wanted = {tuple(line.split()[:2]): line.split()[2] for line in written.split("\n") if line}
        for state, verb in product(states, verbs):
            goal = wanted.get((state.value, verb.value))
            cases.append(pytest.param(moves, state, verb, goal, id=f"{states.__name__}-{state}-{verb}"))
    return cases


@pytest.mark.parametrize(("moves", "state", "verb", "goal"), _cases())
def test_every_state_with_every_verb(moves: Any, state: Any, verb: Any, goal: str | None) -> None:
    if goal is not None:
        assert after(moves, state, verb, "it").value == goal
        return
    with pytest.raises(Refused, match=f"it is {state.value}, so {verb.value} is not possible") as found:
        after(moves, state, verb, "it")
    allowed = {s.value for s, v in moves if v is verb}
    named = found.value.hint.removeprefix(f"{verb.value} needs it to be ").split(" or ")
    assert set(named) == allowed


def test_every_verb_leads_somewhere_and_every_state_is_reached() -> None:
    for moves, states, verbs, _ in NOUNS:
        assert {v for _, v in moves} == set(verbs)
        assert {s for s, _ in moves} | set(moves.values()) == set(states)


def test_finished_beads_only_reopen() -> None:
    assert {v for s, v in BEAD_MOVES if s in FINISHED} == {BeadVerb.REOPEN}
    assert set(AttemptState) - LIVE == {AttemptState.ENDED}
    assert not [s for s, _ in ATTEMPT_MOVES if s is AttemptState.ENDED]
