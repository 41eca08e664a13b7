"""What the places that list things share: a header, a page of rows in a frame, hints, and when they read."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import Snapshot
from halftui.errors import HalfTUIError
from halftui.tui import bars
from halftui.tui.app import HalfApp, half
from halftui.tui.keys import Action
from halftui.tui.screens.page import Told
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.told import Page

WIDEST = 160


class Place(Screen[None]):
    """A place that lists things, and reads them anew whenever the board changed.

    A place of its own says its NAME as the header marks it, its ACTIONS, and whether it `is_empty`; `_fetch`
    reads and `_present` shows what was read. Parts are held, not searched: what is read for a place that
    somebody has left meanwhile is shown to nobody.
    """

    NAME: ClassVar[str]
    ACTIONS: ClassVar[Sequence[Action]]
    ALONE: ClassVar[frozenset[str]] = frozenset()  # actions that do something where nothing stands
    AUTO_FOCUS = "Page"
    DEFAULT_CSS = """
    Place #place { border: round $border; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $text-muted; background: $background; padding: 0 0 0 0; height: 1fr; }
    Place #place:focus-within { border: heavy $primary; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.page = Page(WIDEST)
        self.frame = Vertical(self.page, id="place")
        self.frame.border_title = Content(self.NAME)

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands here that keys could do something to."""
        return False

    def compose(self) -> ComposeResult:
        """Return header, rows, hints."""
        yield Line(self._header, id="header")
        yield self.frame
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Read what there is."""
        self.read()

    def show(self, snapshot: Snapshot) -> None:
        """Read again."""
        if self.is_mounted:
            self.read()

    @work(group="reading", exclusive=True)
    async def read(self) -> None:
        """Read and show it; a refusal leaves what stood there."""
        try:
            await self._fetch()
        except HalfTUIError as error:
            self.half.refuse(error)
            return
        self._present()

    async def _fetch(self) -> None:
        raise NotImplementedError

    def _present(self) -> None:
        raise NotImplementedError

    def tell(self, told: Callable[[int], list[Told]], title: str, note: str = "") -> None:
        """Show rows in the frame, with its title and a note below."""
        self.frame.border_title, self.frame.border_subtitle = Content(title), Content(note) if note else None
        self.page.show(told, keeps_place=True)
        for line in self.query(Line):
            line.refresh()

    def _header(self, width: int) -> Strip:
        snapshot, inks = self.half.snapshot, self.half.inks
        if snapshot is None:
            return Strip.blank(width)
        return bars.header(width, snapshot, self.NAME, inks).apply_style(inks["ground"])

    def _hints(self, width: int) -> Strip:
        inks = self.half.inks
        told = [a for a in self.ACTIONS if a.rank < 9 and (a.id in self.ALONE or not self.is_empty)]
        return bars.hints(width, told, inks, self.half.may).apply_style(inks["ground"])
