"""How a board's lanes are laid out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import lanes
from halftui.domain.lanes import DEFAULT, STATES, LaneRow, Lanes
from halftui.errors import Misconfigured

URGENT = LaneRow("urgent", "Burning", "ready", "#urgent !0", 3)


def names(laid: Lanes) -> list[str]:
    """Return the names of lanes in their order."""
    return [row.name for row in laid]


def test_lanes_are_stored_and_read_as_they_were() -> None:
    laid = lanes.at(lanes.changed(DEFAULT, "urgent", filter="#urgent"), "urgent", 1)
    assert lanes.parse(lanes.stored(laid)) == laid
    assert lanes.stored(DEFAULT) == ""
    assert lanes.parse("") == DEFAULT


@given(st.permutations(STATES), st.sets(st.sampled_from(STATES[:-2])), st.integers(0, 9))
def test_what_is_wished_is_what_is_there(order: list[str], hidden: set[str], limit: int) -> None:
    rows = [LaneRow(n, state=n, is_hidden=n in hidden, limit=limit) for n in order]
    laid = lanes.checked([*rows, URGENT])
    assert lanes.wished(lanes.wish(laid)) == laid


def test_a_state_that_is_left_out_is_hidden_not_lost() -> None:
    laid = lanes.wished([{"name": "ready"}, {"name": "done", "limit": 5}])
    assert [row.name for row in laid if not row.is_hidden] == ["ready", "done"]
    assert sorted(names(laid)) == sorted(STATES)


def test_no_lanes_are_those_that_a_board_comes_with() -> None:
    assert lanes.wished([]) == DEFAULT
    assert lanes.wish(DEFAULT) == []


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("x", "no list"),
        ([1], "no name"),
        ([{"name": "ready", "colour": "red"}], "'colour'"),
        ([{"name": "Ready!"}], "no word"),
        ([{"name": "ready"}, {"name": "ready"}], "two lanes"),
        ([{"name": "own"}], "no filter"),
        ([{"name": "own", "filter": "\x1b[31m \n"}], "no filter"),
        ([{"name": "own", "filter": "a", "state": "open"}], "its state"),
        ([{"name": "ready", "filter": "#ui"}], "whole"),
        ([{"name": "ready", "limit": -1}], "its limit"),
        ([{"name": "ready", "limit": True}], "its limit"),
        ([{"name": "ready", "title": 3}], "no text"),
        ([{"name": "ready", "hidden": "yes"}], "neither true nor false"),
        ([{"name": "closed"}], "every lane"),
        ([{"name": f"own-{n}", "filter": "a"} for n in range(24)], "at most"),
    ],
)
def test_a_bad_wish_is_refused_with_its_fault(wish: object, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        lanes.wished(wish)


def test_a_lane_goes_past_its_visible_neighbour() -> None:
    laid = lanes.changed(DEFAULT, "ready", is_hidden=True)
    assert names(lanes.beside(laid, "blocked", 1))[:3] == ["ready", "working", "blocked"]
    assert lanes.beside(laid, "blocked", -1) == laid


def test_only_what_people_made_is_dropped() -> None:
    laid = lanes.changed(DEFAULT, "urgent", filter="#urgent")
    assert lanes.without(laid, "urgent") == DEFAULT
    with pytest.raises(Misconfigured, match="every board has"):
        lanes.without(laid, "ready")


def test_a_title_gives_a_name_that_is_free() -> None:
    assert lanes.named("Hot ones!", DEFAULT) == "hot-ones"
    assert lanes.named("Ready", DEFAULT) == "ready-2"
    assert lanes.named("緊急", DEFAULT) == "lane"
