"""The board: lanes, rail, dock; keys become verbs here."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from halftui.domain.shown import Card, Snapshot
from halftui.errors import HalfTUIError, Refused
from halftui.ops import views
from halftui.tui import bars, verbs
from halftui.tui.app import HalfApp, half
from halftui.tui.keys import ACTIONS, Action, bindings
from halftui.tui.moves import LANES
from halftui.tui.places import Places, places, widths
from halftui.tui.screens.confirm import Confirm
from halftui.tui.widgets import rail
from halftui.tui.widgets.lane import Lane
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.rail import Box, Item

CLOCK_SECONDS = 1.0
WATCH_DELAY = 0.1  # the dock waits until the cursor rests


class BoardScreen(Screen[None]):
    """The board of one repository."""

    PLACE = "board"
    AUTO_FOCUS = "#lane-ready"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("board"))

    def __init__(self) -> None:
        super().__init__()
        self.marked: set[str] = set()
        self.shows_closed = False
        self._at: Places = places(80, 24)
        self._expected: set[str] = set()
        self._turn = asyncio.Lock()
        self._has_closed = False
        self._last_lane = "ready"

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    # what stands on it

    def compose(self) -> ComposeResult:
        """Return header, lanes, rail, dock, status and hints."""
        inks = self.half.inks
        yield Line(self._grounded(self._header), id="header")
        yield Line(self._grounded(self._tabs), id="tabs")
        with Horizontal(id="middle"):
            with Horizontal(id="lanes"):
                for name in LANES:
                    yield Lane(name, inks, self.marked)
            with Container(id="rail"):
                with Vertical(id="rail-a"):
                    yield Box("Agents", ("s", " sends the first one"), inks, id="agents")
                with Vertical(id="rail-b"):
                    yield Box("Convoys", ("N", " makes one of marked beads"), inks, id="convoys")
                    yield Box("Inbox", ("", "nothing needs you"), inks, id="inbox")
        yield Horizontal(id="dock")
        yield Static("", id="small", markup=False)
        yield Line(self._grounded(self._status), id="status")
        yield Line(self._grounded(self._hints), id="hints")

    def on_mount(self) -> None:
        """Fill the lanes before the first frame."""
        self._lanes = {name: self.query_one(f"#lane-{name}", Lane) for name in LANES}
        self._boxes = {name: self.query_one(f"#{name}", Box) for name in ("agents", "convoys", "inbox")}
        self._lines = [self.query_one(f"#{name}", Line) for name in ("header", "tabs", "status", "hints")]
        self._arrange(self.app.size.width, self.app.size.height)
        if self.half.snapshot is not None:
            self.show(self.half.snapshot)
        self.set_interval(CLOCK_SECONDS, self._tick)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed since the last snapshot."""
        if not self.is_mounted:
            return
        now = self.half.clock()
        asked = {ask.bead: ask.asked_at for ask in snapshot.asks}
        for name, lane in self._lanes.items():
            lane.note = f"/{snapshot.board.cap}" if name == "working" else ""
            lane.show(snapshot.lane(name), now, asked)
        if bool(snapshot.lane("closed").total) != self._has_closed:
            self._arrange(self.app.size.width, self.app.size.height)
        self._fill_boxes(snapshot, now)
        self._repaint_lines()
        self._announce(snapshot)
        self._watch_soon()

    def _fill_boxes(self, snapshot: Snapshot, now: float) -> None:
        live = sum(a.status != "idle" for a in snapshot.agents)
        free = max(snapshot.board.cap - live, 0)
        self._boxes["agents"].heading = f"Agents {live}/{snapshot.board.cap}"
        self._boxes["agents"].show(rail.agents(snapshot, now), f"{free} free" if free else "all busy")
        self._boxes["convoys"].show(rail.convoys(snapshot))
        self._boxes["inbox"].heading = f"Inbox {bars.need(snapshot)}"
        self._boxes["inbox"].show(rail.inbox(snapshot, now), "! opens the next" if bars.need(snapshot) else "")
        self._arrange_rail()

    def _tick(self) -> None:
        if self.half.snapshot is None or not self.is_current:
            return
        now = self.half.clock()
        for lane in self._lanes.values():
            lane.age(now)
        self._fill_boxes(self.half.snapshot, now)

    def _dress(self) -> None:
        for widget in (*self._lanes.values(), *self._boxes.values()):
            widget.dress(self.half.inks)
        for line in self._lines:
            line.refresh()

    def _announce(self, snapshot: Snapshot) -> None:
        for bead in tuple(self._expected):
            card = snapshot.card(bead)
            if card is not None and card.lane == "working" and card.assignee:
                self._expected.discard(bead)
                self.half.say(f"{card.title}", f"{card.assignee} is on it")

    # arrangement

    def on_resize(self, event: events.Resize) -> None:
        """Arrange for the new size."""
        self._arrange(event.size.width, event.size.height)

    def on_screen_resume(self) -> None:
        """Show what happened meanwhile."""
        if self.half.snapshot is not None and hasattr(self, "_lanes"):
            self.show(self.half.snapshot)

    @property
    def names(self) -> tuple[str, ...]:
        """The lanes on the board now."""
        return LANES if self._has_closed else LANES[:-1]

    def _arrange(self, width: int, height: int) -> None:
        at = self._at = places(width, height)
        self.set_class(not at.fits, "-small")
        if not at.fits:
            words = f"HalfTUI needs 40 columns and 12 rows; here are {width} and {height}."
            self.query_one("#small", Static).update(words)
            return
        snapshot = self.half.snapshot
        closed = snapshot.lane("closed").total if snapshot else 0
        room = width - at.rail_width
        self._has_closed = bool(closed) and (self.shows_closed or room >= 6 * 24 or self._last_lane == "closed")
        sizes = widths(room, self.names, self._last_lane, is_one=at.has_tabs)
        for name, lane in self._lanes.items():
            size = sizes.get(name, 0)
            lane.display = size > 0
            lane.styles.width = size
        self.query_one("#tabs").set_class(at.has_tabs, "-open")
        self.query_one("#rail").styles.width = at.rail_width
        self.query_one("#rail").display = at.rails > 0
        self.query_one("#rail").set_class(at.rails == 2, "-wide")
        self._arrange_rail()
        self._arrange_dock()

    def _arrange_rail(self) -> None:
        if not self._at.rails:
            return
        height = self.query_one("#middle").size.height or self.app.size.height - 3 - self._at.dock
        agents, convoys = self._boxes["agents"], self._boxes["convoys"]
        if self._at.rails == 1:
            self.query_one("#rail-a").styles.height = min(max(agents.rows, 6), height // 2)
        left = height if self._at.rails == 2 else height - min(max(agents.rows, 6), height // 2)
        convoys.styles.height = min(max(convoys.rows, 5), max(left // 2, 4))

    def _arrange_dock(self) -> None:
        dock = self.query_one("#dock")
        dock.styles.height = self._at.dock
        dock.set_class(self._at.dock > 0, "-open")
        if self._at.dock:
            self.call_after_refresh(self._watch_soon)

    # the dock

    def _watch_soon(self) -> None:
        if not self._at.dock:
            return
        if hasattr(self, "_resting"):
            self._resting.stop()
        self._resting = self.set_timer(WATCH_DELAY, self._watch)

    async def _watch(self) -> None:
        from halftui.tui.widgets.pane import LinePane

        dock = self.query_one("#dock")
        wanted = self._attempts()
        panes = list(dock.query(LinePane))
        while len(panes) < max(len(wanted), 1):
            pane = LinePane(self.half.service)
            await dock.mount(pane)
            panes.append(pane)
        for extra in panes[max(len(wanted), 1) :]:
            await extra.remove()
        for pane, (attempt, title) in zip(panes, wanted or [("", "")], strict=False):
            pane.show(attempt or None, title)

    def _attempts(self) -> list[tuple[str, str]]:
        """Return the attempts to show and their titles: the chosen one's, and on a wide screen the live."""
        card = self.card
        chosen = [card] if card is not None and card.attempt else []
        if self._at.rails < 2 or self.half.snapshot is None:
            return [(c.attempt, _title(c)) for c in chosen]
        live = [c for c in self.half.snapshot.lane("working").cards if c.attempt]
        live.sort(key=lambda c: c.started_at or 0)
        if chosen and chosen[0].attempt not in {c.attempt for c in live}:
            live = chosen + live
        elif chosen:
            place = next(n for n, c in enumerate(live) if c.attempt == chosen[0].attempt)
            if place >= 3:
                live.insert(0, live.pop(place))
        return [(c.attempt, _title(c)) for c in live[:3]]

    # its single rows

    def _grounded(self, paint: Callable[[int], Strip]) -> Callable[[int], Strip]:
        return lambda width: paint(width).apply_style(self.half.inks["ground"])

    def _header(self, width: int) -> Strip:
        if (snapshot := self.half.snapshot) is None:
            return Strip.blank(width)
        return bars.header(width, snapshot, "Board", self.half.inks)

    def _tabs(self, width: int) -> Strip:
        if (snapshot := self.half.snapshot) is None:
            return Strip.blank(width)
        return bars.tabs(width, snapshot, self.names, self._last_lane, self.half.inks)

    def _status(self, width: int) -> Strip:
        if (snapshot := self.half.snapshot) is None:
            return Strip.blank(width)
        actor = self.half.service.actor
        who = bars.Who(actor.name or actor.kind, self.half.database, self.half.notice)
        return bars.status(width, snapshot, who, self.half.inks, len(self.marked))

    def _hints(self, width: int) -> Strip:
        return bars.hints(width, self.hinted(), self.half.inks)

    def hinted(self) -> list[Action]:
        """Return the actions worth naming for the chosen card."""
        lane = self.card.lane if self.card else ""
        return [
            a
            for a in ACTIONS
            if a.where in ("board", "everywhere") and a.rank < 9 and (not a.lanes or lane in a.lanes.split())
        ]

    def _repaint_lines(self) -> None:
        for line in self._lines:
            line.repaint()

    # where the cursor is

    @property
    def lane(self) -> Lane:
        """The lane with the cursor, also while the focus is elsewhere."""
        return self._lanes[self._last_lane]

    @property
    def card(self) -> Card | None:
        """The chosen card."""
        return self.lane.card

    @property
    def item(self) -> Item | None:
        """The chosen item of a focused rail box."""
        return self.focused.item if isinstance(self.focused, Box) else None

    def chosen(self) -> list[Card]:
        """Return the marked cards, or the one under the cursor."""
        marked = [c for lane in self._lanes.values() for c in lane.cards() if c.id in self.marked]
        return marked or ([self.card] if self.card else [])

    def go(self, name: str) -> None:
        """Put the cursor into a lane."""
        if name not in self.names:
            return
        was, self._last_lane = self._last_lane, name
        if was != name and (self._lanes[name].is_spine or self._at.has_tabs):
            self._arrange(self.app.size.width, self.app.size.height)
        self._lanes[name].focus()
        self._repaint_lines()
        self._watch_soon()

    def choose(self, bead: str) -> bool:
        """Put the cursor on a bead wherever it stands; False if it is not on the board."""
        for name, lane in self._lanes.items():
            if any(card.id == bead for card in lane.cards()):
                self.shows_closed = self.shows_closed or name == "closed"
                self._arrange(self.app.size.width, self.app.size.height)
                self.go(name)
                return lane.choose(bead)
        return False

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember the lane that got the focus."""
        if isinstance(event.widget, Lane) and event.widget.lane != self._last_lane:
            self.go(event.widget.lane)

    def on_lane_moved(self, event: Lane.Moved) -> None:
        """The hints and the dock follow the cursor."""
        if event.lane is self.lane:
            self._lines[-1].repaint()
            self._watch_soon()

    async def on_lane_wanted(self, event: Lane.Wanted) -> None:
        """Read a page of a long lane."""
        self.run_worker(self._read_page(event.lane, event.page))

    async def _read_page(self, lane: Lane, page: int) -> None:
        read = self.half.service.read
        try:
            found = await self.half.ask(
                read, views.lane, self.half.board, lane.lane, views.WINDOW, page * views.WINDOW
            )
        except HalfTUIError as error:
            self.half.refuse(error)
            return
        lane.add_page(page, found.cards)

    def on_lane_chosen(self, event: Lane.Chosen) -> None:
        """A click puts the cursor there, a second opens the card."""
        if event.is_opened:
            self.action_bead_open()

    def on_box_opened(self, event: Box.Opened) -> None:
        """Open an item of the rail."""
        self._open_item(event.item)

    def _open_item(self, item: Item) -> None:
        snapshot = self.half.snapshot
        ask = next((q for q in snapshot.asks if q.id == item.key), None) if snapshot else None
        if item.kind == "ask" and ask is not None:
            self.half.open_ask(ask)
        elif item.kind == "review":
            self.half.open_review(item.bead)
        elif item.kind == "convoy":
            self.do(verbs.start_convoy(self, item.key))
        elif item.bead:
            self.choose(item.bead)

    # doing things, one after the other

    def do(self, verb: Coroutine[Any, Any, None]) -> None:
        """Run a verb when those before it are done."""
        self.run_worker(self._in_turn(verb), group="verbs")

    async def _in_turn(self, verb: Coroutine[Any, Any, None]) -> None:
        async with self._turn:
            await verb

    async def confirmed(self, confirm: Confirm) -> bool:
        """Return whether a person said yes."""
        return bool(await self.app.push_screen_wait(confirm))

    def expect(self, bead: str) -> None:
        """Say who takes this bead when somebody does."""
        self._expected.add(bead)

    def unmark(self) -> None:
        """Forget the marks."""
        self.marked.clear()
        for lane in self._lanes.values():
            lane.mark_changed()
        self._repaint_lines()

    def _with_card(self, verb: Callable[[Card], Coroutine[Any, Any, None]]) -> None:
        async def later() -> None:
            if (card := self.card) is not None:
                await verb(card)

        self.do(later())

    # the keys: cursor

    def _step(self, step: int) -> None:
        if isinstance(self.focused, Box):
            self.focused.move(self.focused.cursor + step)
        else:
            self.lane.move(self.lane.cursor + step)

    def action_cursor_down(self) -> None:
        """To the card below."""
        self._step(1)

    def action_cursor_up(self) -> None:
        """To the card above."""
        self._step(-1)

    def action_cursor_half_down(self) -> None:
        """Half a page down."""
        self._step(max(self.lane.room // 2, 1))

    def action_cursor_half_up(self) -> None:
        """Half a page up."""
        self._step(-max(self.lane.room // 2, 1))

    def action_cursor_first(self) -> None:
        """To the first card."""
        self._step(-self.lane.total - 1000)

    def action_cursor_last(self) -> None:
        """To the last card."""
        self._step(self.lane.total + 1000)

    def action_cursor_left(self) -> None:
        """To the lane at the left."""
        self._sideways(-1)

    def action_cursor_right(self) -> None:
        """To the lane at the right, and from the last into the rail."""
        self._sideways(1)

    def _sideways(self, step: int) -> None:
        if isinstance(self.focused, Box):
            if step < 0:
                self.go(self._last_lane)
            return
        to = self.names.index(self._last_lane) + step
        if 0 <= to < len(self.names):
            self.go(self.names[to])
        elif to >= len(self.names) and self._at.rails:
            self._boxes["agents"].focus()

    def action_pane_next(self) -> None:
        """To the next pane."""
        self._pane(1)

    def action_pane_previous(self) -> None:
        """To the pane before."""
        self._pane(-1)

    def _pane(self, step: int) -> None:
        panes = [self.lane, *(self._boxes.values() if self._at.rails else ())]
        panes += [w for w in self.query("#dock > *") if w.focusable]  # type: ignore[misc]
        at = next((n for n, w in enumerate(panes) if w.has_focus_within), 0)
        panes[(at + step) % len(panes)].focus()

    # the keys: beads

    def action_bead_dispatch(self) -> None:
        """Let an agent take the chosen beads."""

        async def later() -> None:
            await verbs.dispatch(self, self.chosen())

        self.do(later())

    def action_bead_retry(self) -> None:
        """Start it again."""
        self.action_bead_dispatch()

    def action_bead_left(self) -> None:
        """Move it into the lane at the left."""
        self._with_card(lambda card: verbs.move(self, card, _beside(card, -1)))

    def action_bead_right(self) -> None:
        """Move it into the lane at the right."""
        self._with_card(lambda card: verbs.move(self, card, _beside(card, 1)))

    def action_bead_raise(self) -> None:
        """One place up."""
        self.do(verbs.place(self, -1))

    def action_bead_lower(self) -> None:
        """One place down."""
        self.do(verbs.place(self, 1))

    def action_bead_more(self) -> None:
        """More urgent."""
        self._with_card(lambda card: verbs.weigh(self, card, -1))

    def action_bead_less(self) -> None:
        """Less urgent."""
        self._with_card(lambda card: verbs.weigh(self, card, 1))

    def action_bead_mark(self) -> None:
        """Mark or unmark it, and go on to the next."""
        if (card := self.card) is not None and isinstance(self.focused, Lane):
            self.marked.symmetric_difference_update({card.id})
            self.lane.mark_changed()
            self.lane.move(self.lane.cursor + 1)
            self._repaint_lines()

    def action_bead_open(self) -> None:
        """Everything about it."""
        if (item := self.item) is not None:
            self._open_item(item)
        elif (card := self.card) is not None:
            self.half.open_detail(card.id)

    def action_bead_answer(self) -> None:
        """Answer its agent, or open its review."""
        if (item := self.item) is not None:
            self._open_item(item)
            return
        snapshot, card = self.half.snapshot, self.card
        if snapshot is None or card is None:
            return
        ask = next((q for q in snapshot.asks if q.bead == card.id), None)
        if ask is not None:
            self.half.open_ask(ask)
        elif card.lane == "review":
            self.half.open_review(card.id)
        else:
            self.half.refuse(Refused(f"{card.id} asks nothing", "! goes to what needs you"))

    def action_bead_review(self) -> None:
        """Look at its changes."""
        if (card := self.card) is not None:
            self.half.open_review(card.id)

    def action_bead_cancel(self) -> None:
        """Drop it, or the convoy that is chosen in the rail."""
        if (item := self.item) is not None and item.kind == "convoy":
            self.do(verbs.cancel_convoy(self, item.key, item.name))
        elif item is None:
            self._with_card(lambda card: verbs.cancel(self, card))

    # the keys: convoys, agents, looks

    def action_convoy_start(self) -> None:
        """Let a convoy go."""
        item, card = self.item, self.card
        convoy = item.key if item and item.kind == "convoy" else card.convoy if card else ""
        self.do(verbs.start_convoy(self, convoy))

    def action_attempt_stop(self) -> None:
        """Stop its agent."""
        self._with_card(lambda card: verbs.stop(self, card))

    def action_board_pause(self) -> None:
        """Start no more agents, or go on."""
        self.do(verbs.pause(self))

    def action_output_open(self) -> None:
        """What its agent prints."""
        if (card := self.card) is not None:
            self.half.open_output(card)

    def action_lane_closed(self) -> None:
        """Show or hide what failed or was dropped."""
        self.shows_closed = not self.shows_closed
        if not self.shows_closed and self._last_lane == "closed":
            self.go("done")
        self._arrange(self.app.size.width, self.app.size.height)

    def action_show_box(self, name: str) -> None:
        """Go to a box of the rail, or to a page of it where there is no rail."""
        if self._at.rails:
            self._boxes[name].focus()


def _beside(card: Card, step: int) -> str:
    to = LANES.index(card.lane) + step
    if card.lane in ("done", "closed") and step < 0:
        return "ready"
    return LANES[max(min(to, len(LANES) - 2), 0)]


def _title(card: Card) -> str:
    who = f" · {card.assignee}" if card.assignee else ""
    return f"{card.id} {card.title}{who}"
