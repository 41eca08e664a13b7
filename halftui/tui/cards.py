"""A card in two rows: its mark and title, then what matters about it in the room there is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.strip import Strip

from halftui.domain.shown import Card
from halftui.tui.draw import Row, age, cut, money
from halftui.tui.themes import Inks

MOST_FAILURES = 5
SEPARATOR = " · "


class Fact(NamedTuple):
    """Something about a card. Lower `rank` is kept longer; `least` cells are enough for it."""

    text: str
    ink: str = "muted"
    rank: int = 5
    least: int = 0


def mark(card: Card) -> tuple[str, str]:
    """Return a card's state as one character and its ink."""
    if card.attempt_state == "asking" and card.lane == "working":
        return "?", "asking"
    if card.lane == "working":
        return ("▶" if card.attempt_state == "working" else "▷"), "working"
    if card.lane == "blocked":
        return ("‖" if card.hold and not card.blockers else "◌"), "blocked"
    if card.lane == "ready":
        return ("✗", "failed") if card.failures else ("○", "ready")
    if card.lane == "closed":
        return ("✗", "failed") if card.state == "failed" else ("–", "muted")
    return "✓", card.lane


def fares(card: Card, otherwise: str = "text") -> str:
    """Return the ink of how a card's review goes: under way, well, badly, or neither."""
    if card.is_under_way:
        return "working"
    goes = card.progress
    return "done" if goes.endswith((" passed", " approves")) else "failed" if "fail" in goes else otherwise


def facts(card: Card, now: float, asked_at: float | None = None) -> tuple[Fact, ...]:
    """Return what the second row of a card says, in the order of the eye."""
    return (Fact(card.id, rank=3 if card.lane == "working" else 1), *_OF_LANE[card.lane](card, now, asked_at))


def _blocked(card: Card, now: float, _: float | None) -> Iterator[Fact]:
    if card.blockers:
        yield Fact(f"waits {card.blockers[0]}", "blocked", 0)
        yield from (Fact(bead, "blocked", 3) for bead in card.blockers[1:])
    elif card.hold:
        yield Fact(f"held: {card.hold}", "blocked", 1, least=12)
    elif card.convoy:
        yield Fact("staged", "blocked", 1)
    yield from _pin(card)
    yield _priority(card)
    yield from _labels(card)


def _ready(card: Card, now: float, _: float | None) -> Iterator[Fact]:
    if card.failures:
        yield Fact(f"failed {card.failures}/{MOST_FAILURES}", "failed", 0)
        yield from [Fact(card.reason, "failed", 3)] if card.reason else ()
    if card.retry_at is not None and card.retry_at > now:
        yield Fact(f"again in {age(card.retry_at - now)}", "muted", 6)
    yield from _pin(card)
    yield _priority(card)
    yield from _labels(card)
    yield Fact(age(now - card.created_at), rank=7)


def _working(card: Card, now: float, asked_at: float | None) -> Iterator[Fact]:
    if card.assignee:  # imported work can be under way without one
        yield Fact(card.assignee.removeprefix("person:"), "agent", 1, least=5)
    if card.attempt_state == "asking":
        waited = age(now - asked_at) if asked_at is not None else ""
        yield Fact(f"asks you {waited}".rstrip(), "asking", 0)
    elif card.now:
        yield Fact(card.now, "text", 2, least=8)
    if card.started_at is not None and card.attempt_state != "asking":
        yield Fact(age(now - card.started_at), rank=4)
    if card.cost_usd >= 0.005:
        yield Fact(money(card.cost_usd), "money", 6)


def _review(card: Card, now: float, _: float | None) -> Iterator[Fact]:
    if card.progress:
        yield Fact(card.progress, fares(card), 0, least=len("checks passed"))
    yield Fact(f"+{card.plus} -{card.minus}", "review", 1)
    yield Fact(f"{card.files} file{'' if card.files == 1 else 's'}", rank=4)
    yield from [Fact(card.assignee, "agent", 5)] if card.assignee else []
    if card.cost_usd >= 0.005:
        yield Fact(money(card.cost_usd), "money", 7)
    yield Fact(age(now - card.updated_at), rank=6)


