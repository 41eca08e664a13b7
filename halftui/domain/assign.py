"""The scheduler's pure rules: what counts as a failure, how long to wait after it, whose turn it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from halftui.domain.happenings import Outcome

BACK_OFF_MINUTES = (2, 2, 5, 10, 30)
MOST = len(BACK_OFF_MINUTES)  # setbacks of one kind in a row after which a bead needs a person

TOP_LEVEL = 1  # waiting lifts a bead up to this priority, so that 0 stays the most urgent

BREAKER_WINDOW = 8  # ends that are looked at
BREAKER_LEAST = 4  # fewer say nothing
BREAKER_SHARE = 0.75
BREAKER_PAUSE = 120.0  # seconds before one probe is let through
BREAKER_MEMORY = 3_600.0  # seconds after which an end says nothing any more


class Setback(StrEnum):
    """Why an attempt did not finish its bead; each kind has a counter of its own."""

    START = "start"
    LOST = "lost"
    TASK = "task"
    HANDOFF = "hand-off"


SETBACK_WORDS = {
    Setback.START: "could not be started",
    Setback.LOST: "lost its agent",
    Setback.TASK: "failed",
    Setback.HANDOFF: "was handed off unfinished",
}
# Causes outside of the bead: they count nowhere, the account or the surroundings answer for them.
CLOSED = "the board was closed"  # the reason of an end by the board itself
_OUTSIDE = frozenset({CLOSED, "auth", "credit", "unavailable", "limit", "fenced"})
_LOSSES = frozenset({"killed", "lost", "hang"})
_UNFINISHED = frozenset({"turns"})
# What tells of a program or provider that does not work, whatever the bead.
FAULTS = frozenset({"start", "transport", "garbage", "auth", "credit", "hang", "session"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How much may run, and how waiting counts; the engine's settings."""

    runtime_caps: Mapping[str, int] = field(default_factory=dict)  # live attempts of a runtime
    ageing: float = 7 * 86_400.0  # seconds of waiting that count as one priority; 0: waiting counts nothing


def setback(outcome: Outcome, reason: str, *, has_begun: bool, by_patrol: bool) -> Setback | None:
    """Return what an end counts as; None if it is no setback of the bead.

    `has_begun`: the agent's program ran. `by_patrol`: its board had died.
    """
    if outcome in (Outcome.PASSED, Outcome.STOPPED, Outcome.LIMITED) or reason in _OUTSIDE:
        return None
    if outcome is Outcome.LOST:
        return None if by_patrol else Setback.LOST
    if not has_begun:
        return Setback.START
    if reason in _UNFINISHED:
        return Setback.HANDOFF
    return Setback.LOST if reason in _LOSSES else Setback.TASK


def back_off(kind: Setback, count: int) -> float:
    """Return the seconds to wait after the setback number `count` of a kind in a row."""
    if kind is Setback.HANDOFF or (kind is Setback.LOST and count == 1):
        return 0.0  # nothing speaks against going on at once
    return 60.0 * BACK_OFF_MINUTES[min(count, MOST) - 1]


def level(priority: int, waited: float, ageing: float, *, is_overdue: bool) -> int:
    """Return the priority that counts: each `ageing` seconds lift it by one, being overdue to the top."""
    if priority <= TOP_LEVEL:
        return priority
    if is_overdue:
        return TOP_LEVEL
    return max(TOP_LEVEL, priority - int(waited / ageing)) if ageing else priority


def closed_until(ends: Sequence[tuple[bool, float]], now: float) -> float | None:
    """Return until when (UTC seconds) a breaker lets nothing through; None if the way is open.

    `ends` are the newest ends of attempts, newest first: was it a fault, and when. What is still at
    work says nothing, however long it takes. A time that has passed means: one probe may go through.
    """
    recent = [(bad, at) for bad, at in ends[:BREAKER_WINDOW] if now - at < BREAKER_MEMORY]
    if len(recent) < BREAKER_LEAST or not recent[0][0]:
        return None
    if sum(bad for bad, _ in recent) < BREAKER_SHARE * len(recent):
        return None
    return recent[0][1] + BREAKER_PAUSE
