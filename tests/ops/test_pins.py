"""A bead that is pinned waits for its agent, goes to that one, and to any other once nobody pins it."""

from pathlib import Path

import pytest

from halftui.domain.happenings import Outcome
from halftui.errors import NotFound, Refused
from halftui.ops import attempts, beads, pins, views
from tests.helpers import stage
from tests.helpers.stage import Stage


@pytest.fixture
def two(tmp_path: Path) -> Stage:
    """A board whose two agents work."""
    made = stage.empty(tmp_path, cap=4)
    for title in ("one", "two"):
        made.bead(title)
    return made


def agent_of(stage: Stage, claim: attempts.Claim) -> str:
    """Return the name of who has a bead."""
    return stage.store.read(views.bead, claim.bead).card.assignee


def test_it_waits_for_its_agent_and_goes_to_that_one(two: Stage) -> None:
    first, second = two.claim("one"), two.claim("two")
    two.bead("three")
    three = two.ids["three"]
    two.write(pins.pin, three, second.agent_id)
    assert f"it waits for {second.agent}, who is at work" in two.store.read(views.bead, three).why
    two.end(first, Outcome.PASSED)
    with pytest.raises(AssertionError):
        two.claim("three")
    two.end(second, Outcome.PASSED)
    claim = two.claim("three")
    assert claim.agent_id == second.agent_id != first.agent_id


def test_without_a_pin_any_agent_takes_it(two: Stage) -> None:
    first, second = two.claim("one"), two.claim("two")
    two.bead("three")
    two.write(pins.pin, two.ids["three"], second.agent_id)
    two.end(first, Outcome.PASSED)
    two.write(pins.pin, two.ids["three"], "")
    assert agent_of(two, two.claim("three")) == first.agent


def test_what_can_not_be_pinned_is_refused(two: Stage) -> None:
    first = two.claim("one")
    with pytest.raises(Refused, match="is active"):
        two.write(pins.pin, first.bead, first.agent_id)
    with pytest.raises(NotFound):
        two.write(pins.pin, two.ids["two"], "nobody")
    two.write(beads.edit, two.ids["two"], runtime="shell")
    with pytest.raises(Refused, match="the bead wants shell"):
        two.write(pins.pin, two.ids["two"], first.agent_id)
