"""What moving a card into another lane means: one table for keys, mouse and words of refusal."""

from collections.abc import Sequence
from typing import NamedTuple

from halftui.domain.lanes import STATES
from halftui.domain.shown import Card

LANES = STATES


class Move(NamedTuple):
    """What a move does: a verb, or "" with the words of the refusal; `asks` is what must be confirmed."""

    verb: str
    words: str = ""
    hint: str = ""
    asks: str = ""


def meaning(card: Card, to: str) -> Move:
    """Return what putting a card into the lane `to` means."""
    if to == card.lane:
        return Move("")
    if to == "blocked":
        return Move(
            "", "nobody blocks a bead by hand", f"halftui bead link {card.id} --after <bead> makes it wait"
        )
    if to == "working":
        return _to_working(card)
    if to == "review":
        return Move("", "only its agent hands a bead in", "s starts an agent on it")
    if to == "done" and card.lane == "review":
        return Move("review")
    if to == "done":
        return Move("", f"{card.id} has nothing to accept yet", "a bead is done when its review accepts it")
    if to == "closed":
        return Move("cancel", asks=f"Drop {card.id}?")
    return _to_ready(card)


def _to_working(card: Card) -> Move:
    if card.lane == "blocked" and card.blockers:
        waits = ", ".join(card.blockers)
        return Move("", f"{card.id} waits for {waits}", "it starts by itself when they are done")
    if card.lane in ("ready", "blocked"):
        return Move("dispatch")
    if card.lane == "review":
        return Move("", "work goes back with a reason", "d opens its review, r sends it back")
    return Move("reopen", asks=f"Take {card.id} up again?")


def _to_ready(card: Card) -> Move:
    if card.lane == "blocked":
        return _to_working(card)
    if card.lane == "working":
        agent = f"{card.assignee} stops" if card.assignee else "its agent stops"
        return Move("release", asks=f"Take {card.id} out of work? {agent}; its branch is kept.")
    if card.lane == "review":
        return Move("", "work goes back with a reason", "d opens its review, r sends it back")
    return Move("reopen", asks=f"Take {card.id} up again? What waits for it is blocked anew.")


class Slot(NamedTuple):
    """A place among the cards of a lane; None is an end. `priority` is the one that holds there."""

    before: str | None
    behind: str | None
    priority: int


def slot(cards: Sequence[Card], index: int, step: int) -> Slot | None:
    """Return the place one card above (-1) or below (1) the card at `index`; None at an end.

    Neighbours of another priority don't count, since priority is sorted first.
    """
    to = index + step
    if not 0 <= to < len(cards):
        return None
    here = cards[to].priority
    beyond = to + step
    far = cards[beyond].id if 0 <= beyond < len(cards) and cards[beyond].priority == here else None
    return Slot(far, cards[to].id, here) if step < 0 else Slot(cards[to].id, far, here)


def beside(card: Card, step: int, order: Sequence[str] = LANES) -> str:
    """Return the lane that a step to the left (-1) or right (1) means for a card.

    `order` is that of the states for which the lanes stand that are seen.
    """
    if card.lane in ("done", "closed") and step < 0:
        return "ready"
    order = [name for name in (order if card.lane in order else LANES) if name != "closed"]
    at = order.index(card.lane) if card.lane in order else len(order)
    return order[max(min(at + step, len(order) - 1), 0)]
