"""The hand: takes cards by the mouse, shows where they would fall, and lets them fall there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import events
from textual.timer import Timer

from halftui.domain.shown import Card
from halftui.errors import Denied, Refused
from halftui.tui import drops, rights
from halftui.tui.drops import Drop
from halftui.tui.lazy import Lazy
from halftui.tui.widgets.drop import Drop as Mark
from halftui.tui.widgets.lane import LIFT, Lane
from halftui.tui.widgets.rail import Box

if TYPE_CHECKING:
    from halftui.tui import verbs
    from halftui.tui.screens.board import BoardScreen
else:
    verbs = Lazy("halftui.tui.verbs")

FRAME_SECONDS = 1 / 30  # a quick pointer reports each cell; drawing them all helps nobody
# What a drop comes down to.
ACTIONS = {"rank": "bead_rank", "move": "bead_dispatch", "pin": "bead_pin", "join": "convoy_add"}
SCROLL_SECONDS = 0.12  # a card, while the pointer is at a lane's edge


class Hand:
    """At most one drag at a time: pressed, then lifted, then spent until the button is up.

    While it is spent the mouse stays captured, so that the release is no click on what lies under it.
    """

    def __init__(self, board: BoardScreen) -> None:
        self._board = board
        self._pressed: tuple[Lane, int, int, int] | None = None  # a card of a lane, and where
        self._cards: tuple[Card, ...] = ()
        self._at = (0, 0)
        self._timer: Timer | None = None
        self._frame: asyncio.TimerHandle | None = None  # until the next frame may be drawn
        self._is_behind = False  # what is drawn is not where the pointer is

    @property
    def is_full(self) -> bool:
        """Whether it holds cards."""
        return bool(self._cards)

    # the mouse

    def press(self, event: events.MouseDown) -> None:
        """Remember the card under the pointer; a press that was lost before ends."""
        self.give_up()
        self._let_mouse_go()
        x, y = event.screen_offset
        lane = self._board.lanes.under(x, y)
        if event.button == 1 and lane is not None:
            index = lane.hit(x - lane.region.x, y - lane.region.y)
            self._pressed = None if index is None else (lane, index, x, y)

    def move(self, event: events.MouseMove) -> None:
        """Lift, or carry; without a button the release was lost, and nothing is done."""
        if event.button == 0:
            self.give_up()
            self._let_mouse_go()
            return
        x, y = event.screen_offset
        if self._pressed is not None:
            lane, index, from_x, from_y = self._pressed
            if max(abs(x - from_x), abs(y - from_y)) >= LIFT:
                self._lift(lane, index)
        if self._cards:
            self._carry_soon()

    def release(self, event: events.MouseUp) -> None:
        """Let the cards fall where they are."""
        self._at = event.screen_offset
        cards, drop = self._cards, self._meant(*self._under()) if self._cards else Drop()
        self.give_up()
        self._let_mouse_go()
        if not cards:
            return
        if drop.verb:
            self._board.do(lambda: verbs.drop(self._board, list(cards), drop))
        elif drop.words:
            self._board.half.refuse(Refused(drop.words, drop.hint))

    def give_up(self) -> None:
        """Put the cards back; nothing is done."""
        self._pressed = None
        if self._cards:
            self._cards, self._is_behind = (), False
            self._board.half.carry = None
            self._board.ghost.fall()
            self._mark(None, None, Drop())
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def lose_mouse(self) -> None:
        """Somebody else has the mouse now."""
        if self._board.app.mouse_captured is not self._board.lanes:
            self.give_up()

    # what it does

    def _lift(self, lane: Lane, index: int) -> None:
        self._pressed = None
        board = self._board
        if (card := lane.at(index)) is None:
            return
        lane.move(index)
        marked = tuple(c for c in board.lanes.chosen() if c.id in board.lanes.marked)
        self._cards = marked if card in marked else (card,)
        board.need(board.ghost, "hints")
        board.ghost.rise(self._cards)
        board.app.capture_mouse(board.lanes)
        board.half.carry = self.move
        board.app._set_mouse_over(None, None)  # else each frame asks anew what the pointer is over
        self._timer = board.set_interval(SCROLL_SECONDS, self._scroll)

    def _carry_soon(self) -> None:
        self._at, self._is_behind = self._board.app.mouse_position, True  # an event may come late
        if self._frame is None:
            self._carry()

    def _carry(self) -> None:
        if self._cards and self._is_behind:
            self._is_behind = False
            self._draw()
            loop = asyncio.get_running_loop()
            self._frame = loop.call_later(FRAME_SECONDS, self._next_frame)

    def _next_frame(self) -> None:
        self._frame = None
        if self._is_behind:
            self._board.call_later(self._carry)

    def _draw(self) -> None:
        lane, box = self._under()
        drop = self._meant(lane, box)
        self._mark(lane, box, drop)
        self._board.ghost.say(drop.words, is_refused=drop.is_refused)
        self._board.ghost.follow(*self._at)

    def _under(self) -> tuple[Lane | None, Box | None]:
        board, (x, y) = self._board, self._at
        boxes = board.rail.boxes if board.rail.display else ()
        return board.lanes.under(x, y), next((b for b in boxes if b.region.contains(x, y)), None)

    def _meant(self, lane: Lane | None, box: Box | None) -> Drop:
        """Return what a release would do, or why this person may not do it."""
        drop = self._said(lane, box)
        try:
            rights.check(self._board.half.service.actor, ACTIONS.get(drop.verb, ""))
        except Denied as error:
            return Drop(words=error.message, hint=error.hint)
        return drop

    def _said(self, lane: Lane | None, box: Box | None) -> Drop:
        snapshot = self._board.half.snapshot
        if lane is not None:
            gap = self._gap(lane)
            if len(self._cards) == 1 and self._is_held(lane.at(gap - 1), lane.at(gap)):
                return Drop()
            above, below = self._neighbour(lane, gap - 1, -1), self._neighbour(lane, gap, 1)
            if lane.row.is_own:
                held = {card.id for card in lane.cards()}
                return drops.into_own(self._cards, lane.row, held, above, below)
            return drops.into_lane(self._cards, lane.lane, above, below)
        item = self._item(box)
        if item is not None and snapshot is not None:
            if box is self._board.rail.convoys:
                return drops.onto_convoy(self._cards, box.items[item].key, snapshot)
            if box is self._board.rail.agents:
                return drops.onto_agent(self._cards, box.items[item].key, snapshot)
        return Drop()

    def _neighbour(self, lane: Lane, index: int, step: int) -> Card | None:
        """Return the nearest card that is not itself in the hand."""
        while (card := lane.at(index)) is not None and self._is_held(card):
            index += step
        return card

    def _is_held(self, *cards: Card | None) -> bool:
        held = {card.id for card in self._cards}
        return any(card is not None and card.id in held for card in cards)

    def _mark(self, lane: Lane | None, box: Box | None, drop: Drop) -> None:
        is_worth = bool(drop.verb or drop.words)
        for each in self._board.lanes.by_name.values():
            is_here = each is lane and is_worth
            each.show_drop(Mark(self._gap(each), drop.words, drop.is_refused) if is_here else None)
        item = self._item(box)
        for other in self._board.rail.boxes:
            is_here = other is box and item is not None and is_worth
            other.show_drop((item, drop.is_refused) if is_here and item is not None else None)

    def _scroll(self) -> None:
        x, y = self._at
        lane = self._board.lanes.under(x, y)
        if lane is None or lane.is_spine:
            return
        row = y - lane.region.y
        step = -1 if row <= 1 else 1 if row >= lane.size.height - 2 else 0
        if step and lane.roll(step):
            self._draw()

    # where it is

    def _gap(self, lane: Lane) -> int:
        return lane.gap(self._at[1] - lane.region.y)

    def _item(self, box: Box | None) -> int | None:
        return None if box is None else box.hit(self._at[1] - box.region.y)

    def _let_mouse_go(self) -> None:
        if self._board.app.mouse_captured is self._board.lanes:
            self._board.app.capture_mouse(None)
