"""Folds the event table into what a board must look like, without asking any other table."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from halftui.domain.shown import Happened
from halftui.domain.states import (
    ATTEMPT_MOVES,
    BEAD_MOVES,
    CONVOY_MOVES,
    AttemptState,
    AttemptVerb,
    BeadState,
    BeadVerb,
    ConvoyState,
    ConvoyVerb,
    after,
)

_ATTEMPT_VERBS = {
    "attempt.start": AttemptVerb.START,
    "attempt.end": AttemptVerb.END,
}


@dataclass
class Replay:
    """A board as its events tell it; every event has to be a move that the tables allow."""

    seq: int = 0
    beads: dict[str, BeadState] = field(default_factory=dict)
    convoys: dict[str, ConvoyState] = field(default_factory=dict)
    attempts: dict[str, AttemptState] = field(default_factory=dict)  # live ones alone
    agents: dict[str, str] = field(default_factory=dict)  # living ones, name by id

    def take(self, events: Iterable[Happened]) -> None:
        """Take in events, each newer than all before."""
        for event in events:
            assert event.seq > self.seq
            self.seq = event.seq
            noun, _, word = event.verb.partition(".")
            take = {
                "bead": self._bead,
                "attempt": self._attempt,
                "convoy": self._convoy,
                "agent": self._agent,
            }
            if noun in take:
                take[noun](event, word)

    def _bead(self, event: Happened, word: str) -> None:
        bead = event.subject
        if word == "create":
            assert bead not in self.beads
            self.beads[bead] = BeadState.OPEN
        elif word in list(BeadVerb):
            self.beads[bead] = after(BEAD_MOVES, self.beads[bead], BeadVerb(word), bead)
        if word == "claim" and (attempt := event.after.get("attempt")):
            live = {a.rpartition("@")[0] for a in self.attempts}
            assert bead not in live, f"two live attempts at {bead}"
            self.attempts[str(attempt)] = AttemptState.STARTING

    def _attempt(self, event: Happened, word: str) -> None:
        verb = _ATTEMPT_VERBS.get(event.verb)
        if verb is None:
            return
        state = after(ATTEMPT_MOVES, self.attempts[event.subject], verb, event.subject)
        self.attempts[event.subject] = state
        if state is AttemptState.ENDED:
            del self.attempts[event.subject]

    def _convoy(self, event: Happened, word: str) -> None:
        if word == "create":
            self.convoys[event.subject] = ConvoyState.STAGED
        elif word in list(ConvoyVerb):
            was = self.convoys[event.subject]
            self.convoys[event.subject] = after(CONVOY_MOVES, was, ConvoyVerb(word), event.subject)

    def _agent(self, event: Happened, word: str) -> None:
        if word == "create":
            assert event.after["name"] not in self.agents.values(), "two living agents of one name"
            self.agents[event.subject] = str(event.after["name"])
        elif word == "retire":
            del self.agents[event.subject]
