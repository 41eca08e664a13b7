"""The floor: the least Textual app that shows cards and moves a cursor over them.

`python -m tests.bench.minimal static` shows text; a number shows that many lines, one widget for all.
"""

import sys
from typing import ClassVar

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

TITLE = "Card-{:06}"
SHOWN = 30


class Still(App[None]):
    """Some text."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        """Return the text."""
        yield Static("\n".join(TITLE.format(n) for n in range(SHOWN)))


class Cards(Widget, can_focus=True):
    """So many lines, one of them under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [("j", "step(1)", "down"), ("k", "step(-1)", "up")]

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._cursor = 0
        self._top = 0

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        number = self._top + y
        style = self.rich_style.without_color if number == self._cursor else self.rich_style
        text = TITLE.format(number) if number < self._count else ""
        return Strip([Segment(text.ljust(self.size.width), style)])

    def action_step(self, step: int) -> None:
        """Move the cursor."""
        old, self._cursor = self._cursor, max(min(self._cursor + step, self._count - 1), 0)
        top = min(max(self._top, self._cursor - self.size.height + 1), self._cursor)
        if top != self._top:
            self._top = top
            self.refresh()
            return
        for number in {old, self._cursor}:
            self.refresh(Region(0, number - self._top, self.size.width, 1))


class Moving(App[None]):
    """Cards with a cursor."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def compose(self) -> ComposeResult:
        """Return the cards."""
        yield Cards(self._count)


if __name__ == "__main__":
    (Still() if sys.argv[1] == "static" else Moving(int(sys.argv[1]))).run()
