"""Lines of an attempt as rows on the screen: laid out to a width, and drawn one by one."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.selection import Selection
from textual.strip import Strip

from halftui.ops.transcripts import Entry
from halftui.tui.draw import cut
from halftui.tui.widgets import sgr
from halftui.tui.widgets.cells import broken

RING = 5_000  # lines kept
TIME_CELLS, USE_CELLS = 9, 13
MARK_CELLS = 2
PROSE = frozenset({"say", "think", "note", "error", "ok", "missed"})  # wrapped in any case
MARKS = {
    "tool": "▸ ", "result": "│ ", "diff": "│ ", "ok": "✓ ", "error": "✗ ", "note": "· ", "missed": "… ",
}  # fmt: skip
FOLDED = frozenset({"result", "diff", "out"})  # what a tool printed
NOTHING: Mapping[int, str] = MappingProxyType({})
ALWAYS = frozenset({"result", "diff"})  # marked on each line, others on their first
KINDS = ("say", "think", "tool", "result", "ok", "error", "note", "out", "diff", "missed")
PARTS = (*KINDS, "time", "mark", "name", "plus", "minus", "match", "here")  # what a theme colours
_COUNTS = re.compile(r"(?<!\S)([+-])\d+(?!\S)")


class Row(NamedTuple):
    """One row on the screen: a piece of an entry's text."""

    entry: Entry
    start: int
    stop: int
    is_first: bool  # the entry's first piece, and the entry is the first of what came at once
    has_time: bool
    folded: int = 0  # lines behind this one that stand in it, folded away

    @property
    def stretch(self) -> range:
        """The numbers of the lines that stand in this row."""
        return range(self.entry[0], self.entry[0] + self.folded + 1)


class Form(NamedTuple):
    """How rows are drawn now."""

    cells: int  # of the whole row
    wraps: bool
    shows_times: bool
    look: Callable[[str], Style]
    sought: str
    here: int | None  # the number of the line that was found
    folds: bool = False  # what tools print stands in one row
    used: Mapping[int, str] = NOTHING  # words on what was used, by the number of a line
    shows_use: bool = False

    @property
    def room(self) -> int:
        """The cells that are left for the text."""
        columns = TIME_CELLS * self.shows_times + USE_CELLS * self.shows_use
        return max(self.cells - MARK_CELLS - columns, 8)


class Tail:
    """The newest entries of an attempt, at most RING, and the rows they take."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.rows: list[Row] = []
        self.gone = 0  # rows that were let go since they were laid out

    @property
    def last(self) -> int:
        """The number of the newest line, 0 before the first."""
        return self.entries[-1][0] if self.entries else 0

    @property
    def first(self) -> int:
        """The number of the oldest line, 0 if there is none."""
        if not self.entries:
            return 0
        return self.entries[0][0] + (self.entries[0][2] == "missed")

    def put_before(self, entries: Sequence[Entry], form: Form) -> None:
        """Add older entries before the others; the note of how many were missed goes."""
        kept = self.entries[1:] if self.entries and self.entries[0][2] == "missed" else self.entries
        self.entries = [*entries, *kept]
        self.lay_out(form)

    def take(self, entries: Sequence[Entry], missed: int, form: Form) -> int:
        """Add entries, `missed` lines after the last ones; return how many old rows went for them."""
        missed += max(len(entries) - RING, 0)
        fresh = list(entries[-RING:])
        if missed and fresh:
            number, at = fresh[0][:2]
            word = "line" if missed == 1 else "lines"
            fresh.insert(0, (number - 1, at, "missed", f"{missed:,} {word} not shown"))
        before = self.entries[-1] if self.entries else None
        self.entries += fresh
        join(self.rows, laid_out(fresh, before, form), form)
        return self._drop_oldest()

    def lay_out(self, form: Form) -> None:
        """Make all rows anew."""
        self.gone = 0
        self.rows = []
        join(self.rows, laid_out(self.entries, None, form), form)

    def found(self, sought: str) -> list[int]:
        """Return the numbers of the lines that hold `sought`, oldest first."""
        sought = sought.casefold()
        return [e[0] for e in self.entries if sought in sgr.plain(e[3]).casefold()] if sought else []

    def row_of(self, number: int) -> int:
        """Return where a line's first row stands."""
        return next((y for y, row in enumerate(self.rows) if number in row.stretch), 0)

    def _drop_oldest(self) -> int:
        if (excess := len(self.entries) - RING) <= 0:
            return 0
        del self.entries[:excess]
        oldest, count = self.entries[0], 0
        while self.rows[count].entry is not oldest and oldest[0] not in self.rows[count].stretch:
            count += 1
        del self.rows[:count]
        if (left := oldest[0] - self.rows[0].entry[0]) > 0:  # the first of a folded row's lines went
            self.rows[0] = self.rows[0]._replace(entry=oldest, folded=self.rows[0].folded - left)
        self.gone += count
        return count


