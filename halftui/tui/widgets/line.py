"""A widget of one row that somebody else paints."""

from collections.abc import Callable
from typing import Self

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from halftui.tui.widgets.kept import Kept


class Line(Widget):
    """One row; `paint(width)` returns it. Call `repaint` when it might be another."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def __init__(self, paint: Callable[[int], Strip], *, id: str) -> None:
        super().__init__(id=id)
        self._kept = Kept()
        self._paint = paint
        self._shown: Strip | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the row."""
        return self._kept.lines(self, crop)

    def refresh(self, *regions: Region, **how: bool) -> Self:
        """Draw it again."""
        self._kept.forget(regions)
        return super().refresh(*regions, **how)

    def render_line(self, y: int) -> Strip:
        """Return the row."""
        self._shown = self._paint(self.size.width)
        return self._shown

    def repaint(self) -> None:
        """Draw again if it would look otherwise."""
        if self._shown is None or self._paint(self.size.width) != self._shown:
            self.refresh()
