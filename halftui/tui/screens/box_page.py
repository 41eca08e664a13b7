"""The agents or the convoys as a page, for terminals that are too narrow for the rail."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import Snapshot
from halftui.tui import bars, items
from halftui.tui.app import half
from halftui.tui.items import Item
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.rail import Box


class BoxPage(Screen[Item | None]):
    """One box of the rail over the whole screen; the result is the opened item."""

    PLACE = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("enter", "open", "open", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._box = name

    def compose(self) -> ComposeResult:
        """Return header, box, hints."""
        yield Line(self._header, id="header")
        empty = ("", "no agent yet: s slings a bead") if self._box == "agents" else ("", "no convoy yet")
        yield Box(self._box.title(), empty, half(self).inks, id=self._box)
        keys = [("enter", "open"), ("esc", "back to the board")]
        yield Line(lambda width: bars.plain_hints(width, keys, half(self).inks), id="hints")

    def on_mount(self) -> None:
        """Fill the box."""
        if (snapshot := half(self).snapshot) is not None:
            self.show(snapshot)
        self.query_one(Box).focus()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        if self._box == "agents":
            self.query_one(Box).show(items.agents(snapshot, half(self).clock()))
        else:
            self.query_one(Box).show(items.convoys(snapshot))
        self.query_one("#header", Line).repaint()

    def _header(self, width: int) -> Strip:
        if (snapshot := half(self).snapshot) is None:
            return Strip.blank(width)
        inks = half(self).inks
        return bars.header(width, snapshot, self._box.title(), inks).apply_style(inks["ground"])

    def action_open(self) -> None:
        """Hand back the item."""
        self.dismiss(self.query_one(Box).item)

    def on_box_left(self) -> None:
        """Go back."""
        self.dismiss(None)

    def on_box_opened(self, event: Box.Opened) -> None:
        """Hand back the item."""
        self.dismiss(event.item)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)
