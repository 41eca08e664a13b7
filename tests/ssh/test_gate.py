"""The gate: how many may stand there, who makes room, who has to wait."""

import pytest

from halftui.ssh.gate import FORGOTTEN, MOST_SOURCES, Gate, source_of
from halftui.ssh.limits import Limits


class Clock:
    """Seconds that the test moves on."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def _gate(**limits: float) -> tuple[Gate, Clock, list[str]]:
    clock = Clock()
    return Gate(Limits(**limits), clock), clock, []  # type: ignore[arg-type]


def _arrive(gate: Gate, who: str, address: str, gone: list[str]) -> bool:
    return gate.arrive(who, address, lambda: gone.append(who))


def test_a_source_makes_room_for_itself() -> None:
    gate, _, gone = _gate(half_open_of_source=2)
    for who in ("one", "two", "three"):
        assert _arrive(gate, who, "10.0.0.1", gone)
    assert gone == ["one"]
    assert gate.waiting == 2


def test_a_full_gate_makes_room_from_the_largest_crowd() -> None:
    gate, _, gone = _gate(half_open=5, half_open_of_source=3)
    for number in range(3):
        _arrive(gate, f"a{number}", "10.0.0.1", gone)
    for number in range(2):
        _arrive(gate, f"b{number}", "10.0.0.2", gone)
    assert _arrive(gate, "late", "10.0.0.3", gone)
    assert gone == ["a0"]
    assert gate.waiting == 5


def test_many_sources_lose_their_oldest_first() -> None:
    gate, _, gone = _gate(half_open=64)
    for number in range(70):
        _arrive(gate, str(number), f"10.0.0.{number}", gone)
    assert gone == [str(number) for number in range(6)]


def test_who_came_in_stands_there_no_more() -> None:
    gate, _, gone = _gate(half_open_of_source=1)
    _arrive(gate, "one", "10.0.0.1", gone)
    gate.leave("one")
    _arrive(gate, "two", "10.0.0.1", gone)
    gate.leave("two")
    gate.leave("two")
    assert gone == []


def test_refused_logins_make_a_source_wait_longer_and_longer() -> None:
    gate, clock, gone = _gate(free_failures=2, longest_wait=8.0)
    waits = []
    for number in range(8):
        gate.refuse("10.0.0.1")
        before = clock.now
        while not _arrive(gate, f"{number}", "10.0.0.1", gone):
            clock.now += 0.5
        gate.leave(f"{number}")
        waits.append(clock.now - before)
    assert waits == [0, 1, 2, 4, 8, 8, 8, 8]
    assert _arrive(gate, "other", "10.0.0.2", gone)


def test_whoever_comes_in_is_forgiven() -> None:
    gate, _, gone = _gate(free_failures=1)
    for _ in range(9):
        gate.refuse("10.0.0.1")
    assert not _arrive(gate, "x", "10.0.0.1", gone)
    gate.welcome("10.0.0.1")
    assert _arrive(gate, "x", "10.0.0.1", gone)


def test_old_refusals_are_forgotten_and_few_are_kept() -> None:
    gate, clock, gone = _gate(free_failures=2)
    gate.refuse("10.0.0.1")
    clock.now += FORGOTTEN + 1
    gate.refuse("10.0.0.1")
    assert _arrive(gate, "x", "10.0.0.1", gone)
    for number in range(MOST_SOURCES + 10):
        gate.refuse(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(gate._refusals) == MOST_SOURCES


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2:3::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("10.0.0.1", "10.0.0.2", False), ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True), ("", "", True),
    ],
)  # fmt: skip
def test_whom_an_address_counts_for(one: str, other: str, *, is_same: bool) -> None:
    assert (source_of(one) == source_of(other)) is is_same
