"""The line after `/`: words that narrow all lanes while they are typed."""

import asyncio
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input
from textual.worker import WorkType

from halftui.domain.lanes import STATES
from halftui.domain.shown import Lane
from halftui.errors import HalfTUIError
from halftui.ops import views
from halftui.tui.app import half
from halftui.tui.widgets.lane import Lane as Column

TYPING_SECONDS = 0.1  # the board is read when the typing pauses for so long
LONGEST = 200


class Finder(Input):
    """Words, and the lanes as they are with these words alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", "back", show=False),
        Binding("down,tab", "leave", "cards", show=False),
    ]
    DEFAULT_CSS = """
    Finder, Finder:focus {
        height: 1; border: none; padding: 0 1; background: $panel; color: $foreground;
    }
    """

    class Turned(Message):
        """The lanes are others than before."""

        def __init__(self, *, is_other: bool) -> None:
            super().__init__()
            self.is_other = is_other  # other words, not just other cards

    class Left(Message):
        """The person goes back to the cards."""

    def __init__(self) -> None:
        super().__init__(
            id="finder", max_length=LONGEST, placeholder="words, #label, @who, !1 · enter keeps · esc ends"
        )
        self.display = False
        self.words = ""  # those that `lanes` were read with
        self.lanes: tuple[Lane, ...] | None = None  # None: nothing is narrowed

    def on_mount(self) -> None:
        """Let the cursor not blink: each blink is a repaint."""
        self.cursor_blink = False

    @property
    def note(self) -> str:
        """What the status line says of it."""
        if self.lanes is None:
            return ""
        return f"/ {self.words}   {sum(lane.total for lane in self.lanes if lane.name in STATES)} found"

    def open(self) -> None:
        """Let the person type."""
        self.display = True
        self.focus()

    def end(self) -> None:
        """Narrow nothing any more."""
        self.value = ""
        self.display = False
        if self.lanes is not None:
            self.words, self.lanes = "", None
            self.post_message(self.Turned(is_other=True))

    def renew(self) -> None:
        """Read again, since the board changed."""
        if self.words:
            self._read_later(0.0)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow by what is typed so far."""
        event.stop()
        if self.display:
            self._read_later(TYPING_SECONDS)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the words and go back to the cards."""
        event.stop()
        self.action_leave()

    def action_leave(self) -> None:
        """Back to the cards; the words stay."""
        if not self.value.strip():
            self.end()
        self.display = False
        self.post_message(self.Left())

    def action_give_up(self) -> None:
        """Back to all cards."""
        self.end()
        self.post_message(self.Left())

    async def read_page(self, lane: Column, page: int) -> None:
        """Give a long lane a page of its cards."""
        app, size, words = half(lane), views.WINDOW, self.words
        try:
            read = app.service.read
            found = await app.ask(read, views.lane, app.board, lane.lane, size, page * size, words)
        except HalfTUIError as error:
            app.refuse(error)
            return
        if words == self.words:
            lane.add_page(page, found.cards)

    def _read_later(self, seconds: float) -> None:
        work: WorkType[None] = partial(self._read, seconds)
        self.run_worker(work, group="find", exclusive=True)

    async def _read(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        app, words = half(self), " ".join(self.value.split())
        try:
            found = await app.ask(app.service.read, views.lanes, app.board, words) if words else None
        except HalfTUIError as error:
            app.refuse(error)
            return
        is_other, self.words, self.lanes = words != self.words, words, found
        self.post_message(self.Turned(is_other=is_other))
