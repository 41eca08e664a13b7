"""What the places that list things share: a header, a page of rows in a frame, hints."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from halftui.tui import bars
from halftui.tui.app import half
from halftui.tui.keys import Action
from halftui.tui.screens.page import Told
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.told import Page

WIDEST = 160
CSS = """
#place { border: round $border; border-title-color: $primary; border-title-style: bold;
    border-subtitle-color: $text-muted; background: $background; padding: 0 0 0 0; height: 1fr; }
#place:focus-within { border: heavy $primary; }
"""


def parts(
    screen: Screen[Any], name: str, actions: Sequence[Action], widest: int = WIDEST
) -> Iterator[Widget]:
    """Yield the widgets of a place; `name` is the one that the header marks."""

    def header(width: int) -> Strip:
        snapshot = half(screen).snapshot
        if snapshot is None:
            return Strip.blank(width)
        inks = half(screen).inks
        return bars.header(width, snapshot, name, inks).apply_style(inks["ground"])

    def hints(width: int) -> Strip:
        inks = half(screen).inks
        return bars.hints(width, [a for a in actions if a.rank < 9], inks).apply_style(inks["ground"])

    frame = Vertical(Page(WIDEST), id="place")
    frame.border_title = Content(name)
    yield Line(header, id="header")
    yield frame
    yield Line(hints, id="hints")


def tell(
    screen: Screen[Any], told: Callable[[int], list[Told]], title: str, note: str = "", *, keeps: bool = True
) -> None:
    """Show rows in the frame of a place, with its title and a note below."""
    frame = screen.query_one("#place", Vertical)
    frame.border_title, frame.border_subtitle = Content(title), Content(note) if note else None
    screen.query_one(Page).show(told, keeps_place=keeps)
    for line in screen.query(Line):
        line.refresh()


def opens(screen: Screen[Any]) -> str:
    """Return what the cursor's row opens, or ""."""
    return screen.query_one(Page).opens
