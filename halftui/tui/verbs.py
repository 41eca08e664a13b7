"""What the board's keys do to beads, convoys and agents; each asks the service and shows what came of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from halftui.domain.shown import Card
from halftui.domain.text import counted
from halftui.errors import Refused
from halftui.tui import moves, toasts
from halftui.tui.drops import Drop
from halftui.tui.moves import Slot
from halftui.tui.screens.confirm import Confirm

if TYPE_CHECKING:
    from halftui.tui.screens.board import BoardScreen
    from halftui.tui.widgets.lanes import Lanes

_drafts: dict[str, str] = {}  # by agent: what was not sent


def held(board: BoardScreen) -> Card | None:
    """Return the chosen card; if there is none, say so."""
    if board.card is None:
        board.half.refuse(Refused("no card is chosen", "n writes one"))
    return board.card


async def dispatch(board: BoardScreen, cards: list[Card]) -> None:
    """Let agents take these beads."""
    from halftui.ops import beads

    sent = 0
    if not cards:
        held(board)
    for card in cards:
        move = moves.meaning(card, "working")
        if card.lane == "working":
            board.half.refuse(Refused(f"{card.id} is at work already", "o shows what its agent does"))
        elif not move.verb:
            board.half.refuse(Refused(move.words, move.hint))
        elif card.lane in ("done", "closed"):
            sent += await _reopen(board, card, move.asks)
        else:
            board.half.teller.expect(card.id)
            sent += await board.half.did(beads.dispatch, card.id)
    board.unmark()
    if sent and (hindrance := board.half.hindrance) is not None:
        toasts.show(board.half, hindrance.hint, f"it waits: {hindrance.message}", "warning")
    elif sent and (snapshot := board.half.snapshot) and snapshot.board.is_paused:
        board.half.say("the board is paused: p lets agents start", "waiting")
    elif sent > 1:
        board.half.say(f"{sent} beads go to the next free agents")


async def move(board: BoardScreen, card: Card, to: str) -> None:
    """Put a card into another lane, as far as that means anything."""
    from halftui.ops import beads

    meant = moves.meaning(card, to)
    if not meant.verb:
        if meant.words:
            board.half.refuse(Refused(meant.words, meant.hint))
        return
    if meant.verb == "review":
        board.half.open_review(card.id)
    elif meant.verb == "dispatch":
        await dispatch(board, [card])
    elif meant.verb == "cancel":
        await cancel(board, card)
    elif meant.verb == "reopen":
        await _reopen(board, card, meant.asks)
    elif await board.confirmed(Confirm(meant.asks, "", "Take it out")):
        await board.half.tell(beads.release, card.id)


async def step(board: BoardScreen, card: Card, by: int) -> None:
    """Put a card into the state of the next lane in sight, to the left (-1) or right (1)."""
    await move(board, card, moves.beside(card, by, order(board.lanes)))


def order(lanes: Lanes) -> tuple[str, ...]:
    """Return the states for which the lanes in sight stand, in their order."""
    states = (lanes.by_name[name].row.state for name in lanes.names)
    return tuple(dict.fromkeys(state for state in states if state))


async def _reopen(board: BoardScreen, card: Card, asks: str) -> bool:
    from halftui.ops import beads

    if not await board.confirmed(Confirm(asks, "", "Take it up again")):
        return False
    return await board.half.did(beads.reopen, card.id)


async def place(board: BoardScreen, step: int) -> None:
    """Put the chosen card one place up (-1) or down (1) in its lane."""
    from halftui.ops import ranks

    lane = board.lanes.lane
    if lane.row.state in ("done", "closed"):
        board.half.refuse(Refused("this lane is in the order of time", "order Ready and Blocked instead"))
        return
    card, slot = lane.card, moves.slot(list(lane.cards()), lane.cursor, step)
    if card is None or slot is None:
        return
    crossed = slot.priority != card.priority
    priority = slot.priority if crossed else None
    await board.half.tell(ranks.between, card.id, slot.before, slot.behind, priority)
    if crossed:
        board.half.say(f"P{card.priority} → P{slot.priority} · u undoes it", card.id)


async def drop(board: BoardScreen, cards: list[Card], drop: Drop) -> None:
    """Do what dropping cards somewhere means."""
    if drop.verb == "rank" and drop.slot is not None:
        await _rank(board, cards, drop.slot)
    elif drop.verb == "pin":
        await pin(board, cards, drop.to)
    elif drop.verb == "join":
        await _join(board, cards, drop.to)
    elif drop.verb == "move":
        strangers = [card for card in cards if card.lane != drop.to]
        sent = [card for card in strangers if moves.meaning(card, drop.to).verb == "dispatch"]
        if sent:
            await dispatch(board, sent)
        for card in strangers:
            if card not in sent:
                await move(board, card, drop.to)
    if len(cards) > 1:
        board.unmark()


async def _rank(board: BoardScreen, cards: list[Card], slot: Slot) -> None:
    from halftui.ops import ranks

    ids, crossed = [c.id for c in cards], [c for c in cards if c.priority != slot.priority]
    priority = slot.priority if crossed else None
    if await board.half.did(ranks.together, ids, slot.before, slot.behind, priority) and crossed:
        for card in crossed:
            board.half.say(f"P{card.priority} → P{slot.priority} · u undoes it", card.id)


async def _join(board: BoardScreen, cards: list[Card], convoy: str) -> None:
    from halftui.ops import convoys

    joined = [card.id for card in cards if await board.half.did(convoys.add, convoy, card.id)]
    if joined:
        board.half.say(f"{' '.join(joined)} travels along", convoy)


async def pin(board: BoardScreen, cards: list[Card], agent: str) -> None:
    """Let beads wait for one agent; "" frees them again."""
    from halftui.ops import pins

    pinned = [card.id for card in cards if await board.half.did(pins.pin, card.id, agent)]
    snapshot = board.half.snapshot
    name = next((a.name for a in snapshot.agents if a.id == agent), "") if snapshot else ""
    if pinned:
        board.half.say(f"{name} takes it" if name else "any agent takes it", " ".join(pinned))


async def choose_agent(board: BoardScreen, cards: list[Card]) -> None:
    """Let a person say which agent takes beads."""
    from halftui.tui.screens.menu import Choice, Menu

    agents = board.half.snapshot.agents if board.half.snapshot else ()
    choices = [Choice("-", "whoever is free"), *(Choice(a.id, f"{a.name} · {a.status}") for a in agents)]
    if not cards:
        held(board)
    elif (taken := await board.app.push_screen_wait(Menu("Who takes it?", choices))) is not None:
        await pin(board, cards, taken.removeprefix("-"))


async def undo(board: BoardScreen, *, is_again: bool = False) -> None:
    """Take back one's own last change of the board, or do again what was taken back."""
    from halftui.ops import undoing

    what = undoing.redo if is_again else undoing.undo
    if words := await board.half.tell(what, board.half.board):
        board.half.say(words, "done again" if is_again else "undone")


