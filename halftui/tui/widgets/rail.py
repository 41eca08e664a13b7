"""The rail: boxes of agents, convoys, and what waits for a person, each with a cursor."""

from collections.abc import Sequence
from typing import ClassVar, Self

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from halftui.domain.shown import Snapshot
from halftui.tui import draw
from halftui.tui.bars import need
from halftui.tui.cards import tell
from halftui.tui.draw import PLAIN, Row
from halftui.tui.items import Item, agents, convoys, inbox
from halftui.tui.keys import ACTIONS, bindings
from halftui.tui.themes import Inks
from halftui.tui.widgets.kept import Kept, covered

BAR = 10
AGE = 5  # seconds in which no age is told anew
_OWN = ("cursor.up", "cursor.down", "cursor.first", "cursor.last", "cursor.left")


class Box(Widget, can_focus=True):
    """A framed list of items."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = bindings("lanes", [a for a in ACTIONS if a.id in _OWN])
    DEFAULT_CSS = "Box { height: 1fr; width: 1fr; }"

    class Left(Message):
        """The cursor wants to go back to the lanes."""

    class Opened(Message):
        """An item was opened by enter or a double click."""

        def __init__(self, item: Item) -> None:
            super().__init__()
            self.item = item

    def __init__(self, title: str, empty: tuple[str, str], inks: Inks, *, id: str) -> None:
        super().__init__(id=id)
        self._kept = Kept()
        self.heading = title
        self.empty = empty
        self.inks = inks
        self.items: tuple[Item, ...] = ()
        self.note = ""
        self.cursor = 0
        self.top = 0
        self._drop: tuple[int, bool] | None = None  # where cards would fall, and whether that is refused

    def show(self, items: Sequence[Item], note: str = "") -> None:
        """Take the newest items; drawn again only if they differ."""
        if (tuple(items), note) == (self.items, self.note):
            return
        if self._renewed(tuple(items), note):
            return
        held = self.item.key if self.item else ""
        self.items, self.note = tuple(items), note
        keys = [i.key for i in self.items]
        self.cursor = keys.index(held) if held in keys else max(min(self.cursor, len(keys) - 1), 0)
        self._keep_in_sight()
        self.refresh()

    def _renewed(self, items: tuple[Item, ...], note: str) -> bool:
        """Take items that only tell of something else, and draw those; False if they stand otherwise."""
        stand = [(item.key, self._height(item)) for item in items]
        if note != self.note or stand != [(item.key, self._height(item)) for item in self.items]:
            return False
        was, self.items = self.items, items
        width, y = self.size.width, 1
        for before, item in zip(was[self.top :], items[self.top :], strict=True):
            height = self._height(item)
            if item != before:
                self.refresh(Region(0, y, width, height))
            y += height
        self.refresh(Region(0, 0, width, 1))  # its heading may count what is not listed
        return True

    def dress(self, inks: Inks) -> None:
        """Draw with other inks."""
        self.inks = inks
        self.refresh()

    @property
    def item(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def rows(self) -> int:
        """How many rows it would like, with its frame."""
        return max(sum(self._height(i) for i in self.items), 2) + 2

    def move(self, index: int) -> None:
        """Put the cursor on an item."""
        self.cursor = max(min(index, len(self.items) - 1), 0)
        self._keep_in_sight()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part of the box."""
        return self._kept.lines(self, crop)

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Draw these regions again, or everything."""
        self._kept.forget(regions)
        return super().refresh(*regions, **how)

    def render_line(self, y: int) -> Strip:
        """Return a line of the box."""
        return self._line(y).apply_style(self.inks["ground"])

    def _line(self, y: int) -> Strip:
        width, height = self.outer_size
        edge = self.inks["focus" if self.has_focus else "edge"]
        if y == 0:
            heading = self.inks["focus" if self.has_focus else "heading"] + Style(bold=True)
            return draw.top(width, self.heading, heading, edge, is_heavy=self.has_focus)
        if y == height - 1:
            return draw.bottom(width, self._note(), self.inks["muted"], edge, is_heavy=self.has_focus)
        if (inner := self._content(y - 1, width - 2)) is None:
            return draw.hollow(width - 2, self.inks["ground"] or None, edge, is_heavy=self.has_focus)
        return draw.framed(inner, edge, is_heavy=self.has_focus)

    def _content(self, row: int, width: int) -> Strip | None:
        """Return a row, None if there is nothing in it."""
        index, part = self._item_at(row)
        if not self.items and not row:
            key, words = self.empty
            return Row(width).skip(2).put(key, self.inks["key"]).put(words, self.inks["muted"]).strip()
        if index >= len(self.items):
            return None
        item = self.items[index]
        is_chosen = self.has_focus and index == self.cursor
        if self._drop is not None and index == self._drop[0]:
            return self._target(item, part, width, is_refused=self._drop[1])
        line = Row(width, self.inks["chosen"] if is_chosen else PLAIN)
        line.put("▌" if is_chosen else " ", self.inks["focus"])
        return self._second(line, item) if part else self._first(line, item)

    def _target(self, item: Item, part: int, width: int, *, is_refused: bool) -> Strip:
        ink = self.inks["failed" if is_refused else "focus"]
        line = Row(width, self.inks["chosen"]).put("✗" if is_refused else "▸", ink)
        return self._second(line, item) if part else self._first(line, item)

    def hit(self, y: int) -> int | None:
        """Return the place of the item at a row of this widget."""
        index, _ = self._item_at(y - 1)
        return index if 0 < y < self.size.height - 1 and index < len(self.items) else None

    def show_drop(self, drop: tuple[int, bool] | None) -> None:
        """Mark the item that cards would fall on, and whether that is refused; or nothing any more."""
        if drop != self._drop:
            self._drop = drop
            self.refresh()

    def _first(self, line: Row, item: Item) -> Strip:
        inks = self.inks
        line.put(item.sign, inks[item.sign_ink]).skip(1).put(item.name, inks[item.name_ink]).skip(2)
        tell(line, item.facts, inks)
        return line.strip()

    def _second(self, line: Row, item: Item) -> Strip:
        line.skip(2)
        if item.progress >= 0:
            full = round(BAR * item.progress)
            line.put("━" * full, self.inks["fill"]).put("─" * (BAR - full), self.inks["rest"]).skip(1)
        tell(line, item.below, self.inks)
        return line.strip()

    def _height(self, item: Item) -> int:
        return 2 if item.below else 1

    def _item_at(self, row: int) -> tuple[int, int]:
        for index in range(self.top, len(self.items)):
            height = self._height(self.items[index])
            if row < height:
                return index, row
            row -= height
        return len(self.items), 0

    def _keep_in_sight(self) -> None:
        self.top = min(self.top, self.cursor)
        while sum(map(self._height, self.items[self.top : self.cursor + 1])) > max(self.size.height - 2, 2):
            self.top += 1

    def roll(self, by: int) -> None:
        """Scroll by an item; the cursor stays in sight."""
        room = max(self.size.height - 2, 2)
        if by > 0 and sum(map(self._height, self.items[self.top :])) <= room:
            return
        self.top = max(min(self.top + by, len(self.items) - 1), 0)
        self.cursor = max(self.cursor, self.top)
        while sum(map(self._height, self.items[self.top : self.cursor + 1])) > room:
            self.cursor -= 1
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show what is further down."""
        event.stop()
        self.roll(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show what is further up."""
        event.stop()
        self.roll(-1)

    def _note(self) -> str:
        if self.has_focus and self.items:
            return f"{self.cursor + 1}/{len(self.items)}"
        return self.note

    def action_cursor_down(self) -> None:
        """To the item below."""
        self.move(self.cursor + 1)

    def action_cursor_up(self) -> None:
        """To the item above."""
        self.move(self.cursor - 1)

    def action_cursor_first(self) -> None:
        """To the first item."""
        self.move(0)

    def action_cursor_last(self) -> None:
        """To the last item."""
        self.move(len(self.items))

    def action_cursor_left(self) -> None:
        """Back to the lanes."""
        self.post_message(self.Left())

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()

    def on_focus(self) -> None:
        """The frame looks otherwise."""
        self.refresh()

    def on_blur(self) -> None:
        """The frame looks otherwise."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose the item under the pointer; twice opens it."""
        self.focus()
        if (index := self.hit(event.y)) is not None:
            self.move(index)
            if event.chain == 2:
                self.post_message(self.Opened(self.items[index]))


class Rail(Container):
    """The boxes at the right: one column, or two on a wide screen."""

    DEFAULT_CSS = """
    Rail { width: 0; layout: vertical; }
    Rail.-wide { layout: horizontal; }
    Rail Vertical { width: 1fr; height: 1fr; }
    """
    render_lines = covered

    def __init__(self, inks: Inks) -> None:
        super().__init__(id="rail")
        self.agents = Box("Agents", ("s", " sends the first one"), inks, id="agents")
        self.convoys = Box("Convoys", ("N", " bundles marked beads"), inks, id="convoys")
        self.inbox = Box("Inbox", ("", "nothing needs you"), inks, id="inbox")
        self.boxes = (self.agents, self.convoys, self.inbox)
        self._columns = 0
        self._told: tuple[object, ...] = ()  # what the boxes tell of

    def compose(self) -> ComposeResult:
        """Return agents, and below or beside them the rest."""
        self._upper = Vertical(self.agents, id="rail-a")
        yield self._upper
        yield Vertical(self.convoys, self.inbox, id="rail-b")

    def show(self, snapshot: Snapshot, now: float) -> None:
        """Draw what changed."""
        review = snapshot.lane("review")
        told = (snapshot.agents, snapshot.convoys, snapshot.asks, review, snapshot.board.cap, now // AGE)
        if told == self._told:
            return
        self._told = told
        live = sum(a.status != "idle" for a in snapshot.agents)
        free = max(snapshot.board.cap - live, 0)
        waits = inbox(snapshot, now)
        self.agents.heading = f"Agents {live}/{snapshot.board.cap}"
        self.agents.show(agents(snapshot, now), f"{free} free" if free else "all busy")
        self.convoys.show(convoys(snapshot))
        self.inbox.heading = f"Inbox {need(snapshot)}"
        self.inbox.show(waits, "! opens the next" if waits else "")
        self._share()

    def dress(self, inks: Inks) -> None:
        """Draw with other inks."""
        for box in self.boxes:
            box.dress(inks)

    def stand(self, columns: int, width: int) -> None:
        """Stand in so many columns of `width` cells in all."""
        self._columns = columns
        self.display = columns > 0
        self.styles.width = width
        self.set_class(columns == 2, "-wide")
        self._share()

    def on_resize(self) -> None:
        """Share the new height."""
        self._share()

    def _share(self) -> None:
        height = self.size.height
        if not height:
            return
        upper = min(max(self.agents.rows, 6), height // 2)
        self._upper.styles.height = upper if self._columns == 1 else "1fr"
        left = height - upper if self._columns == 1 else height
        self.convoys.styles.height = min(max(self.convoys.rows, 5), max(left // 2, 4))
