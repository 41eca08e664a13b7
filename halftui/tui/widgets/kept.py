"""The rows that a widget has drawn, kept until it draws them again.

Textual keeps them, too, but walks through its filters and styles for every row of every widget each
time that one row changes.
"""

from collections.abc import Sequence
from functools import lru_cache

from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget


class Kept:
    """The drawn rows of one widget that has neither border nor padding."""

    def __init__(self) -> None:
        self._rows: dict[int, Strip] = {}
        self._size = Size()

    def forget(self, regions: Sequence[Region]) -> None:
        """Let these regions be drawn again; without any, everything."""
        if not regions:
            self._rows.clear()
        for region in regions:
            for y in region.line_range:
                self._rows.pop(y, None)

    def lines(self, widget: Widget, crop: Region) -> list[Strip]:
        """Return the rows of a part of the widget, drawing those that are not there."""
        if widget.outer_size != self._size:
            self._rows.clear()
            self._size = widget.outer_size
        rows = self._rows
        if wanted := [y for y in crop.line_range if y not in rows]:
            filters = widget.get_line_filters()
            ground = widget.background_colors[1]
            for y in wanted:
                rows[y] = _filtered(widget.render_line(y), filters, ground)
        strips = [rows[y] for y in crop.line_range]
        first, last = crop.column_span
        if (first, last) == (0, self._size.width):
            return strips
        return [strip.crop(first, last) for strip in strips]


def covered(widget: Widget, crop: Region) -> list[Strip]:
    """Return no rows, as the `render_lines` of what its children cover."""
    return []


def plain(widget: Widget, crop: Region) -> list[Strip]:
    """Return bare rows, as the `render_lines` of a screen that its widgets cover once a layout is done."""
    return [_bare(crop.width, widget.visual_style.rich_style)] * crop.height


@lru_cache(maxsize=16)
def _bare(width: int, style: Style) -> Strip:
    return Strip.blank(width, style)  # always the same, with what Textual worked out for it


def _filtered(strip: Strip, filters: Sequence[LineFilter], ground: Color) -> Strip:
    for each in filters:
        strip = strip.apply_filter(each, ground)
    return strip