def _done(card: Card, now: float, _: float | None) -> Iterator[Fact]:
    if card.progress:
        yield Fact(card.progress, "text", 0, least=12)
    if card.assignee:
        yield Fact(card.assignee, "agent", 4)
    if card.files:
        yield Fact(f"+{card.plus} -{card.minus}", "muted", 6)
    yield Fact(age(now - (card.closed_at or card.updated_at)), rank=1)
    if card.cost_usd >= 0.005:
        yield Fact(money(card.cost_usd), "money", 7)


def _closed(card: Card, now: float, _: float | None) -> Iterator[Fact]:
    ink = "failed" if card.state == "failed" else "muted"
    yield Fact(card.state, ink, 1)
    if card.remark:
        yield Fact(card.remark.partition("\n")[0], least=8, rank=4)
    yield Fact(age(now - (card.closed_at or card.updated_at)), rank=2)


_OF_LANE = {
    "blocked": _blocked,
    "ready": _ready,
    "working": _working,
    "review": _review,
    "done": _done,
    "closed": _closed,
}


def _priority(card: Card) -> Fact:
    return Fact(f"P{card.priority}", {0: "urgent", 1: "high"}.get(card.priority, "muted"), 2)


def _pin(card: Card) -> Iterator[Fact]:
    yield from [Fact(f"@{card.pin}", "agent", 2, least=4)] if card.pin else ()


def _labels(card: Card) -> Iterator[Fact]:
    yield from (Fact(f"~{label}", "label", 4 + n) for n, label in enumerate(card.labels[:3]))


def draw(
    card: Card, told: Sequence[Fact], width: int, inks: Inks, *, is_chosen: bool, is_marked: bool
) -> tuple[Strip, Strip]:
    """Return the two rows of a card in `width` cells."""
    ground = inks["ground"] + inks["chosen"] if is_chosen else inks["ground"]
    sign, ink = mark(card)
    bar = "◆" if is_marked else "▌" if is_chosen else " "
    title = inks["strong"] if is_chosen else inks["muted" if card.lane in ("done", "closed") else "text"]
    first = Row(width, ground).put(bar, inks["focus"]).put(sign, inks[ink]).skip(1).put(card.title, title)
    second = Row(width, ground).put("▌" if is_chosen else " ", inks["focus"]).skip(2)
    tell(second, told, inks)
    return first.strip(), second.strip()


def tell(row: Row, told: Sequence[Fact], inks: Inks, separator: str = SEPARATOR) -> None:
    """Fill a row with the facts that matter most, in their order."""
    kept = _kept(told, row.left, cell_len(separator))
    for number, (fact, room) in enumerate(kept):
        row.put(separator if number else "", inks["edge"])
        row.put(cut(fact.text, room), inks[fact.ink])


def _kept(told: Sequence[Fact], width: int, gap: int) -> list[tuple[Fact, int]]:
    """Return the facts that fit, each with its cells; long ones leave some room for the others."""
    rooms: dict[int, int] = {}
    left = width + gap
    for number in sorted(range(len(told)), key=lambda n: told[n].rank):
        fact = told[number]
        full = cell_len(fact.text)
        wanted = min(full, max(fact.least, width * 3 // 5)) if fact.least else full
        room = min(wanted, left - gap) if fact.least else wanted
        if room >= (min(fact.least, full) or full) and room + gap <= left:
            rooms[number] = room
            left -= room + gap
    if not rooms and told:
        rooms = {min(range(len(told)), key=lambda n: told[n].rank): width}
    spare = max(left, 0) if rooms else 0
    return [(told[n], rooms[n] + (spare if told[n].least else 0)) for n in sorted(rooms)]
