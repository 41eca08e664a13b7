"""Profiles of agents as plain values."""

from typing import Any

import pytest

from halftui.domain import profile
from halftui.errors import Misconfigured

RUNTIMES = ("claude", "shell")
WHOLE: dict[str, Any] = {
    "role": "Builds", "runtime": "claude", "model": "m-1", "system": "You build.",
    "skills": {"testing": "Run make test."}, "tools": ["Read", "Bash"], "limits": {"turns": 9, "usd": 1.5},
}  # fmt: skip


def test_what_is_read_is_printed_again_and_stored_alike() -> None:
    made = profile.read(WHOLE, RUNTIMES)
    assert profile.plain(made) == WHOLE
    assert profile.loaded(profile.dumped(made)) == made
    assert made.told == "You build.\n\n## testing\nRun make test."
    assert made.turns == 9
    assert profile.read({}, RUNTIMES) == profile.NOBODY


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "is a mapping"), ({"colour": "red"}, "has no colour"), ({"runtime": "perl"}, "runtime can't be"),
        ({"system": 3}, "system is a text"), ({"skills": ["x"]}, "skills is a mapping"),
        ({"skills": {"x": 3}}, "skill x is a text"), ({"tools": "Bash"}, "list of names"),
        ({"tools": ["--dangerous"]}, "names no tool"), ({"tools": ["a,b"]}, "names no tool"),
        ({"limits": {"beer": 3}}, "no limit of beer"), ({"limits": {"turns": 0}}, "above 0"),
        ({"limits": {"turns": True}}, "above 0"), ({"system": "x" * 40_000}, "longer than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(wrong: Any, says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        profile.read(wrong, RUNTIMES)


def test_a_difference_names_what_changed() -> None:
    old = profile.read(WHOLE, RUNTIMES)
    new = profile.read({**WHOLE, "model": "m-2", "tools": ["Read"]}, RUNTIMES)
    told = profile.difference(old, new, ("one@1", "one@2"))
    assert [line for line in told if line[0] in "+-"] == [
        "--- one@1", "+++ one@2", "-model: m-1", "+model: m-2", "-tools: Bash",
    ]  # fmt: skip
    assert profile.difference(old, old, ("a", "b")) == []


@pytest.mark.parametrize("name", ["", "Über", "a b", "../x", "A", "x" * 50])
def test_a_name_is_a_word(name: str) -> None:
    with pytest.raises(Misconfigured, match="can't name a profile"):
        profile.check_name(name)