def laid_out(entries: Sequence[Entry], before: Entry | None, form: Form) -> list[Row]:
    """Return the rows of some entries that follow the entry `before`."""
    room, rows = form.room, []
    for entry in entries:
        _, at, kind, text = entry
        is_first = before is None or before[1] != at or before[2] != kind
        has_time = before is None or int(before[1]) != int(at)
        before = entry
        if len(text) <= room // 2 or not (form.wraps or kind in PROSE):
            rows.append(Row(entry, 0, len(text), is_first, has_time))
            continue
        for start, stop in broken(sgr.plain(text), room, at_words=kind in PROSE):
            rows.append(Row(entry, start, stop, is_first and not start, has_time and not start))
    return rows


def join(rows: list[Row], more: Sequence[Row], form: Form) -> None:
    """Add rows behind others; where the form folds, what a tool printed goes on in its first row."""
    if not form.folds:
        rows += more
        return
    for row in more:
        if not rows or row.entry[2] not in FOLDED or rows[-1].entry[2] not in FOLDED:
            rows.append(row)
        elif row.entry[0] not in rows[-1].stretch:
            rows[-1] = rows[-1]._replace(folded=row.entry[0] - rows[-1].entry[0])


def drawn(row: Row, form: Form) -> list[Segment]:
    """Return a row's segments."""
    number, at, kind, text = row.entry
    kind, look = kind if kind in KINDS else "out", form.look
    head = []
    if form.shows_times:
        head.append(Segment(_clock(int(at)) if row.has_time else " " * TIME_CELLS, look("time")))
    if form.shows_use:
        used = cut(form.used.get(number, ""), USE_CELLS - 1)
        head.append(Segment(f"{used:>{USE_CELLS - 1}} ", look("time")))
    mark = MARKS.get(kind, "  ") if row.is_first or kind in ALWAYS else "  "
    head.append(Segment(mark, look(kind if kind in ("ok", "error") else "mark")))
    note = f" … {row.folded:,} more" if row.folded else ""
    body = _body(kind, text, row, form, form.room - len(note))
    if form.sought:
        shown = sgr.plain(text)[row.start : row.stop]
        for match in re.finditer(re.escape(form.sought), shown, re.IGNORECASE):
            body = overlaid(body, *match.span(), look("here" if number == form.here else "match"))
    return [*head, *body, *([Segment(note, look("missed"))] if note else [])]


def _body(kind: str, text: str, row: Row, form: Form, room: int) -> list[Segment]:
    base = form.look(kind)
    if kind == "out" and "\x1b" in text:
        stop = row.stop if row.start or form.wraps else len(text)
        body = [Segment(piece, base + style) for piece, style in sgr.spans(text)]
        return _within(body, row.start, stop, room)
    piece = cut(sgr.plain(text)[row.start : row.stop], room)
    if kind == "tool" and row.start == 0:
        return _call(piece, base, form.look)
    if kind == "diff" and text[:1] in ("+", "-"):
        base = form.look("plus" if text[0] == "+" else "minus")
    return [Segment(piece, base)]


def _call(text: str, base: Style, look: Callable[[str], Style]) -> list[Segment]:
    """Return a tool's call: its name, what it is called with, and counts of lines in their colours."""
    name, space, rest = text.partition(" ")
    body = [Segment(name, look("name")), Segment(space + rest, base)]
    for match in _COUNTS.finditer(text):
        body = overlaid(body, *match.span(), look("plus" if match[1] == "+" else "minus"))
    return body


@lru_cache(512)
def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S ", time.localtime(second))


def _within(segments: Sequence[Segment], start: int, stop: int, cells: int) -> list[Segment]:
    """Return the characters from `start` to `stop` of a line, cut to `cells`."""
    kept: list[Segment] = []
    place = 0
    for text, style, _ in segments:
        piece = text[max(start - place, 0) : max(stop - place, 0)]
        place += len(text)
        short = cut(piece, cells)
        kept.append(Segment(short, style))
        cells -= cell_len(short)
        if short != piece:
            break
    return kept


def overlaid(segments: Sequence[Segment], start: int, stop: int, look: Style) -> list[Segment]:
    """Return a line whose characters from `start` to `stop` have `look` over their own style."""
    shown: list[Segment] = []
    place = 0
    for text, style, _ in segments:
        low, high = max(start - place, 0), max(stop - place, 0)
        place += len(text)
        if low >= len(text) or high <= 0:
            shown.append(Segment(text, style))
            continue
        over = style + look if style else look
        parts = ((text[:low], style), (text[low:high], over), (text[high:], style))
        shown += [Segment(part, own) for part, own in parts if part]
    return shown


def selected(strip: Strip, selection: Selection, number: int, look: Style) -> Strip:
    """Return the row `number` with what the mouse selected of it in `look`."""
    if (span := selection.get_span(number)) is None:
        return strip
    start, stop = span
    stop = strip.cell_length if stop == -1 else stop
    return Strip(overlaid(list(strip), start, stop, look), strip.cell_length)


def plain(entries: Sequence[Entry]) -> str:
    """Return the text of lines without their colours."""
    return "\n".join(sgr.plain(entry[3]) for entry in entries)
