"""The states of beads, attempts and convoys, and the verbs that lead from one to another."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from halftui.errors import Refused


class BeadState(StrEnum):
    """Where a bead stands; ready and blocked are derived from `open`."""

    OPEN = "open"
    ACTIVE = "active"
    REVIEW = "review"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BeadVerb(StrEnum):
    """What changes a bead's state."""

    CLAIM = "claim"
    RELEASE = "release"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    FAIL = "fail"
    CANCEL = "cancel"
    REOPEN = "reopen"


class AttemptState(StrEnum):
    """Where one try of an agent stands."""

    STARTING = "starting"
    WORKING = "working"
    ASKING = "asking"
    ENDED = "ended"


class AttemptVerb(StrEnum):
    """What changes an attempt's state."""

    START = "start"
    ASK = "ask"
    RESUME = "resume"
    END = "end"


class ConvoyState(StrEnum):
    """Where a convoy stands."""

    STAGED = "staged"
    MOVING = "moving"
    LANDED = "landed"
    CANCELLED = "cancelled"


class ConvoyVerb(StrEnum):
    """What changes a convoy's state."""

    START = "start"
    LAND = "land"
    CANCEL = "cancel"
    ADD = "add"


FINISHED = frozenset({BeadState.DONE, BeadState.FAILED, BeadState.CANCELLED})
LIVE = frozenset({AttemptState.STARTING, AttemptState.WORKING, AttemptState.ASKING})

BEAD_MOVES: Mapping[tuple[BeadState, BeadVerb], BeadState] = {
    (BeadState.OPEN, BeadVerb.CLAIM): BeadState.ACTIVE,
    (BeadState.ACTIVE, BeadVerb.RELEASE): BeadState.OPEN,
    (BeadState.ACTIVE, BeadVerb.SUBMIT): BeadState.REVIEW,
    (BeadState.REVIEW, BeadVerb.APPROVE): BeadState.DONE,
    (BeadState.REVIEW, BeadVerb.REJECT): BeadState.ACTIVE,
    (BeadState.ACTIVE, BeadVerb.FAIL): BeadState.FAILED,
    (BeadState.OPEN, BeadVerb.CANCEL): BeadState.CANCELLED,
    (BeadState.ACTIVE, BeadVerb.CANCEL): BeadState.CANCELLED,
    (BeadState.REVIEW, BeadVerb.CANCEL): BeadState.CANCELLED,
    (BeadState.DONE, BeadVerb.REOPEN): BeadState.OPEN,
    (BeadState.FAILED, BeadVerb.REOPEN): BeadState.OPEN,
    (BeadState.CANCELLED, BeadVerb.REOPEN): BeadState.OPEN,
}

ATTEMPT_MOVES: Mapping[tuple[AttemptState, AttemptVerb], AttemptState] = {
    (AttemptState.STARTING, AttemptVerb.START): AttemptState.WORKING,
    (AttemptState.WORKING, AttemptVerb.ASK): AttemptState.ASKING,
    (AttemptState.ASKING, AttemptVerb.ASK): AttemptState.ASKING,
    (AttemptState.ASKING, AttemptVerb.RESUME): AttemptState.WORKING,
    (AttemptState.STARTING, AttemptVerb.END): AttemptState.ENDED,
    (AttemptState.WORKING, AttemptVerb.END): AttemptState.ENDED,
    (AttemptState.ASKING, AttemptVerb.END): AttemptState.ENDED,
}

CONVOY_MOVES: Mapping[tuple[ConvoyState, ConvoyVerb], ConvoyState] = {
    (ConvoyState.STAGED, ConvoyVerb.START): ConvoyState.MOVING,
    (ConvoyState.MOVING, ConvoyVerb.LAND): ConvoyState.LANDED,
    (ConvoyState.STAGED, ConvoyVerb.CANCEL): ConvoyState.CANCELLED,
    (ConvoyState.MOVING, ConvoyVerb.CANCEL): ConvoyState.CANCELLED,
    (ConvoyState.STAGED, ConvoyVerb.ADD): ConvoyState.STAGED,
    (ConvoyState.MOVING, ConvoyVerb.ADD): ConvoyState.MOVING,
    (ConvoyState.LANDED, ConvoyVerb.ADD): ConvoyState.MOVING,
}

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


def after(moves: Mapping[tuple[S, V], S], state: S, verb: V, subject: str) -> S:
    """Return the state that `verb` leads to.

    Raises Refused, naming the states in which the verb is allowed.
    """
    if (state, verb) in moves:
        return moves[state, verb]
    allowed = sorted({s.value for s, v in moves if v is verb})
    raise Refused(
        f"{subject} is {state.value}, so {verb.value} is not possible",
        f"{verb.value} needs it to be {' or '.join(allowed)}",
    )