async def weigh(board: BoardScreen, card: Card, step: int) -> None:
    """Change a card's priority by one; -1 is more urgent."""
    from halftui.ops import beads

    priority = card.priority + step
    if not 0 <= priority <= 4:
        return
    if await board.half.did(beads.edit, card.id, priority=priority):
        board.half.say(f"P{card.priority} → P{priority}", card.id)


async def cancel(board: BoardScreen, card: Card) -> None:
    """Drop a bead after asking."""
    from halftui.ops import beads

    if card.lane in ("done", "closed"):
        board.half.refuse(Refused(f"{card.id} is finished", "r takes it up again"))
        return
    agent = f"{card.assignee} stops. " if card.lane == "working" else ""
    loss = f"{agent}What waits for it stays blocked; its branch is kept."
    if await board.confirmed(Confirm(f"Drop {card.id} {card.title}?", loss, "Drop it")):
        await board.half.tell(beads.cancel, card.id)


def answer(board: BoardScreen, card: Card) -> None:
    """Answer a bead's agent, or open its review."""
    asks = board.half.snapshot.asks if board.half.snapshot else ()
    ask = next((q for q in asks if q.bead == card.id), None)
    if ask is not None:
        board.half.open_ask(ask)
    elif card.lane == "review":
        board.half.open_review(card.id)
    else:
        board.half.refuse(Refused(f"{card.id} asks nothing", "! goes to what needs you"))


