"""Rows that are told by a function of the width; those that open something carry a cursor."""

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from halftui.tui.app import half
from halftui.tui.draw import Row
from halftui.tui.keys import MOVE, Action, bindings
from halftui.tui.screens.page import Told

PROSE = 100  # cells; longer lines of prose are hard to read

ACTIONS: tuple[Action, ...] = (
    Action("page.up", "up,k", "up", "Up a line", "told", 9, MOVE),
    Action("page.down", "down,j", "down", "Down a line", "told", 9, MOVE),
    Action("page.half_up", "ctrl+u,pageup", "half a page up", "Go up half a page", "told", 9, MOVE),
    Action("page.half_down", "ctrl+d,pagedown", "half a page down", "Go down half a page", "told", 9, MOVE),
    Action("page.top", "home,g", "top", "To the first line", "told", 9, MOVE),
    Action("page.bottom", "end,G", "end", "To the last line", "told", 9, MOVE),
)


class Page(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows that are told by a function of the width; those that open something carry a cursor."""

    DEFAULT_CSS = """
    Page {
        overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; height: 1fr;
        scrollbar-background: $background; scrollbar-background-hover: $background;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = list(bindings("told", ACTIONS))

    class Opened(Message):
        """A row that opens something was clicked twice."""

    def __init__(self, widest: int = PROSE, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._widest = widest
        self._tell: Callable[[int], list[Told]] = lambda width: []
        self._rows: list[Told] = []
        self.cursor = -1

    def show(self, told: Callable[[int], list[Told]], *, keeps_place: bool) -> None:
        """Show what `told(width)` returns, from its top or from where one was."""
        self._tell = told
        if not keeps_place:
            self.cursor = -1
            self.scroll_to(y=0, animate=False)
        self._lay_out()

    @property
    def opens(self) -> str:
        """What the cursor's row opens: an attempt's or bead's id, or ""."""
        return self._rows[self.cursor].opens if 0 <= self.cursor < len(self._rows) else ""

    def _lay_out(self) -> None:
        cells = self.scrollable_content_region.width
        self._rows = self._tell(min(cells - 2, self._widest)) if cells else []
        self.virtual_size = Size(cells, len(self._rows))
        doors = self._doors()
        if self.cursor not in doors:
            self.cursor = doors[0] if doors else -1
        self.refresh()

    def _doors(self) -> list[int]:
        return [y for y, row in enumerate(self._rows) if row.opens]

    def move(self, by: int) -> None:
        """Move the cursor to the next row that opens something, or scroll if there is none."""
        doors = self._doors()
        beyond = [y for y in doors if (y > self.cursor if by > 0 else y < self.cursor)]
        if not doors:
            self.scroll_to(y=self.scroll_y + by, animate=False)
        elif beyond:
            self.cursor = beyond[0] if by > 0 else beyond[-1]
            self.scroll_to(y=max(min(self.scroll_y, self.cursor - 1), self.cursor + 2 - self.size.height),
                           animate=False)  # fmt: skip
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line of the page."""
        width, number = self.scrollable_content_region.width, int(self.scroll_y) + y
        inks = half(self).inks
        if number >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        is_here = number == self.cursor
        row = Row(width, self.rich_style + (inks["chosen"] if is_here else Style()))
        row.put("▌" if is_here else " ", inks["focus"]).skip(1)
        for text, ink in self._rows[number].parts:
            row.put(text, inks[ink])
        return row.strip()

    def on_resize(self, event: events.Resize) -> None:
        """Tell anew for another width."""
        self._lay_out()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row that opens something; twice opens it."""
        number = int(self.scroll_y) + event.y
        if number in self._doors():
            self.cursor = number
            self.refresh()
            if event.chain == 2:
                self.post_message(self.Opened())

    def action_page_up(self) -> None:
        """Go up."""
        self.move(-1)

    def action_page_down(self) -> None:
        """Go down."""
        self.move(1)

    def action_page_half_up(self) -> None:
        """Go up half a page."""
        self.scroll_to(y=self.scroll_y - self.size.height // 2, animate=False)

    def action_page_half_down(self) -> None:
        """Go down half a page."""
        self.scroll_to(y=self.scroll_y + self.size.height // 2, animate=False)

    def action_page_top(self) -> None:
        """Go to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_page_bottom(self) -> None:
        """Go to the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False)
