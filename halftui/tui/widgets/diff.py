"""A file's changes, one column or two; a line is styled only when it is seen."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from halftui.tui import clip
from halftui.tui.app import half
from halftui.tui.draw import cut
from halftui.tui.keys import Action, bindings
from halftui.tui.widgets.cells import padded, piece
from halftui.tui.widgets.patch import Patch, Row, Spot, changed
from halftui.tui.widgets.rows import overlaid
from halftui.tui.widgets.syntax import spans

SPLIT_FROM = 160  # columns of the screen from which two columns are shown unasked
STRIPS = 2_000
PROSE = 100  # cells; longer lines of prose are hard to read
PARTS = ("line", "plus", "minus", "plus-sign", "minus-sign", "plus-word", "minus-word", "number", "rule",
         "place", "note", "intro", "comment", "cursor", "cursor-ground")  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    Action("diff.next", "n", "hunk", "Go to the next hunk", "diff", 4),
    Action("diff.previous", "N", "previous hunk", "Go to the hunk before", "diff", 9),
    Action("diff.wrap", "w", "wrap", "Wrap long lines, or cut them", "diff", 6),
    Action("diff.split", "=", "split", "Show old and new side by side, or in one column", "diff", 6),
    Action("diff.copy", "y", "copy", "Copy the line", "diff", 8),
    Action("diff.up", "up,k", "up", "Go to the line above", "diff", 9),
    Action("diff.down", "down,j", "down", "Go to the line below", "diff", 9),
    Action("diff.half_up", "ctrl+u,pageup", "half a page up", "Go up half a page", "diff", 9),
    Action("diff.half_down", "ctrl+d,pagedown", "half a page down", "Go down half a page", "diff", 9),
    Action("diff.top", "home,g", "top", "Go to the first line", "diff", 9),
    Action("diff.bottom", "end,G", "end", "Go to the last line", "diff", 9),
)


class DiffView(ScrollView, can_focus=True, inherit_bindings=False):
    """One file's patch with a cursor on a line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"diff--{part}" for part in PARTS}
    DEFAULT_CSS = """
    DiffView {
        overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
        scrollbar-background: $background; scrollbar-background-hover: $background;
        background: $background; color: $foreground; height: 1fr;
        & > .diff--line { color: $foreground; }
        & > .diff--plus { color: $foreground; background: $success 10%; }
        & > .diff--minus { color: $foreground; background: $error 10%; }
        & > .diff--plus-sign { color: $success; background: $success 10%; text-style: bold; }
        & > .diff--minus-sign { color: $error; background: $error 10%; text-style: bold; }
        & > .diff--plus-word { background: $success 28%; }
        & > .diff--minus-word { background: $error 28%; }
        &:ansi > .diff--plus-word, &:ansi > .diff--minus-word { text-style: underline; }
        & > .diff--number { color: $text-disabled; }
        & > .diff--rule { color: $border; }
        & > .diff--place { color: $text-muted; text-style: italic; }
        & > .diff--intro { color: $foreground; }
        & > .diff--note { color: $text-muted; text-style: italic; }
        & > .diff--comment { color: $warning; }
        & > .diff--cursor { color: $accent; text-style: bold; }
        & > .diff--cursor-ground { background: $accent 14%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("diff", ACTIONS))

    cursor = reactive(0, repaint=False)  # the row it stands on

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.patch = Patch(())
        self.message = ""
        self._comments: Mapping[Spot, str] = {}
        self._intro = self._path = ""
        self._rows: list[Row] = []
        self._wraps = False
        self._is_split: bool | None = None
        self._laid_for = (0, False)
        self._strips: dict[Row, Strip] = {}
        self.styled = 0  # rows drawn so far, for those who doubt the laziness

    # What it shows

    def say(self, message: str) -> None:
        """Show a sentence instead of a patch."""
        self.message, self._intro = message, ""
        self._take(Patch(()), {})

    def show(
        self,
        lines: Sequence[str],
        comments: Mapping[Spot, str] | None = None,
        intro: str = "",
        path: str = "",
    ) -> None:
        """Show a patch's lines, cleaned, and the comments on lines of it; the cursor goes to the top.

        `intro` is prose that stands above the first hunk; `path` tells the language of the code.
        """
        self._intro, self._path = intro, path
        self.message = "" if lines else "nothing changed in the text of this file"
        self._take(Patch(lines), comments or {})

    def annotate(self, comments: Mapping[Spot, str]) -> None:
        """Show other comments on the same patch."""
        self._comments = dict(comments)
        self._lay_out()

    @property
    def spot(self) -> Spot | None:
        """The line of the file that the cursor is on."""
        row = self._rows[self.cursor] if self._rows else None
        if row is None or row.kind not in ("line", "pair", "comment"):
            return None
        return self.patch.spot(row.other if row.other >= 0 else row.line)

    @property
    def line(self) -> str:
        """The text that the cursor is on."""
        row = self._rows[self.cursor] if self._rows else None
        if row is None or (row.line < 0 and row.other < 0):
            return ""
        return self.patch.lines[row.other if row.other >= 0 else row.line]

    @property
    def hunk(self) -> tuple[int, int]:
        """Which hunk the cursor is in, from 1, and how many there are."""
        row = self._rows[self.cursor] if self._rows else None
        at = max(row.line, row.other) if row is not None else -1
        return self.patch.hunk_of(at) + 1, len(self.patch.hunks)

    @property
    def is_split(self) -> bool:
        """True while old and new stand side by side."""
        return self.app.size.width >= SPLIT_FROM if self._is_split is None else self._is_split

    def _take(self, patch: Patch, comments: Mapping[Spot, str]) -> None:
        self.patch, self._comments = patch, dict(comments)
        self._rows = []
        self._lay_out()
        first = next((y for y, row in enumerate(self._rows) if row.kind in ("line", "pair")), 0)
        self.cursor = first
        self.scroll_to(y=0, animate=False)

    def _lay_out(self) -> None:
        """Make the rows anew and keep the cursor on its line."""
        on = max(self._rows[self.cursor][1:3]) if self._rows else -1
        self._laid_for = (self._cells, self.is_split)
        self._rows = self.patch.head(max(min(self._cells - 4, PROSE), 8), self._intro)
        if self.is_split:
            self._rows += self.patch.pairs(self._cells - self._gutter - 8, self._comments)
        else:
            self._rows += self.patch.rows(self._room, self._comments, wraps=self._wraps)
        self._strips.clear()
        self.virtual_size = Size(self._cells, len(self._rows))
        if on >= 0:
            self.cursor = next((y for y, row in enumerate(self._rows) if max(row[1:3]) >= on), 0)
        self.refresh()

    @property
    def _cells(self) -> int:
        """The width that is left beside the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def _gutter(self) -> int:
        return self.patch.digits + 5

    @property
    def _room(self) -> int:
        return max(self._cells - self._gutter, 8)

    @property
    def _side(self) -> tuple[int, int]:
        """The cells of each of the two columns."""
        left = (self._cells - 1) // 2
        return left, self._cells - 1 - left

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width = self._cells
        number = int(self.scroll_y) + y
        if number >= len(self._rows):
            told = "" if self._rows else piece(self.message, max(width - 4, 8), y - 1)
            said = Segment(f"  {told}", self._look("note"))
            return Strip([said] if told else []).adjust_cell_length(width, self.rich_style)
        row = self._rows[number]
        strip = self._strips.get(row)
        if strip is None:
            if len(self._strips) >= STRIPS:
                self._strips.clear()
            strip = Strip(self._drawn(row)).adjust_cell_length(width, self.rich_style)
            self._strips[row] = strip
        if number == self.cursor and self.has_focus_within:
            ground = Style(bgcolor=self._look("cursor-ground").bgcolor)
            segments = overlaid(list(strip), 0, width, ground)
            mark = Segment("▌", self._look("cursor") + ground)
            strip = Strip([mark, *Strip(segments).crop(1, width)])
        return strip.apply_offsets(0, number)

    def _look(self, part: str) -> Style:
        return self.get_component_rich_style(f"diff--{part}")

    def _drawn(self, row: Row) -> list[Segment]:
        self.styled += 1
        match row.kind:
            case "note" | "intro":
                return [Segment(f"  {cut(row.text, self._cells - 2)}", self._look(row.kind))]
            case "hunk":
                return self._rule(row.line)
            case "comment":
                mark = "┌ you: " if row.stop else "│      "
                lead = " " * (self._gutter - 2)
                return [Segment(cut(f"{lead}{mark}{row.text}", self._cells), self._look("comment"))]
            case "pair":
                left, right = self._side
                return [
                    *self._cell(row.line, left, "-", row),
                    Segment("│", self._look("rule")),
                    *self._cell(row.other, right, "+", row),
                ]
            case _:
                return self._cell(row.line, self._cells, "", row)

    def _rule(self, at: int) -> list[Segment]:
        hunk = self.patch.hunks[self.patch.hunk_of(at)]
        width = self._cells
        number = f" {hunk.new:>{self.patch.digits}} "
        head = f"{number}──"
        place = f" {cut(hunk.place, width - len(head) - 4)} " if hunk.place else ""
        rest = "─" * max(width - len(head) - cell_len(place), 0)
        rule = self._look("rule")
        return [
            Segment(number, self._look("number")),
            Segment("──", rule),
            Segment(place, self._look("place")),
            Segment(rest, rule),
        ]

    def _cell(self, line: int, cells: int, side: str, row: Row) -> list[Segment]:
        """Return a line of the file in so many cells: number, sign, text."""
        if line < 0:
            return [Segment(" " * cells, self._look("line"))]
        text = self.patch.lines[line]
        sign = text[:1] if text[:1] in ("+", "-") else " "
        if text.startswith("\\"):
            said = padded(f"{' ' * self._gutter}{text[2:]}", cells)
            return [Segment(said, self._look("note"))]
        part = {"+": "plus", "-": "minus"}.get(sign, "line")
        old, new = self.patch.numbers(line)
        number = "" if row.start else old if sign == "-" or side == "-" else new
        room = cells - self._gutter
        stop = len(text) - 1 if row.stop < 0 else row.stop
        shown = text[1:][row.start : stop]
        body = [Segment(padded(shown, room), self._look(part))]
        body = self._coloured(body, text[1:], row.start, room)
        body = self._words(line, body, row.start, part, room)
        mark = self._look(f"{part}-sign") if part != "line" else self._look("line")
        return [
            Segment(f" {number:>{self.patch.digits}} ", self._look("number")),
            Segment(f" {sign} ", mark),
            *body,
        ]

    def _coloured(self, body: list[Segment], text: str, start: int, room: int) -> list[Segment]:
        """Draw what the words of the code are; without colours nothing is said by them."""
        if not self._path or self.app.ansi_color:
            return body
        inks, before = half(self).inks, cell_len(text[:start])
        for span in spans(self._path, text):
            low, high = max(span.start - before, 0), min(span.stop - before, room)
            if low < high:
                body = overlaid(body, low, high, inks[span.ink])
        return body

    def _words(self, line: int, body: list[Segment], start: int, part: str, room: int) -> list[Segment]:
        """Mark what differs from the line that stands for this one."""
        mate = self.patch.mate(line)
        if mate is None:
            return body
        lines = self.patch.lines
        old, new = (line, mate) if part == "minus" else (mate, line)
        spans = changed(lines[old][1:], lines[new][1:])
        if spans is None:
            return body
        span = spans[0] if part == "minus" else spans[1]
        low, high = max(span.start - start, 0), min(span.stop - start, room)
        return overlaid(body, low, high, self._look(f"{part}-word")) if low < high else body

    def notify_style_update(self) -> None:
        """Draw anew in another theme."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self) -> None:
        """Lay out anew for another width."""
        if self._laid_for != (self._cells, self.is_split):
            self._lay_out()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    # Moving

    def watch_cursor(self, old: int, new: int) -> None:
        """Keep the cursor in sight."""
        for number in (old, new):
            self.refresh_line(number)
        top, height = int(self.scroll_y), max(self.size.height, 1)
        margin = min(3, height // 4)
        if new < top + margin:
            self.scroll_to(y=max(new - margin, 0), animate=False)
        elif new >= top + height - margin:
            self.scroll_to(y=min(new - height + 1 + margin, self.max_scroll_y), animate=False)

    def _move(self, to: int) -> None:
        self.cursor = min(max(to, 0), max(len(self._rows) - 1, 0))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        self._move(int(self.scroll_y) + event.y)

    def action_diff_up(self) -> None:
        """Go up a line."""
        self._move(self.cursor - 1)

    def action_diff_down(self) -> None:
        """Go down a line."""
        self._move(self.cursor + 1)

    def action_diff_half_up(self) -> None:
        """Go up half a page."""
        self._move(self.cursor - max(self.size.height // 2, 1))

    def action_diff_half_down(self) -> None:
        """Go down half a page."""
        self._move(self.cursor + max(self.size.height // 2, 1))

    def action_diff_top(self) -> None:
        """Go to the first line."""
        self._move(0)

    def action_diff_bottom(self) -> None:
        """Go to the last line."""
        self._move(len(self._rows) - 1)

    def action_diff_next(self) -> None:
        """Go to the next hunk."""
        self._step(1)

    def action_diff_previous(self) -> None:
        """Go to the hunk before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        heads = [y for y, row in enumerate(self._rows) if row.kind == "hunk"]
        after = [y for y in heads if (y > self.cursor if by > 0 else y + 1 < self.cursor)]
        if after:
            to = after[0] if by > 0 else after[-1]
            self._move(to + 1)
            self.scroll_to(y=min(to, self.max_scroll_y), animate=False)

    # Looks

    def action_diff_wrap(self) -> None:
        """Wrap long lines or cut them."""
        self._wraps = not self._wraps
        self._lay_out()

    def action_diff_split(self) -> None:
        """Show one column or two."""
        self._is_split = not self.is_split
        self._lay_out()

    def action_diff_copy(self) -> None:
        """Copy the cursor's line."""
        clip.copy(self.app, self.line[1:])
