"""Keys between neighbours: whatever is moved wherever, the order is the one that was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import rank
from halftui.errors import Refused


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60), st.integers(1, 30))
def test_the_order_is_kept_over_random_moves(moves: list[tuple[int, int]], count: int) -> None:
    order = list(range(count))
    keys = dict(zip(order, rank.spread(count), strict=True))
    for start, goal in moves:
        card = order.pop(start % count)
        place = goal % count
        order.insert(place, card)
        before = keys[order[place - 1]] if place else None
        behind = keys[order[place + 1]] if place + 1 < count else None
        keys[card] = rank.between(before, behind)
        assert (before or "") < keys[card]
        assert behind is None or keys[card] < behind
    assert sorted(order, key=lambda c: keys[c].encode()) == order


def test_keys_at_one_end_stay_short() -> None:
    low = high = None
    for _ in range(2_000):
        low, high = rank.between(None, low), rank.between(high, None)
    assert len(low or "") <= 4
    assert len(high or "") <= 4


def test_keys_at_one_place_grow_slowly() -> None:
    low, high = rank.spread(2)
    moves = 0
    while len(high) <= rank.LONGEST:
        high = rank.between(low, high)
        moves += 1
    assert moves > 200


@pytest.mark.parametrize("pair", [("a1", "a0"), ("a0", "a0"), ("nonsense!", None), ("", "a0"), ("a00", None)])
def test_no_place_is_refused(pair: tuple[str, str | None]) -> None:
    with pytest.raises(Refused, match="no place between"):
        rank.between(*pair)


@given(st.integers(0, 500))
def test_spread_keys_are_in_order(count: int) -> None:
    keys = rank.spread(count)
    assert len(set(keys)) == count
    assert keys == sorted(keys)
