"""A pane that follows the lines of one attempt: history first, then live, at a calm pace."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from halftui.domain.text import clean_line, counted
from halftui.errors import HalfTUIError
from halftui.ops.transcripts import Entry
from halftui.service.service import Service
from halftui.tui import clip, saving
from halftui.tui.app import half, spawn
from halftui.tui.keys import bindings
from halftui.tui.widgets.cells import piece
from halftui.tui.widgets.pane_look import ACTIONS as ACTIONS
from halftui.tui.widgets.pane_look import CSS, rest
from halftui.tui.widgets.rows import PARTS, Form, Row, Tail, drawn, plain, selected
from halftui.tui.widgets.search import Search

HISTORY = 1_000  # lines shown of what was before
STRIPS = 1_000  # drawn rows kept
RETRY_SECONDS = 2.0
BEHIND = 2_000  # lines at once that nobody can read: the pane goes on at the newest
SELECTION = "screen--selection"
TIMES_FROM = 70  # cells of width from which the time column is shown unasked


class LinePane(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of one attempt, following its end until somebody scrolls up."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{part}" for part in PARTS}
    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("pane", ACTIONS))

    class Zoom(Message):
        """Somebody wants this pane to fill the screen, or no longer."""

        def __init__(self, pane: "LinePane") -> None:
            super().__init__()
            self.pane = pane

    class Sought(Message):
        """Somebody searched here for a text, or no longer."""

        def __init__(self, pane: "LinePane", text: str) -> None:
            super().__init__()
            self.pane, self.text = pane, text

    def __init__(self, service: Service, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._service = service
        self.attempt: str | None = None
        self.nobody = ""  # what is said while there is no attempt
        self.title = ""
        self._forget()
        self._wraps = False
        self._times: bool | None = None
        self._is_moving = False
        self._kept_ground: Style | None = None
        self._width = 0  # that the rows are laid out for
        self._said = ("", "")  # title and state, as they stand in the border
        self._search = Search()
        self._folds = self._shows_use = False
        self._strips: dict[tuple[Row, int | None], Strip] = {}

    def _forget(self) -> None:
        self.tail = Tail()
        self._follows, self._is_over, self._unseen = True, False, 0
        self._used: dict[int, str] = {}  # what was used in all, by the number of the newest line then

    # What it shows

    def show(self, attempt: str | None, title: str = "") -> None:
        """Switch to the lines of an attempt, or to none; `title` is plain text for the border."""
        self.title = title
        if attempt != self.attempt:
            self.attempt = attempt
            self._forget()
            self._strips.clear()
            self.workers.cancel_group(self, "lines")
            if attempt is not None:
                self._read(attempt)
            self._measure(0)
        self._say_state()

    @work(group="lines", exclusive=True)
    async def _read(self, attempt: str) -> None:
        while not self._is_over:
            try:
                await self._catch_up(attempt)
            except HalfTUIError as error:
                said = (self.tail.last, time.time(), "error", clean_line(f"the lines can't be read: {error}"))
                if not self.tail.entries or self.tail.entries[-1][3] != said[3]:
                    self._take((said,))
                await asyncio.sleep(RETRY_SECONDS)

    async def _catch_up(self, attempt: str) -> None:
        """Show the newest lines, then what comes, until that is more than anybody can read."""
        lines, after = self._service.lines, self.tail.last
        newest = [entry for entry in await lines.last(attempt, HISTORY) if entry[0] > after]
        if newest:
            self._take(newest, missed=newest[0][0] - after - 1)
        async for batch in lines.follow(attempt, self.tail.last):
            self._is_over = batch.is_over
            self._take(batch.entries, batch.missed)
            await asyncio.sleep(rest(len(batch.entries)))
            if len(batch.entries) >= BEHIND:
                return

    def _take(self, entries: Sequence[Entry], missed: int = 0) -> None:
        dropped = self.tail.take(entries, missed, self._form)
        self._unseen = 0 if self._follows else self._unseen + len(entries)
        self._measure(dropped)
        self._say_state()

    def _measure(self, dropped: int) -> None:
        """Take over the new number of rows without a layout of the whole screen."""
        height = len(self.tail.rows)
        self.set_reactive(Widget.virtual_size, Size(self._width, height))
        self.vertical_scrollbar.window_virtual_size = height
        self._is_moving = True
        if self._follows:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        elif dropped:
            self.scroll_to(y=max(self.scroll_y - dropped, 0), animate=False)
        self._is_moving = False
        self.refresh()

    def _say_state(self) -> None:
        said = (self.title, self._state() if self.attempt else "")
        if said != self._said:
            self._said = said
            self.border_title, self.border_subtitle = (Content(text) if text else None for text in said)

    def _state(self) -> str:
        if self._search.typed is not None:
            return f"/{self._search.typed}▏"
        words = self._search.words(self.tail.found(self._search.sought))
        parts = [words] if words else []
        if not self._follows:
            parts.append(f"PAUSED · {self._unseen:,} new ↓" if self._unseen else "PAUSED")
        else:
            parts.append("ENDED" if self._is_over else "FOLLOW")
        if self.tail.entries:
            parts.append(f"{self.tail.last:,} line{'s' * (self.tail.last != 1)}")
        return " · ".join(parts)

    # Rows and their drawing

    @property
    def _form(self) -> Form:
        shows_times = self._width >= TIMES_FROM if self._times is None else self._times
        sought, here = self._search.sought, self._search.here
        more = (self._folds, self._used, self._shows_use, not self.app.ansi_color)
        return Form(self._width, self._wraps, shows_times, self._look, sought, here, *more)

    def _look(self, part: str) -> Style:
        return self.get_component_rich_style(f"line--{part}")

    def _lay_out(self) -> None:
        """Make all rows anew for another width, and keep the line on top where it is."""
        rows, at = self.tail.rows, int(self.scroll_y)
        top = rows[min(at, len(rows) - 1)].entry[0] if rows else 0
        self.tail.lay_out(self._form)
        self._strips.clear()
        self._measure(0)
        if not self._follows:
            self._go_to(self.tail.row_of(top))

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        at = int(self.scroll_y) + y
        if at >= len(self.tail.rows):
            return self._empty(y)
        row, here = self.tail.rows[at], self._search.here
        number = at + self.tail.gone  # so that a row keeps its number, and its strip, while old ones go
        key = (row, here if row.entry[0] == here else None)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= STRIPS:
                self._strips.clear()
            strip = Strip(drawn(row, self._form)).adjust_cell_length(self._width, self._ground)
            self._strips[key] = strip = strip.apply_offsets(0, number)
        if (selection := self.text_selection) is not None:
            look = self.screen.get_component_rich_style(SELECTION)
            return selected(strip, selection, number, look).apply_offsets(0, number)
        return strip

    @property
    def _ground(self) -> Style:
        if self._kept_ground is None:
            self._kept_ground = self.rich_style
        return self._kept_ground

    def _empty(self, y: int) -> Strip:
        words = "no lines" if self._is_over else "waiting for the first line…"
        words = "" if self.tail.rows else words if self.attempt else self.nobody
        said = Segment(piece(words, max(self._width, 8), y), self._look("missed"))
        return Strip([said]).adjust_cell_length(self._width, self._ground)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text that the mouse selected."""
        form = self._form
        lines = "\n".join("".join(s.text for s in drawn(row, form)) for row in self.tail.rows)
        return selection.extract("\n" * self.tail.gone + lines), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw anew with another selection."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw anew in another theme."""
        super().notify_style_update()
        self._kept_ground = None
        self._strips.clear()

    def on_resize(self) -> None:
        """Lay the rows out for another width."""
        cells = self.scrollable_content_region.width  # beside the scrollbar
        if cells != self._width:
            self._width = cells
            self._lay_out()
        elif self._follows:
            self._measure(0)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Pause when somebody goes up, follow when they reach the end."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_moving:
            self._follows = new_value >= self.max_scroll_y
            self._unseen = 0 if self._follows else self._unseen
            self._say_state()

    def _go_to(self, y: float) -> None:
        self.scroll_to(y=min(max(y, 0), self.max_scroll_y), animate=False)

    def action_pane_up(self) -> None:
        """Go up a line."""
        self._go_up(1)

    def _go_up(self, rows: float) -> None:
        """Go up; beyond the oldest line that is shown, what was printed before it is read."""
        if self.scroll_y <= 0 and self.attempt is not None and self.tail.first > 1:
            self._read_before(self.attempt)
        self._go_to(self.scroll_y - rows)

    @work(group="before", exclusive=True)
    async def _read_before(self, attempt: str) -> None:
        try:
            older = await self._service.lines.before(attempt, self.tail.first, HISTORY)
        except HalfTUIError as error:
            half(self).refuse(error)
            return
        if attempt == self.attempt and older:
            self._follows = False
            rows = len(self.tail.rows)
            self.tail.put_before(older, self._form)
            self._strips.clear()
            self._measure(rows - len(self.tail.rows))
            self._say_state()

    def action_pane_down(self) -> None:
        """Go down a line."""
        self._go_to(self.scroll_y + 1)

    def action_pane_half_up(self) -> None:
        """Go up half a page."""
        self._go_up(max(self.size.height // 2, 1))

    def action_pane_half_down(self) -> None:
        """Go down half a page."""
        self._go_to(self.scroll_y + max(self.size.height // 2, 1))

    def action_pane_top(self) -> None:
        """Go to the oldest line that is shown; once more, to what was before."""
        self._go_up(self.scroll_y)

    def action_pane_follow(self) -> None:
        """Go to the newest line and follow."""
        self._follows, self._unseen, self._search.here = True, 0, None
        self._measure(0)
        self._say_state()

    def action_pane_wrap(self) -> None:
        """Wrap long lines or cut them."""
        self._wraps = not self._wraps
        self._lay_out()

    def action_pane_fold(self) -> None:
        """Fold what tools printed to one line each, or unfold it."""
        self._folds = not self._folds
        self._lay_out()

    def action_pane_times(self) -> None:
        """Show times, then what was used too, then neither."""
        shows_times = self._form.shows_times
        self._times, self._shows_use = not self._shows_use, shows_times and not self._shows_use
        self._lay_out()

    def spend(self, words: str) -> None:
        """Note what the attempt has used in all by now."""
        if words and self.tail.entries and words not in self._used.values():
            self._used[self.tail.last] = words
            self._strips.clear()
            self.refresh()

    def action_pane_zoom(self) -> None:
        """Ask the screen for more room."""
        self.post_message(self.Zoom(self))

    def action_pane_copy(self) -> None:
        """Copy the found line, or what is on the screen."""
        top = int(self.scroll_y)
        shown = {n for row in self.tail.rows[top : top + self.size.height] for n in row.stretch}
        shown = shown if self._search.here is None else {self._search.here}
        entries = [entry for entry in self.tail.entries if entry[0] in shown]
        clip.copy(self.app, plain(entries), counted(len(entries), "line"))

    def action_pane_save(self) -> None:
        """Save all lines of this pane to a file."""
        text, what = plain(self.tail.entries), counted(len(self.tail.entries), "line")
        spawn(self, partial(saving.save, half(self), text, f"{self.attempt}.txt", what), "verbs")

    # Searching

    def action_pane_search(self) -> None:
        """Begin to type what is sought."""
        self._search.begin()
        self._say_state()

    def on_key(self, event: events.Key) -> None:
        """Take the keys of a search that is being typed; `esc` ends a search."""
        is_ending = event.key == "escape" and bool(self._search.sought)
        if self._search.typed is None and not is_ending:
            return
        event.stop()
        event.prevent_default()
        sought = "" if self._search.typed is None else self._search.take(event)
        if sought is not None:
            self.seek(sought)
            self.post_message(self.Sought(self, sought))
        self._say_state()

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text into a search."""
        if self._search.typed is not None:
            event.stop()
            self._search.paste(event.text)
            self._say_state()

    def on_blur(self) -> None:
        """Give up a search that is still being typed."""
        self._search.give_up()
        self._say_state()

    def seek(self, text: str) -> None:
        """Show where a text stands, and go to the newest place; "" ends the search."""
        self._search.seek(text)
        self._strips.clear()
        self.refresh()
        if text:
            self._step(-1)
        self._say_state()

    def action_pane_next(self) -> None:
        """Go to the next match."""
        self._step(1)

    def action_pane_previous(self) -> None:
        """Go to the match before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        here = self._search.step(self.tail.found(self._search.sought), by)
        if here is None:
            return
        if self.tail.rows[self.tail.row_of(here)].folded:  # else the match would not be seen
            self.action_pane_fold()
        y = self.tail.row_of(here)
        if not self.scroll_y <= y < self.scroll_y + self.size.height:
            self._go_to(y - self.size.height // 2)
        self._follows = self.scroll_y >= self.max_scroll_y and by > 0
        self.refresh()
        self._say_state()
