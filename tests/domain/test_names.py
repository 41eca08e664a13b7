"""Ids and the pool of names."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halftui.domain import names
from halftui.errors import Misconfigured
from halftui.ops.boards import FORMS


@given(st.text(max_size=200))
def test_a_slug_is_safe_in_paths_and_branches(text: str) -> None:
    made = names.slug(text)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", made)
    assert names.slug(made) == made


@given(st.text(max_size=80))
def test_a_prefix_is_one_that_a_board_may_have(text: str) -> None:
    assert re.fullmatch(FORMS["prefix"], names.prefix_of(text))


@given(st.integers(0, 10_000_000), st.integers(0, 2**32))
def test_ids_grow_with_the_count(count: int, seed: int) -> None:
    made = names.bead_id("hf", count, random.Random(seed).randrange, ())
    prefix, _, number = made.partition("-")
    assert prefix == "hf"
    assert set(number) <= set(names.BASE36)
    assert len(number) >= names.SHORTEST
    assert count * 50 <= 36 ** len(number)


def test_a_full_space_of_ids_gets_a_longer_one() -> None:
    taken = {f"hf-{a}{b}{c}" for a in names.BASE36 for b in names.BASE36 for c in names.BASE36}
    made = names.bead_id("hf", 10, random.Random(0).randrange, taken)
    assert len(made) == len("hf-") + 4


def test_names_come_from_the_pool_in_order_and_return() -> None:
    pool = ("Toast", "Maple", "Onyx")
    assert names.next_name(pool, [], []) == "Toast"
    assert names.next_name(pool, ["Toast"], ["Toast"]) == "Maple"
    assert names.next_name(pool, ["Maple"], ["Toast", "Maple"]) == "Toast"


@given(st.lists(st.booleans(), max_size=80))
def test_living_names_never_collide(retiring: list[bool]) -> None:
    pool = ("Toast", "Maple", "Onyx")
    living: list[str] = []
    ever: list[str] = []
    for is_retiring in retiring:
        if is_retiring and living:
            living.pop(0)
            continue
        name = names.next_name(pool, living, ever)
        assert name not in living
        assert name in pool or name not in ever
        living.append(name)
        ever.append(name)


def test_numbers_of_hostile_names_are_no_numbers() -> None:
    assert names.next_name(("Toast",), ["Toast"], ["Toast", "Toast-²", "Toast-x", "-9"]) == "Toast-2"


def test_an_empty_pool_is_named() -> None:
    with pytest.raises(Misconfigured, match="the name pool is empty"):
        names.next_name((), [], [])


def test_the_themes_have_twenty_names_each() -> None:
    for pool in names.THEMES.values():
        assert len(set(pool)) == 20
        assert all(n.isascii() and n.isalpha() for n in pool)


@pytest.mark.parametrize("told", ["", "--dangerously-skip-permissions", "a\0b", "a b", "x" * 201, "a\n"])
def test_what_an_agent_calls_its_session_is_no_option_of_the_next_command(told: str) -> None:
    assert names.session_of(told) == ""
    assert names.session_of("0b6c1e9e-5d1f-4c0e-9d0e-2f7f5c1d8a11") != ""
