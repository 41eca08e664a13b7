"""Which bead waits for which, changed on the board; and jumping from card to card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halftui.domain.shown import Card
from halftui.errors import HalfTUIError, Refused
from halftui.tui.screens.jump import JumpSheet, Spot
from halftui.tui.screens.menu import Choice, Menu

if TYPE_CHECKING:
    from halftui.tui.screens.board import BoardScreen

UNFINISHED = ("blocked", "ready", "working", "review")


async def jump(board: BoardScreen) -> None:
    """Let a person type where the cursor shall go."""
    spots = []
    for name in board.lanes.names:
        lane, seen = board.lanes.by_name[name], set[int]()
        for y in range(lane.region.height):
            index = lane.hit(1, y)
            if index is not None and index not in seen:
                seen.add(index)
                spots.append(Spot(lane.region.x + 1, lane.region.y + y, f"{name} {index}"))
    taken = await board.app.push_screen_wait(JumpSheet(spots)) if spots else None
    if taken is not None:
        name, _, number = taken.rpartition(" ")
        board.lanes.go(name)
        board.lanes.lane.move(int(number))


async def tie(board: BoardScreen) -> None:
    """Let marked beads wait for each other, or the chosen one for another; cycles are refused."""
    cards = board.lanes.chosen()
    if len(cards) > 1:
        await _chain(board, cards)
    elif cards:
        await _pick(board, cards[0])
    else:
        board.half.refuse(Refused("no card is chosen", "n writes one"))


async def _chain(board: BoardScreen, cards: list[Card]) -> None:
    from halftui.ops import edges

    first, *rest = cards
    names = f"{first.id} first, then {' '.join(card.id for card in rest)}"
    last = cards[-1]
    choices = [
        Choice("chain", f"one after the other: {names}", "o"),
        Choice("last", f"{last.id} waits for all of the others", "l"),
        Choice("first", f"all of the others wait for {first.id}", "f"),
    ]
    taken = await board.app.push_screen_wait(Menu(f"{len(cards)} beads", choices))
    pairs = {
        "chain": list(zip(rest, cards, strict=False)),
        "last": [(last, card) for card in cards[:-1]],
        "first": [(card, first) for card in rest],
    }.get(taken or "", [])
    for behind, before in pairs:
        if not await board.half.did(edges.link, behind.id, before.id):
            return
    if pairs:
        board.unmark()
        board.half.say(" · ".join(f"{behind.id} waits for {before.id}" for behind, before in pairs[:3]))


async def _pick(board: BoardScreen, card: Card) -> None:
    from halftui.ops import edges, views

    try:
        detail = await board.half.ask(board.half.service.read, views.bead, card.id)
    except HalfTUIError as error:
        board.half.refuse(error)
        return
    held = {bead for bead, kind, _ in detail.waits_for if kind == "blocks"}
    lanes = board.half.snapshot.lanes if board.half.snapshot else ()
    cards = [c for lane in lanes if lane.name in UNFINISHED for c in lane.cards if c.id != card.id]
    near = sorted(cards, key=lambda c: (c.id not in held, not c.convoy or c.convoy != card.convoy))
    choices = [
        Choice(c.id, f"{'◆' if c.id in held else ' '} {c.id} {c.title}", "",
               "focus" if c.id in held else "text")
        for c in near
    ]  # fmt: skip
    if not choices:
        board.half.refuse(Refused("there is no other unfinished bead", "n writes one"))
        return
    taken = await board.app.push_screen_wait(Menu(f"{card.id} waits for", choices, narrows=True))
    if taken in held and await board.half.did(edges.unlink, card.id, taken):
        board.half.say(f"{card.id} waits for {taken} no more")
    elif taken is not None and taken not in held and await board.half.did(edges.link, card.id, taken):
        board.half.say(f"{card.id} waits for {taken}")
