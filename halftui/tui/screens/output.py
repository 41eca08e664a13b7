"""What the agent of one bead prints, as large as the terminal."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import Card, Snapshot
from halftui.tui import bars
from halftui.tui.app import HalfApp, half
from halftui.tui.keys import Action
from halftui.tui.widgets.line import Line

BACK = Action("leave", "escape", "back", "Back to where you were", "output", 0)


class OutputScreen(Screen[None]):
    """One pane over the whole screen."""

    PLACE = "pane"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    def __init__(self, card: Card) -> None:
        super().__init__()
        self._card = card

    def compose(self) -> ComposeResult:
        """Return header, pane, hints."""
        from halftui.tui.widgets.pane import LinePane

        yield Line(self._header, id="header")
        yield LinePane(half(self).service)
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Show the bead's newest attempt."""
        from halftui.tui.widgets.pane import LinePane

        pane = self.query_one(LinePane)
        who = f" · {self._card.assignee}" if self._card.assignee else ""
        pane.nobody = "no agent has tried it yet"
        pane.show(self._card.attempt or None, f"{self._card.id} {self._card.title}{who}")
        pane.focus()

    def show(self, snapshot: Snapshot) -> None:
        """Keep the header true."""
        self.query_one("#header", Line).repaint()

    def _header(self, width: int) -> Strip:
        if (snapshot := half(self).snapshot) is None:
            return Strip.blank(width)
        inks = half(self).inks
        return bars.header(width, snapshot, "Output", inks).apply_style(inks["ground"])

    def _hints(self, width: int) -> Strip:
        return told(width, half(self), has_lines=bool(self._card.attempt))

    def action_leave(self) -> None:
        """Go back."""
        self.app.pop_screen()


def told(width: int, app: HalfApp, *, has_lines: bool) -> Strip:
    """Return the keys of a screen that is one pane, where they do something."""
    from halftui.tui.widgets import pane

    rest = [a for a in pane.ACTIONS if a.rank < 9 and a.id != "pane.zoom"] if has_lines else []
    return bars.hints(width, [BACK, *rest], app.inks).apply_style(app.inks["ground"])
