"""The lanes side by side: which are open, where the cursor is, what is marked."""

from collections.abc import Callable, Mapping, Set
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message

from halftui.domain import shown
from halftui.domain.lanes import DEFAULT, LaneRow
from halftui.domain.lanes import Lanes as Layout
from halftui.domain.shown import Card, Snapshot
from halftui.tui.keys import bindings
from halftui.tui.places import LANE, widths
from halftui.tui.themes import Inks
from halftui.tui.widgets import empty
from halftui.tui.widgets.kept import covered
from halftui.tui.widgets.lane import Lane

START = ("ready", "working", "review", "blocked", "done")  # where something is to do comes first


class Lanes(Horizontal):
    """All lanes of a board. One has the cursor, also while the focus is elsewhere."""

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("lanes"))
    DEFAULT_CSS = "Lanes { height: 1fr; }"

    render_lines = covered

    class Turned(Message):
        """The cursor stands in another lane."""

    class Beyond(Message):
        """The cursor wants to go right of the last lane."""

    class LostMouse(Message):
        """Somebody took the mouse away."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(id="lanes")
        self.marked: set[str] = set()
        self.shows_hidden = False
        self.here = "ready"
        self.laid = DEFAULT
        self._inks = inks
        self.by_name = {row.name: Lane(row, inks, self.marked) for row in DEFAULT}
        self._range: tuple[Lane, int, frozenset[str]] | None = None  # from which card, and what was marked
        self._ended = 0
        self._room = 0
        self._is_one = False

    def compose(self) -> ComposeResult:
        """Return every lane."""
        yield from self.by_name.values()

    # what they show

    def begin(self, snapshot: Snapshot) -> None:
        """Put the cursor where there are cards."""
        self._lay_out(snapshot.board.lanes)
        seen = [row.name for row in self.laid if not row.is_hidden and row.name != "closed"]
        own = {lane.name: lane.total for lane in (*snapshot.lanes, *snapshot.own)}
        self.here = next((name for name in (*START, *seen) if name in seen and own.get(name)), "")
        self.here = self.here or ("ready" if "ready" in seen else seen[0])

    def _lay_out(self, layout: Layout) -> None:
        """Have a widget for each lane, in their order."""
        self.laid = layout
        had = self.by_name
        self.by_name = {row.name: had.get(row.name) or Lane(row, self._inks, self.marked) for row in layout}
        if not self.is_attached:
            return
        for name in had.keys() - self.by_name.keys():
            had[name].remove()
        self.mount_all(lane for name, lane in self.by_name.items() if name not in had)
        for number, lane in enumerate(self.by_name.values()):
            self.move_child(lane, before=number)
        seen = [
            row.name for row in layout if self.shows_hidden or not (row.is_hidden or row.name == "closed")
        ]
        if self.here not in seen:
            near = [name for name in list(had)[list(had).index(self.here) :] if name in seen]
            self.here = (near or seen)[0]
            self.lane.focus()
        self.stand(self._room, is_one=self._is_one)

    def show(self, snapshot: Snapshot, now: float, found: tuple[shown.Lane, ...] | None = None) -> None:
        """Draw what changed; of the cards only those that were `found`, where somebody looks for some."""
        asked: Mapping[str, float] = {ask.bead: ask.asked_at for ask in snapshot.asks}
        if snapshot.board.lanes != self.laid:
            self._lay_out(snapshot.board.lanes)
        for row in self.laid:
            lane, most = (
                self.by_name[row.name],
                row.limit or (snapshot.board.cap if row.name == "working" else 0),
            )
            if (row, most) != (lane.row, lane.most):
                lane.row, lane.most = row, most
                lane.refresh()
        is_empty = not any(lane.total for lane in snapshot.lanes)
        held = {each.name: each for each in ((*snapshot.lanes, *snapshot.own) if found is None else found)}
        for name, lane in self.by_name.items():
            lane.empty = empty.NONE if found is not None else empty.of(lane.row)
            if is_empty and name == "ready":
                lane.empty = empty.FIRST
            lane.show(held.get(name) or shown.Lane(name, 0, ()), now, asked)
        before, self._ended = self.names, snapshot.lane("closed").total
        if before != self.names:
            self.stand(self._room, is_one=self._is_one)

    def forget(self) -> None:
        """Let no lane keep cards that were read with other words."""
        for lane in self.by_name.values():
            lane.forget()

    def age(self, now: float) -> None:
        """Draw what changed by time."""
        for lane in self.by_name.values():
            lane.age(now)

    def touch(self, beads: Set[str]) -> None:
        """Draw those of these beads that are in sight and look otherwise now."""
        for lane in self.by_name.values():
            lane.touch(beads)

    def dress(self, inks: Inks) -> None:
        """Draw with other inks."""
        self._inks = inks
        for lane in self.by_name.values():
            lane.dress(inks)

    @property
    def names(self) -> tuple[str, ...]:
        """The lanes in sight: of Closed only if it has cards, and room or somebody who wants it."""
        has_room = self._room >= sum(not row.is_hidden for row in self.laid) * LANE
        return tuple(row.name for row in self.laid if self._is_seen(row, has_room=has_room))

    def _is_seen(self, row: LaneRow, *, has_room: bool) -> bool:
        is_wanted = self.shows_hidden or self.here == row.name
        if row.name != "closed":
            return is_wanted or not row.is_hidden
        return self._ended > 0 and (is_wanted or (has_room and not row.is_hidden))

    def stand(self, room: int, *, is_one: bool) -> None:
        """Give each lane its width."""
        self._room, self._is_one = room, is_one
        if self.here not in self.names:
            self.here = "done" if "done" in self.names else self.names[-1]
        sizes = widths(room, self.names, self.here, is_one=is_one)
        for name, lane in self.by_name.items():
            size = sizes.get(name, 0)
            lane.display = size > 0
            lane.styles.width = size

    # where the cursor is

    @property
    def lane(self) -> Lane:
        """The lane with the cursor."""
        return self.by_name[self.here]

    @property
    def card(self) -> Card | None:
        """The card under the cursor."""
        return self.lane.card

    def chosen(self) -> list[Card]:
        """Return the marked cards, or else the one under the cursor."""
        marked = [c for lane in self.by_name.values() for c in lane.cards() if c.id in self.marked]
        return list(dict.fromkeys(marked)) or ([self.card] if self.card else [])

    def go(self, name: str) -> None:
        """Put the cursor into a lane."""
        if name not in self.names:
            return
        was, self.here = self.here, name
        if was != name and (self.lane.is_spine or self._is_one):
            self.stand(self._room, is_one=self._is_one)
        self.lane.focus()
        if was != name:
            self.post_message(self.Turned())

    def seek(self) -> None:
        """Put the cursor into a lane that has cards, this one if it does."""
        names = [n for n in (self.here, *START, *self.names) if n in self.names]
        name = next((n for n in names if self.by_name[n].total), self.here)
        self.lane.focus() if name == self.here else self.go(name)

    def choose(self, bead: str) -> bool:
        """Put the cursor on a bead wherever it stands; False if it is not loaded."""
        for name, lane in [(self.here, self.lane), *self.by_name.items()]:
            if any(card.id == bead for card in lane.cards()):
                self.shows_hidden = self.shows_hidden or name not in self.names
                self.go(name)
                return lane.choose(bead)
        return False

    def toggle_closed(self) -> None:
        """Show or hide what failed or was dropped, and the lanes that people hid."""
        self.shows_hidden = not self.shows_hidden
        hidden = [row.name for row in self.laid if row.is_hidden or row.name == "closed"]
        if not self.shows_hidden and self.here in hidden:
            self.go(next(name for name in ("done", *self.names) if name in self.names and name not in hidden))
        self.stand(self._room, is_one=self._is_one)

    def mark(self) -> None:
        """Mark or unmark the card under the cursor, and go on to the next."""
        if (card := self.card) is not None:
            self.marked.symmetric_difference_update({card.id})
            self.touch({card.id})
            self.lane.move(self.lane.cursor + 1)

    def mark_range(self) -> None:
        """Mark each card that the cursor passes from here on, or no more."""
        is_over = self._range is not None
        self._range = None if is_over else (self.lane, self.lane.cursor, frozenset(self.marked))
        self._mark_passed()

    def _mark_passed(self) -> None:
        if self._range is None:
            return
        lane, first, before = self._range
        if lane is not self.lane:
            self._range = None
            return
        low, high = sorted((first, lane.cursor))
        passed = {card.id for n in range(low, high + 1) if (card := lane.at(n)) is not None}
        was = set(self.marked)
        self.marked.clear()
        self.marked.update(before | passed)
        self.touch(was ^ self.marked)

    def unmark(self) -> None:
        """Forget the marks."""
        self._range = None
        self.marked.clear()
        for lane in self.by_name.values():
            lane.age()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The cursor is where the focus is."""
        if isinstance(event.widget, Lane) and event.widget.lane != self.here:
            self.go(event.widget.lane)

    def on_mouse_release(self) -> None:
        """Whoever dragged hears of it."""
        self.post_message(self.LostMouse())

    def under(self, x: int, y: int) -> Lane | None:
        """Return the lane at a cell of the screen."""
        return next(
            (lane for lane in self.by_name.values() if lane.display and lane.region.contains(x, y)), None
        )

    # its keys

    def _step(self, step: Callable[[Lane], int]) -> None:
        self.lane.move(self.lane.cursor + step(self.lane))
        self._mark_passed()

    def action_cursor_down(self) -> None:
        """To the card below."""
        self._step(lambda _: 1)

    def action_cursor_up(self) -> None:
        """To the card above."""
        self._step(lambda _: -1)

    def action_cursor_half_down(self) -> None:
        """Half a page down."""
        self._step(lambda lane: max(lane.room // 2, 1))

    def action_cursor_half_up(self) -> None:
        """Half a page up."""
        self._step(lambda lane: -max(lane.room // 2, 1))

    def action_cursor_first(self) -> None:
        """To the first card."""
        self._step(lambda lane: -lane.total)

    def action_cursor_last(self) -> None:
        """To the last card."""
        self._step(lambda lane: lane.total)

    def action_cursor_left(self) -> None:
        """To the lane at the left."""
        at = self.names.index(self.here)
        self.go(self.names[max(at - 1, 0)])

    def action_cursor_right(self) -> None:
        """To the lane at the right, or beyond."""
        at = self.names.index(self.here) + 1
        if at < len(self.names):
            self.go(self.names[at])
        else:
            self.post_message(self.Beyond())
