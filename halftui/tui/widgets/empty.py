"""What an empty lane says: how it is filled, as words, the key, words."""

from functools import lru_cache

from rich.cells import cell_len
from textual.strip import Strip

from halftui.domain.lanes import LaneRow
from halftui.tui.draw import Row
from halftui.tui.themes import Inks

Words = tuple[str, str, str]
WORDS: dict[str, Words] = {
    "blocked": ("nothing waits", "", ""),
    "ready": ("", "n", " writes a bead"),
    "working": ("", "s", " lets an agent take a bead"),
    "review": ("work that agents hand in", "", ""),
    "done": ("", "d", " reviews and accepts work"),
    "closed": ("nothing failed", "", ""),
}
OWN: Words = ("no bead like that", "", "")  # in a lane of a filter
NONE: Words = ("nothing found", "", "")
FIRST: Words = ("", "n", " writes the first bead")  # where nothing is to be seen at all


def of(row: LaneRow) -> Words:
    """Return what a lane says while it is empty."""
    return WORDS.get(row.name, OWN)


def line(words: Words, row: int, width: int, inks: Inks) -> Strip | None:
    """Return a row of an empty lane, None if there is nothing in it."""
    lead, key, rest = words
    lines = _wrapped(f"{lead}{key}{rest}", width - 4)
    at = row - 1
    if not 0 <= at < len(lines):
        return None
    out = Row(width, inks["ground"]).skip((width - cell_len(lines[at])) // 2)
    if key and at == 0 and not lead:
        return out.put(key, inks["key"]).put(lines[0][len(key) :], inks["muted"]).strip()
    return out.put(lines[at], inks["muted"]).strip()


@lru_cache(64)
def _wrapped(text: str, width: int) -> list[str]:
    """Return lines of much the same length, as few as there must be."""
    lines, narrower = _broken(text, width), width
    while narrower > 1 and len(lines) > 1 and len(_broken(text, narrower - 1)) == len(lines):
        narrower -= 1
    return _broken(text, narrower)


def _broken(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if cell_len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
