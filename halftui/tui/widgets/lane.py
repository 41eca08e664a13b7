"""A lane: its cards drawn line by line, one widget for any number of them."""

from collections.abc import Iterator, Mapping, Set
from typing import Self

from rich.style import Style
from textual import events
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from halftui.domain import shown
from halftui.domain.lanes import LaneRow
from halftui.domain.shown import Card
from halftui.ops.views import WINDOW as PAGE
from halftui.tui import draw, together
from halftui.tui.cards import Fact, facts
from halftui.tui.cards import draw as draw_card
from halftui.tui.draw import Row
from halftui.tui.places import SPINE
from halftui.tui.themes import Inks
from halftui.tui.widgets import empty, spine
from halftui.tui.widgets.drop import Drop, drop_line
from halftui.tui.widgets.kept import Kept

STRIDE = 3  # two rows of a card and the gap below it
CACHED = 4_000
LIFT = 2  # cells that the pointer goes before a press is a drag
Key = tuple[Card, tuple[Fact, ...], int, bool, bool]


class Lane(Widget, can_focus=True):
    """One column of the board. Its owner gives it cards by `show`, and hears what it wants."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Lane { height: 1fr; width: 1fr; }"

    class Chosen(Message):
        """A card was clicked; `is_opened` if twice."""

        def __init__(self, lane: "Lane", *, is_opened: bool) -> None:
            super().__init__()
            self.lane = lane
            self.is_opened = is_opened

    class Wanted(Message):
        """A page of cards comes into sight that is not loaded."""

        def __init__(self, lane: "Lane", page: int) -> None:
            super().__init__()
            self.lane = lane
            self.page = page

    class Moved(Message):
        """The cursor stands on another card, or on a changed one."""

        def __init__(self, lane: "Lane") -> None:
            super().__init__()
            self.lane = lane

    def __init__(self, row: LaneRow, inks: Inks, marked: Set[str]) -> None:
        super().__init__(id=f"lane-{row.name}")
        self._kept = Kept()
        self.lane, self.row = row.name, row
        self.inks, self.marked = inks, marked
        self.total = self.cursor = 0
        self.top = 0  # the first visible card
        self.most = row.limit  # cards; 0 is any number
        self.empty = empty.of(row)
        self._drop: Drop | None = None
        self._pressed = Offset()
        self._pages: dict[int, tuple[Card, ...]] = {0: ()}
        self._stale, self._wanted = set[int](), set[int]()  # pages
        self._asked: Mapping[str, float] = {}
        self._now = 0.0
        self._cache: dict[tuple[Key, int, bool, str], Strip] = {}
        self._drawn: dict[int, Key] = {}

    # what it shows

    def show(self, lane: shown.Lane, now: float, asked: Mapping[str, float]) -> None:
        """Take the newest cards; the cursor stays on its bead, and only what changed is drawn again."""
        if lane.cards is self._pages[0] and (lane.total, asked) == (self.total, self._asked):
            return
        held, place = self.card, self.cursor
        was, self.total = self.total, lane.total
        self._stale = set(self._pages) - {0}
        self._pages[0] = lane.cards
        self._now, self._asked = now, asked
        if held is not None:
            self.cursor = self._found(held.id, self.cursor)
        self.cursor = max(min(self.cursor, self.total - 1), 0)
        self._scroll_to_cursor()
        if was != self.total:
            self._refresh_rows(0)
        if (was, place) != (self.total, self.cursor):
            self._refresh_rows(self.size.height - 1)
            if not was or not self.total:
                self.refresh()
        self.age(now)
        if (card := self.card) is not None and card != held:
            self._tell_moved()

    def forget(self) -> None:
        """Keep no page but the first, which `show` brings."""
        self._pages = {0: self._pages[0]}
        self._wanted.clear()
        self.refresh()

    def age(self, now: float | None = None) -> None:
        """Draw those cards again whose words or marks changed, be it by time."""
        self._now = self._now if now is None else now
        if self.is_spine:
            return
        for index, key in list(self._drawn.items()):
            self._renew(index, key)
        seen = -(-(self.size.height - 2) // STRIDE)  # the last of them perhaps in part
        for index in range(self.top, min(self.top + seen, self.total)):
            if index not in self._drawn:
                self._refresh_card(index)

    def touch(self, beads: Set[str]) -> None:
        """Draw those of these beads that are in sight and look otherwise now."""
        for index, key in [] if self.is_spine else list(self._drawn.items()):
            if key[0].id in beads:
                self._renew(index, key)

    def add_page(self, page: int, cards: tuple[Card, ...]) -> None:
        """Take a page that was wanted."""
        self._pages[page] = cards
        self._stale.discard(page)
        self._wanted.discard(page)
        self.age(self._now)
        if self.cursor // PAGE == page:
            self._tell_moved()

    def dress(self, inks: Inks) -> None:
        """Draw with other inks."""
        self.inks = inks
        self._cache.clear()
        self.refresh()

    def at(self, index: int) -> Card | None:
        """Return a card by its place, None while its page is not loaded or beyond the end."""
        if not 0 <= index < self.total:
            return None
        page, place = divmod(index, PAGE)
        cards = self._pages.get(page, ())
        if (place >= len(cards) or page in self._stale) and page not in self._wanted:
            self._wanted.add(page)
            self.post_message(self.Wanted(self, page))
        return cards[place] if place < len(cards) else None

    @property
    def card(self) -> Card | None:
        """The card under the cursor."""
        return self.at(self.cursor) if self.total else None

    @property
    def room(self) -> int:
        """How many cards are wholly visible."""
        return max((self.outer_size.height - 2 + 1) // STRIDE, 1)

    @property
    def is_spine(self) -> bool:
        """Whether it is collapsed to a count and a name."""
        return self.size.width <= SPINE

    # the cursor

    def move(self, index: int) -> None:
        """Put the cursor on a card by its place, as near as there is one."""
        old, top = self.cursor, self.top
        self.cursor = max(min(index, self.total - 1), 0)
        self._scroll_to_cursor()
        if top == self.top and old != self.cursor:
            self._refresh_card(old)
            self._refresh_card(self.cursor)
        self._refresh_rows(self.size.height - 1)
        if old != self.cursor:
            self._tell_moved()

    def choose(self, bead: str) -> bool:
        """Put the cursor on a bead; False if no loaded page has it."""
        index = self._found(bead, -1)
        if index >= 0:
            self.move(index)
        return index >= 0

    def hit(self, x: int, y: int) -> int | None:
        """Return the place of the card under a cell of this widget, None on frame, gap or nothing."""
        row = y - 1
        inside = 0 < x < self.size.width - 1 and 0 <= row < self.size.height - 2
        if not inside or self.is_spine or row % STRIDE == STRIDE - 1:
            return None
        index = self.top + row // STRIDE
        return index if index < self.total else None

    # cards that are dragged over it

    def gap(self, y: int) -> int:
        """Return the place of the gap nearest to a row of this widget: before which card."""
        last = min(self.top + (self.size.height - 1) // STRIDE, self.total)
        return max(min(self.top + (y + 1) // STRIDE, last), 0)

    def show_drop(self, drop: Drop | None) -> None:
        """Mark where cards would fall, or nothing any more."""
        if drop == self._drop:
            return
        was, self._drop = self._drop_row(), drop
        for row in (was, self._drop_row()):
            self._refresh_rows(-1 if row is None else row)

    def roll(self, step: int) -> bool:
        """Scroll by so many cards without moving the cursor; False at the end."""
        was = self.top
        self._roll_to(max(min(self.top + step, self.total - self.room), 0))
        return was != self.top

    def _drop_row(self) -> int | None:
        if self._drop is None:
            return None
        return max(min((self._drop.gap - self.top) * STRIDE, self.size.height - 1), 0)

    # drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the lane."""
        return self._kept.lines(self, crop)

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Draw these regions again, or everything."""
        self._kept.forget(regions)
        return super().refresh(*regions, **how)

    def render_line(self, y: int) -> Strip:
        """Return a line of the lane."""
        width, height = self.outer_size  # without border and padding it is the size, and looked up at once
        inks, ground = self.inks, self.inks["ground"]
        if width <= SPINE:
            return self._spine_line(y, height)
        if self._drop is not None and y == self._drop_row():
            return drop_line(self._drop, width, inks).apply_style(ground)
        is_heavy = self.has_focus
        edge = ground + inks["focus" if is_heavy else "edge"]
        if y == 0:
            return self._heading(width, edge, is_heavy=is_heavy)
        if y == height - 1:
            return draw.bottom(width, self._place_note(), ground + inks["muted"], edge, is_heavy=is_heavy)
        return self._content_line(y - 1, width - 2, edge, self._thumb(y - 1, height - 2))

    def _heading(self, width: int, edge: Style, *, is_heavy: bool) -> Strip:
        ink = "failed" if self.row.is_over(self.total) else "focus" if is_heavy else "heading"
        limit = f"/{self.most}" if self.most else ""
        title = f"{self.row.heading} {self.total}{limit}{' !' if self.row.is_over(self.total) else ''}"
        heading = self.inks["ground"] + self.inks[ink] + Style(bold=True)
        return draw.top(width, title, heading, edge, is_heavy=is_heavy)

    def _content_line(self, row: int, width: int, edge: Style, thumb: str) -> Strip:
        index, part, ground = self.top + row // STRIDE, row % STRIDE, self.inks["ground"]
        inner: Strip | None = None
        if not self.total:
            inner = empty.line(self.empty, row, width, self.inks)
        elif part < STRIDE - 1 and index < self.total:
            if (key := self._key(index, width)) is not None:
                self._drawn[index] = key
                return self._card_line(key, part, edge, thumb)
            inner = Row(width, ground).skip(2).put("…", self.inks["muted"]).strip()
        if inner is None:
            return draw.hollow(width, ground or None, edge, is_heavy=self.has_focus, thumb=thumb)
        return draw.framed(inner, edge, is_heavy=self.has_focus, thumb=thumb)

    def _card_line(self, key: Key, part: int, edge: Style, thumb: str) -> Strip:
        """Return a row of a card: the same strip as last time, with what Textual worked out for it."""
        is_heavy = self.has_focus
        if (key, part, is_heavy, thumb) not in self._cache:
            if len(self._cache) >= CACHED:
                self._cache.clear()
            card, told, width, is_chosen, is_marked = key
            rows = draw_card(card, told, width, self.inks, is_chosen=is_chosen, is_marked=is_marked)
            for number, row in enumerate(rows):
                framed = draw.framed(row, edge, is_heavy=is_heavy, thumb=thumb)
                self._cache[key, number, is_heavy, thumb] = framed
        return self._cache[key, part, is_heavy, thumb]

    def _key(self, index: int, width: int) -> Key | None:
        if (card := self.at(index)) is None:
            return None
        is_chosen = self.has_focus and index == self.cursor
        told = facts(card, self._now, self._asked.get(card.id))
        if others := together.initials(self, card.id):
            told = (Fact(others, "focus", 0), *told)
        return card, told, width, is_chosen, card.id in self.marked

    def _spine_line(self, y: int, height: int) -> Strip:
        drop, name, inks = self._drop, self.row.heading, self.inks
        edge = inks["edge" if drop is None else "failed" if drop.is_refused else "focus"]
        ink = "failed" if self.row.is_over(self.total) else "text" if self.total else "muted"
        return spine.line(y, height, name, self.total, inks, ink, edge, is_heavy=drop is not None)

    def _place_note(self) -> str:
        if not self.total:
            return ""
        below = self.total - self.top - self.room
        if self.has_focus:
            return f"{self.cursor + 1}/{self.total}"
        return f"↓ {below} more" if below > 0 else ""

    def _thumb(self, row: int, height: int) -> str:
        if not self.has_focus or self.total <= self.room:
            return ""
        length = max(height * self.room // self.total, 1)
        start = (height - length) * self.top // max(self.total - self.room, 1)
        return "█" if start <= row < start + length else ""

    # keeping it right with few lines

    def _found(self, bead: str, fallback: int) -> int:
        for page in sorted(self._pages):
            for place, card in enumerate(self._pages[page]):
                if card.id == bead:
                    return page * PAGE + place
        return fallback

    def _tell_moved(self) -> None:
        """Tell the screen, not every widget on the way to it: it is told with each key."""
        if self.is_attached:
            self.screen.post_message(self.Moved(self))

    def _scroll_to_cursor(self) -> None:
        top = max(min(self.top, self.total - self.room), 0)
        top = min(top, self.cursor)
        top = max(top, self.cursor - self.room + 1)
        self._roll_to(top)

    def _roll_to(self, top: int) -> None:
        if top != self.top:
            self.top = top
            self._drawn.clear()
            self.refresh()

    def _renew(self, index: int, was: Key) -> None:
        """Draw a card again that looks otherwise now; most often only its second row does."""
        key = self._key(index, was[2])
        if key != was:
            self._refresh_card(index, 1 if key and (key[0], key[2:]) == (was[0], was[2:]) else 0)

    def _refresh_card(self, index: int, row: int = 0) -> None:
        self._drawn.pop(index, None)
        self._refresh_rows(1 + row + (index - self.top) * STRIDE, 2 - row)

    def _refresh_rows(self, first: int, count: int = 1) -> None:
        width, height = self.size
        if self.is_spine:
            self.refresh()
        elif 0 <= first < height:
            self.refresh(Region(0, first, width, min(count, height - first)))

    # events

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._drawn.clear()
        self._scroll_to_cursor()

    def on_focus(self) -> None:
        """The frame and the cursor's card look otherwise."""
        self._drawn.clear()
        self.refresh()

    on_blur = on_focus

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember where, since a press that ends elsewhere is no click."""
        self._pressed = event.screen_offset

    def on_click(self, event: events.Click) -> None:
        """Choose the card under the pointer; twice opens it."""
        if event.screen_offset.get_distance_to(self._pressed) >= LIFT:
            return
        self.focus()
        if (index := self.hit(event.x, event.y)) is not None:
            self.move(index)
            self.post_message(self.Chosen(self, is_opened=event.chain == 2 and event.button == 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll without moving the cursor out of reach."""
        event.stop()
        self.roll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The other way."""
        event.stop()
        self.roll(-1)

    def cards(self) -> Iterator[Card]:
        """Return the loaded cards."""
        for page in sorted(self._pages):
            yield from self._pages[page]
