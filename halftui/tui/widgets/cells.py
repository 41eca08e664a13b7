"""Text measured in terminal cells: where a line breaks, where it is cut."""

from bisect import bisect_right
from itertools import accumulate

from rich.cells import cached_cell_len, cell_len, get_character_cell_size

from halftui.tui.draw import cut


def padded(text: str, cells: int) -> str:
    """Return `text` cut or filled with spaces to exactly `cells`."""
    text = cut(text, cells)
    return text + " " * (cells - cell_len(text))


def broken(text: str, cells: int, *, at_words: bool) -> list[tuple[int, int]]:
    """Return the slices (start, stop) of `text` of which each fits into `cells`, at least one."""
    if (len(text) <= cells and text.isascii()) or cell_len(text) <= cells:
        return [(0, len(text))]
    slices, start = [], 0
    while start < len(text):
        stop = start + max(_fitting(text[start : start + cells], cells), 1)
        if at_words and stop < len(text) and text[stop] != " ":
            space = text.rfind(" ", start + 1, stop)
            stop = space if space > start + cells // 3 else stop
        slices.append((start, stop))
        start = stop
        while at_words and start < len(text) and text[start] == " ":
            start += 1
    return slices


def piece(text: str, cells: int, row: int) -> str:
    """Return one row of paragraphs broken to `cells`, "" where they have no such row."""
    rows = [part[a:b] for part in text.splitlines() for a, b in broken(part, cells, at_words=True)]
    return rows[row] if 0 <= row < len(rows) else ""


def _fitting(text: str, cells: int) -> int:
    """Return how many characters of `text` fit into `cells`."""
    if text.isascii():
        return min(cells, len(text))
    sizes = [get_character_cell_size(char) for char in text[:cells]]
    count = bisect_right(list(accumulate(sizes)), cells)
    while count > 1 and cached_cell_len(text[:count]) > cells:
        count -= 1
    return count
