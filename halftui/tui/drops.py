"""What dropping cards somewhere means: one answer for the words before the release and for the release."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from halftui.domain.lanes import LaneRow
from halftui.domain.shown import Card, Snapshot
from halftui.tui.moves import Slot, meaning

DOES = {
    "dispatch": "an agent takes it",
    "review": "opens its review",
    "release": "takes it out of work",
    "reopen": "takes it up again",
    "cancel": "drops it",
}


class Drop(NamedTuple):
    """What releasing does: `verb` is rank, move or join, or "" if nothing; then `words` may say why."""

    verb: str = ""
    words: str = ""
    hint: str = ""
    to: str = ""  # a lane or a convoy
    slot: Slot | None = None

    @property
    def is_refused(self) -> bool:
        """Whether this would do nothing for a reason."""
        return not self.verb and bool(self.words)


def into_lane(cards: Sequence[Card], to: str, above: Card | None, below: Card | None) -> Drop:
    """Return what dropping cards into a lane between two others means; None is an end of the lane."""
    strangers = [card for card in cards if card.lane != to]
    if not strangers:
        return _in_order(cards, to, above, below)
    moved = [(card, meaning(card, to)) for card in strangers]
    for card, move in moved:
        if not move.verb:
            named = f"{card.id}: {move.words}" if len(cards) > 1 and card.id not in move.words else move.words
            return Drop(words=named, hint=move.hint)
    return Drop("move", DOES[moved[0][1].verb], to=to)


def into_own(
    cards: Sequence[Card], row: LaneRow, held: Set[str], above: Card | None, below: Card | None
) -> Drop:
    """Return what dropping cards into a lane that people made means; `held` are the beads it shows.

    It means what its state means. A filter is nothing that a card can be moved into: what it holds is told
    by the card's own words.
    """
    strangers = [card for card in cards if card.id not in held]
    if not strangers:
        return _in_order(cards, row.state, above, below)
    if not row.state:
        return Drop(words=f"{row.heading} shows {row.filter} of any state", hint="e gives a bead other words")
    if stays := next((card for card in strangers if card.lane == row.state), None):
        return Drop(words=f"{stays.id} is not {row.filter}", hint="e gives a bead other words")
    return into_lane(strangers, row.state, above, below)


def _in_order(cards: Sequence[Card], to: str, above: Card | None, below: Card | None) -> Drop:
    if to in ("done", "closed"):
        return Drop(words="this lane is in the order of time", hint="order Ready and Blocked instead")
    place = between(cards[0], above, below)
    crossed = sorted({card.priority for card in cards} - {place.priority})
    if place.before is None and place.behind is None and not crossed:
        return Drop()
    words = f"P{', P'.join(map(str, crossed))} → P{place.priority}" if crossed else ""
    return Drop("rank", words, to=to, slot=place)


def between(card: Card, above: Card | None, below: Card | None) -> Slot:
    """Return the place between two neighbours; the card's priority changes as little as that allows.

    Neighbours of another priority don't count, since priority is sorted first.
    """
    least = above.priority if above else 0
    most = below.priority if below else 4
    priority = max(least, min(card.priority, most))
    before, behind = (c.id if c and c.priority == priority else None for c in (above, below))
    return Slot(before, behind, priority)


def onto_agent(cards: Sequence[Card], agent: str, snapshot: Snapshot) -> Drop:
    """Return what dropping cards on an agent means: they wait for that one."""
    name = next((a.name for a in snapshot.agents if a.id == agent), "")
    for card in cards:
        if card.lane not in ("ready", "blocked"):
            return Drop(words=f"{card.id} is {card.state}", hint="only what waits can be given to one agent")
    return Drop("pin", f"{name} takes it" if len(cards) == 1 else f"{name} takes them", to=agent)


def onto_convoy(cards: Sequence[Card], convoy: str, snapshot: Snapshot) -> Drop:
    """Return what dropping cards on a convoy means."""
    names = {c.id: c.name for c in snapshot.convoys if c.state in ("staged", "moving")}
    for card in cards:
        if card.convoy == convoy:
            return Drop(words=f"{card.id} travels with {names[convoy]} already")
        if card.convoy in names:
            hint = "x on that convoy cancels it"
            return Drop(words=f"{card.id} travels with {names[card.convoy]}", hint=hint)
    return Drop("join", f"joins {names[convoy]}", to=convoy)
