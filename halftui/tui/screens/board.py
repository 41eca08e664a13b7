"""The board: lanes, rail, dock; keys become verbs here."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from halftui.domain.shown import Card, Snapshot
from halftui.tui import lending
from halftui.tui.app import HalfApp, half, spawn
from halftui.tui.hand import Hand
from halftui.tui.items import Item
from halftui.tui.keys import bindings
from halftui.tui.lazy import Lazy
from halftui.tui.places import LEAST_HEIGHT, LEAST_WIDTH, Places, places
from halftui.tui.widgets import board_lines, dock
from halftui.tui.widgets.dock import Dock
from halftui.tui.widgets.finder import Finder
from halftui.tui.widgets.ghost import Ghost
from halftui.tui.widgets.kept import plain
from halftui.tui.widgets.lane import Lane
from halftui.tui.widgets.lanes import Lanes
from halftui.tui.widgets.rail import Box, Rail

if TYPE_CHECKING:
    from halftui.tui import arranging, menus, ties, verbs, writing
    from halftui.tui.screens.confirm import Confirm
else:
    verbs, writing, ties = Lazy("halftui.tui.verbs"), Lazy("halftui.tui.writing"), Lazy("halftui.tui.ties")
    menus, arranging = Lazy("halftui.tui.menus"), Lazy("halftui.tui.arranging")

CLOCK_SECONDS, WATCH_DELAY = 30.0, 0.1  # ages are told in minutes; the dock waits until the cursor rests


def _in_turn(verb: "Callable[[BoardScreen], Awaitable[None]]") -> "Callable[[BoardScreen], None]":
    """Return an action that does something when what was done before it is done."""
    return lambda board: board.do(lambda: verb(board))


def _on_card(verb: "Callable[[BoardScreen, Card], Awaitable[None]]") -> "Callable[[BoardScreen], None]":
    """Return an action that does something to the chosen card, the one of when its turn comes."""

    async def later(board: "BoardScreen") -> None:
        if (card := verbs.held(board)) is not None:
            await verb(board, card)

    return _in_turn(later)


class BoardScreen(Screen[None]):
    """The board of one repository."""

    PLACE = "board"
    AUTO_FOCUS = ""  # the lanes know where there are cards
    render_lines = plain
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("board"))

    def __init__(self) -> None:
        super().__init__()
        self._at: Places = places(80, 24)
        self._turn, self._hand = asyncio.Lock(), Hand(self)
        self._resting: asyncio.TimerHandle | None = None
        self._hinted = ""  # the lane whose hints were last drawn for a moved cursor

    # what stands on it

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    def compose(self) -> ComposeResult:
        """Return header, lanes, rail, dock, status and hints."""
        inks = self.half.inks
        self.lanes, self.rail, self.dock = Lanes(inks), Rail(inks), Dock(self.half.service)
        self.ghost, self.finder, self._small = Ghost(inks), Finder(), Static("", id="small", markup=False)
        self._lines = board_lines.make(self)
        if self.half.snapshot is not None:
            self.lanes.begin(self.half.snapshot)
        self._arrange(self.app.size.width, self.app.size.height)  # now, so that one layout is enough
        if self.half.snapshot is not None:
            self.lanes.show(self.half.snapshot, self.half.clock())
            self.rail.show(self.half.snapshot, self.half.clock())
        yield self._lines["header"]
        yield from [self._lines["tabs"]] if self._at.has_tabs else []
        yield Horizontal(self.lanes, self.rail, id="middle")
        yield self.dock
        yield from [] if self._at.fits else [self._small]
        yield self._lines["status"]
        yield self._lines["hints"]

    def on_mount(self) -> None:
        """Keep the ages true, and the colours."""
        self.lanes.lane.focus()
        self.set_interval(CLOCK_SECONDS, self.age)
        self.watch(self.app, "app_focus", lambda _: self._hand.give_up(), init=False)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed since the last snapshot."""
        now = self.half.clock()
        self.finder.renew()
        self.lanes.show(snapshot, now, self.finder.lanes)
        self.rail.show(snapshot, now)
        self.repaint_lines()
        self._watch_soon()

    def on_finder_turned(self, event: Finder.Turned) -> None:
        """Other cards are to be seen."""
        if event.is_other:
            self.lanes.forget()
        if self.half.snapshot is not None:
            self.lanes.show(self.half.snapshot, self.half.clock(), self.finder.lanes)
        self.repaint_lines()
        if event.is_other and not self.finder.display:
            self.lanes.seek()

    def on_finder_left(self) -> None:
        """The cursor goes to the cards again."""
        self.lanes.seek()

    def repaint_lines(self) -> None:
        """Draw the single rows again if they would look otherwise."""
        self._hinted = ""
        for line in self._lines.values():
            line.repaint()

    def age(self) -> None:
        """Draw what changed by time."""
        if self.half.snapshot is not None and not self.half.is_at_rest:
            now = self.half.clock()
            self.lanes.age(now)
            self.rail.show(self.half.snapshot, now)

    def _dress(self) -> None:
        inks = self.ghost.inks = self.half.inks
        self.lanes.dress(inks)
        self.rail.dress(inks)
        for line in self._lines.values():
            line.refresh()

    # arrangement

    def on_resize(self, event: events.Resize) -> None:
        """Arrange for the new size."""
        self._hand.give_up()
        self._arrange(event.size.width, event.size.height)

    def _arrange(self, width: int, height: int) -> None:
        at = self._at = places(width, height)
        self.set_class(not at.fits, "-small")
        if not at.fits:
            needed = f"{LEAST_WIDTH} columns and {LEAST_HEIGHT} rows"
            self.need(self._small, "dock")
            self._small.update(f"HalfTUI needs {needed}; this is {width} by {height}.")
            return
        self.lanes.stand(width - at.rail_width, is_one=at.has_tabs)
        self.rail.stand(at.rails, at.rail_width)
        if at.has_tabs:
            self.need(self._lines["tabs"], "header")
        self._lines["tabs"].display = at.has_tabs
        self.dock.display = at.dock > 0
        self.dock.styles.height = at.dock
        self._watch_soon()

    def need(self, part: Widget, after: str) -> None:
        """Have a part on the screen, behind another; the first frame waits for each that stands there."""
        if self.dock.is_attached and not part.is_attached:  # else `compose` sees to it
            self.mount(part, after=f"#{after}")

    def _watch_soon(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        if self._at.dock:  # a timer of Textual's is a task, too much for each key
            self._resting = asyncio.get_running_loop().call_later(WATCH_DELAY, self.call_later, self._watch)

    async def _watch(self) -> None:
        if (snapshot := self.half.snapshot) is not None and self.is_mounted:
            shown = dock.attempts(self.card, snapshot.lane("working").cards, is_wide=self._at.rails == 2)
            await self.dock.follow(shown)

    # where the cursor is

    @property
    def card(self) -> Card | None:
        """The chosen card, or that of the chosen item of a focused rail box."""
        if (item := self.item) is not None and self.half.snapshot is not None:
            return self.half.snapshot.card(item.bead)
        return self.lanes.card

    @property
    def item(self) -> Item | None:
        """The chosen item of a focused rail box."""
        return self.focused.item if isinstance(self.focused, Box) else None

    def copies(self) -> list[tuple[str, str]]:
        """Return what can be copied of the card or item."""
        if self.item is not None:
            return menus.of_item(self.item)
        return menus.of_card(self.card) if self.card is not None else []

    def on_lanes_turned(self) -> None:
        """Tabs, hints and dock follow the cursor."""
        self.repaint_lines()
        self._watch_soon()

    def on_lane_moved(self, event: Lane.Moved) -> None:
        """Hints and dock follow the cursor."""
        event.stop()
        if event.lane is self.lanes.lane:
            self.half.company.look()
            lane = self.card.lane if self.card else "none"
            if lane != self._hinted:
                self._hinted = lane
                self._lines["hints"].repaint()
            self._watch_soon()

    def on_lanes_beyond(self) -> None:
        """Right of the lanes is the rail."""
        if self._at.rails:
            self.rail.agents.focus()

    def on_box_left(self) -> None:
        """Left of the rail are the lanes."""
        self.lanes.lane.focus()

    def on_lane_wanted(self, event: Lane.Wanted) -> None:
        """Read a page of a long lane."""
        spawn(self, partial(self.finder.read_page, event.lane, event.page))

    def on_lane_chosen(self, event: Lane.Chosen) -> None:
        """A click puts the cursor there, a second opens the card."""
        if event.is_opened:
            self.action_bead_open()

    def on_box_opened(self, event: Box.Opened) -> None:
        """Open an item of the rail."""
        self.open(event.item)

    def open(self, item: Item) -> None:
        """Open an item of the rail: its question, review, convoy, or bead."""
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        ask = next((q for q in asks if q.id == item.key), None)
        if ask is not None:
            self.half.open_ask(ask)
        elif item.kind == "review":
            self.half.open_review(item.bead)
        elif item.kind == "convoy":
            self.do(lambda: verbs.start_convoy(self, item.key))
        elif item.bead:
            self.lanes.choose(item.bead)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A press may become a drag."""
        self._hand.press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A drag goes on."""
        self._hand.move(event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """A drag ends."""
        self._hand.release(event)

    def on_screen_suspend(self) -> None:
        """Under another screen nothing is dragged."""
        self._hand.give_up()

    def on_lanes_lost_mouse(self) -> None:
        """Without the mouse nothing is dragged."""
        self._hand.lose_mouse()

    def action_back(self) -> None:
        """Put back what is dragged, end the filter, or forget the marks."""
        if self._hand.is_full:
            self._hand.give_up()
        elif self.finder.words:
            self.finder.end()
        else:
            self.unmark()

    def do(self, verb: Callable[[], Awaitable[None]]) -> None:
        """Run a verb when those before it are done."""

        async def in_turn() -> None:
            async with self._turn:
                await verb()

        spawn(self, in_turn, "verbs")

    async def confirmed(self, confirm: "Confirm") -> bool:
        """Return whether a person said yes."""
        return await self.app.push_screen_wait(confirm)

    def unmark(self) -> None:
        """Forget the marks."""
        self.lanes.unmark()
        self._lines["status"].repaint()

    action_agent_tell = _on_card(lambda board, card: verbs.talk(board, card))
    action_attempt_stop = _on_card(lambda board, card: verbs.stop(board, card))
    action_bead_create = _in_turn(lambda board: writing.create(board))
    action_bead_comment = _on_card(lambda board, card: writing.comment(board, card))
    action_bead_dispatch = _in_turn(lambda board: verbs.dispatch(board, board.lanes.chosen()))
    action_bead_retry = action_bead_dispatch
    action_bead_shell = _on_card(lambda board, card: lending.visit(board.half, card.id))
    action_event_undo = _in_turn(lambda board: verbs.undo(board))
    action_event_redo = _in_turn(lambda board: verbs.undo(board, is_again=True))
    action_jump = _in_turn(lambda board: ties.jump(board))
    action_bead_edges = _in_turn(lambda board: ties.tie(board))
    action_bead_edit = _on_card(lambda board, card: writing.edit(board.half, card.id))
    action_bead_editor = _on_card(lambda board, card: writing.edit_outside(board.half, card.id))
    action_bead_left = _on_card(lambda board, card: verbs.step(board, card, -1))
    action_bead_less = _on_card(lambda board, card: verbs.weigh(board, card, 1))
    action_bead_lower = _in_turn(lambda board: verbs.place(board, 1))
    action_bead_more = _on_card(lambda board, card: verbs.weigh(board, card, -1))
    action_bead_pin = _in_turn(lambda board: verbs.choose_agent(board, board.lanes.chosen()))
    action_bead_raise = _in_turn(lambda board: verbs.place(board, -1))
    action_bead_right = _on_card(lambda board, card: verbs.step(board, card, 1))
    action_lane_menu = _in_turn(lambda board: arranging.arrange(board, board.lanes.here))
    action_board_pause = _in_turn(lambda board: verbs.pause(board))
    action_convoy_create = _in_turn(lambda board: writing.create_convoy(board, board.lanes.chosen()))

    def action_pane_next(self) -> None:
        """To the next pane."""
        self._pane(1)

    def action_pane_previous(self) -> None:
        """To the pane before."""
        self._pane(-1)

    def _pane(self, step: int) -> None:
        panes: list[Widget] = [self.lanes.lane, *(self.rail.boxes if self._at.rails else ())]
        panes += [pane for pane in self.dock.children if pane.focusable]
        at = next((n for n, pane in enumerate(panes) if pane.has_focus_within or pane.has_focus), 0)
        panes[(at + step) % len(panes)].focus()

    def action_bead_mark(self) -> None:
        """Mark or unmark it, and go on to the next."""
        self.lanes.mark()
        self._lines["status"].repaint()

    def action_bead_range(self) -> None:
        """Mark what the cursor passes."""
        self.lanes.mark_range()
        self._lines["status"].repaint()

    def action_bead_open(self) -> None:
        """Everything about it."""
        if (item := self.item) is not None:
            self.open(item)
        elif (card := verbs.held(self)) is not None:
            self.half.open_detail(card.id)

    def action_bead_answer(self) -> None:
        """Answer its agent, or open its review."""
        if (item := self.item) is not None:
            self.open(item)
        elif (card := verbs.held(self)) is not None:
            verbs.answer(self, card)

    def action_bead_review(self) -> None:
        """Look at its changes."""
        if (card := verbs.held(self)) is not None:
            self.half.open_review(card.id)

    def action_bead_cancel(self) -> None:
        """Drop it, or the convoy that is chosen in the rail."""
        if (item := self.item) is not None and item.kind == "convoy":
            self.do(lambda: verbs.cancel_convoy(self, item.key, item.name))
        elif item is None:
            _on_card(lambda board, card: verbs.cancel(board, card))(self)

    def action_convoy_start(self) -> None:
        """Let a convoy go."""
        item, card = self.item, self.card
        convoy = item.key if item and item.kind == "convoy" else card.convoy if card else ""
        self.do(lambda: verbs.start_convoy(self, convoy))

    def action_output_open(self) -> None:
        """What its agent prints."""
        if (card := verbs.held(self)) is not None:
            self.half.open_output(card)

    def action_find(self) -> None:
        """Narrow the lanes by words."""
        self.need(self.finder, "dock")
        self.finder.open()

    def action_lane_closed(self) -> None:
        """Show or hide what failed or was dropped."""
        self.lanes.toggle_closed()
