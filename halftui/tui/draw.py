"""Drawing by hand: one row of a terminal at a time, cut to its width, framed, never through markup."""

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

PLAIN = Style()
MINUTE, HOUR, DAY = 60, 3600, 86_400
LIGHT = ("╭", "─", "╮", "│", "╰", "╯")
HEAVY = ("┏", "━", "┓", "┃", "┗", "┛")


def cut(text: str, width: int) -> str:
    """Return `text` in at most `width` cells; what was cut off is marked by an ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def age(seconds: float) -> str:
    """Return a span in one unit; what is younger than a minute is `now`, so that nothing flickers."""
    if seconds < MINUTE:
        return "now"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f}m"
    return f"{seconds // HOUR:.0f}h" if seconds < DAY else f"{seconds // DAY:.0f}d"


def waited(seconds: float) -> str:
    """Return how long somebody waits, in words."""
    return "just now" if seconds < MINUTE else f"waiting {age(seconds)}"


def money(usd: float) -> str:
    """Return dollars and cents."""
    return f"${usd:.2f}"


def amount(count: int) -> str:
    """Return a count in at most four characters or so."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


class Row:
    """A row that is being filled from the left; what does not fit is cut."""

    def __init__(self, width: int, ground: Style = PLAIN) -> None:
        self.left = max(width, 0)
        self._ground = ground
        self._segments: list[Segment] = []

    def put(self, text: str, style: Style = PLAIN) -> "Row":
        """Add text, cut to the room that is left."""
        if text and self.left:
            shown = cut(text, self.left)
            self._segments.append(Segment(shown, self._ground + style))
            self.left -= cell_len(shown)
        return self

    def skip(self, cells: int) -> "Row":
        """Add blank cells."""
        return self.put(" " * min(cells, self.left))

    def end(self, text: str, style: Style = PLAIN) -> "Row":
        """Add text at the right end."""
        return self.skip(self.left - cell_len(text)).put(text, style)

    def strip(self) -> Strip:
        """Return the row, filled with blanks to its width."""
        self.skip(self.left)
        return Strip(self._segments)


def top(width: int, title: str, heading: Style, edge: Style, *, is_heavy: bool) -> Strip:
    """Return a frame's upper edge with a title in it."""
    left, line, right, *_ = HEAVY if is_heavy else LIGHT
    row = Row(width).put(left + line, edge)
    if title:
        row.put(f" {cut(title, width - 6)} ", heading)
    return row.put(line * (row.left - 1), edge).put(right, edge).strip()


def bottom(width: int, note: str, style: Style, edge: Style, *, is_heavy: bool) -> Strip:
    """Return a frame's lower edge with a note at its right."""
    _, line, _, _, left, right = HEAVY if is_heavy else LIGHT
    shown = f" {cut(note, width - 6)} " if note else ""
    row = Row(width).put(left, edge).put(line * (width - 3 - cell_len(shown)), edge)
    return row.put(shown, style).put(line + right, edge).strip()


def boxed(y: int, height: int, inner: Strip, edge: Style, *, is_heavy: bool) -> Strip:
    """Return a row of a frame without words in it."""
    width = inner.cell_length + 2
    if y == 0:
        return top(width, "", edge, edge, is_heavy=is_heavy)
    if y == height - 1:
        return bottom(width, "", edge, edge, is_heavy=is_heavy)
    return framed(inner, edge, is_heavy=is_heavy)


@lru_cache(maxsize=256)
def hollow(width: int, ground: Style | None, edge: Style, *, is_heavy: bool, thumb: str = "") -> Strip:
    """Return a row of `width` cells between a frame's sides: always the same strip.

    With it stays all that Textual has worked out for it, and many rows of a board are such.
    """
    return framed(Strip.blank(width, ground), edge, is_heavy=is_heavy, thumb=thumb)


def framed(inner: Strip, edge: Style, *, is_heavy: bool, thumb: str = "") -> Strip:
    """Return a row between a frame's sides; `thumb` replaces the right side."""
    side = (HEAVY if is_heavy else LIGHT)[3]
    return Strip([Segment(side, edge), *inner, Segment(thumb or side, edge)])