async def talk(board: BoardScreen, card: Card) -> None:
    """Say something to a bead's agent; what was not sent is kept for the next time."""
    from halftui.ops import listings, messages
    from halftui.tui.screens.remark import RemarkSheet

    agents = board.half.snapshot.agents if board.half.snapshot else ()
    found = next((a for a in agents if a.name == card.assignee), None)
    if found is None:
        board.half.refuse(Refused(f"{card.id} has no agent", "s starts one"))
        return
    said = await asyncio.to_thread(board.half.service.read, listings.thread, found.id, 4)
    about = "\n".join(f"{m.sender.partition(':')[2] if not m.is_from_agent else found.name}: {m.text}"
                      for m in said)  # fmt: skip
    sheet = RemarkSheet(f"Tell {found.name}", about, _drafts.pop(found.id, ""), "tell")
    remark = await board.app.push_screen_wait(sheet)
    if not remark.is_sent:
        _drafts[found.id] = remark.text
    elif await board.half.tell(messages.tell, found.id, remark.text):
        when = "between two turns" if found.status != "idle" else "at its next start"
        board.half.say(f"{found.name} hears it {when}", card.id)


async def stop(board: BoardScreen, card: Card) -> None:
    """Stop a bead's agent after asking."""
    from halftui.ops import attempts

    if card.lane != "working" or not card.attempt:
        board.half.refuse(Refused(f"no agent is at work on {card.id}", "s starts one"))
        return
    asked = f"Stop {card.assignee} on {card.id}?"
    loss = "What it did so far stays on its branch; the bead is held until r."
    if await board.confirmed(Confirm(asked, loss, "Stop")):
        await board.half.tell(attempts.stop, card.attempt, "")
        board.half.say(f"{card.assignee} is asked to stop", card.id)


async def pause(board: BoardScreen) -> None:
    """Let no more agents start, or let them again."""
    from halftui.ops import boards

    if (snapshot := board.half.snapshot) is None:
        return
    is_paused = not snapshot.board.is_paused
    await board.half.tell(boards.pause, snapshot.board.id, is_paused=is_paused)
    board.half.say("no more agents start; those at work go on" if is_paused else "agents start again")


async def start_convoy(board: BoardScreen, convoy: str) -> None:
    """Let a convoy go."""
    from halftui.ops import convoys

    if (snapshot := board.half.snapshot) is None:
        return
    staged = [c for c in snapshot.convoys if c.state == "staged"]
    named = [c for c in snapshot.convoys if c.id == convoy]
    found = named or (staged if len(staged) == 1 else [])
    if not found:
        hint = "choose one of its beads" if staged else "space marks beads, N makes a convoy of them"
        board.half.refuse(Refused("no convoy to start", hint))
        return
    card = board.lanes.card
    if await board.half.did(convoys.start, found[0].id):
        if card is not None and card.convoy == found[0].id:
            board.lanes.choose(card.id)  # the cursor goes along to Ready
        board.half.say(f"{counted(found[0].total, 'bead')} on the way", found[0].name)


async def cancel_convoy(board: BoardScreen, convoy: str, name: str) -> None:
    """Cancel a convoy after asking."""
    from halftui.ops import convoys

    loss = "Its unfinished beads are dropped and their agents stop; branches are kept."
    if await board.confirmed(Confirm(f"Cancel the convoy {name}?", loss, "Cancel it")):
        await board.half.did(convoys.cancel, convoy)
