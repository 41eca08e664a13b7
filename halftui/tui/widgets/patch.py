"""One file's unified diff, indexed once so that only what is looked at is worked on."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from halftui.tui.widgets.cells import broken

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@ ?(.*)")
_UNTOLD = (
    "index ", "--- ", "+++ ", "diff --git ", "similarity ", "dissimilarity ", "rename to ", "new mode ",
    "new file mode ", "deleted file mode ",
)  # fmt: skip
_MODES = {"100755": "made executable", "100644": "no longer executable"}
LONGEST_RUN = 200  # lines taken away in a row that are still paired with those put in their place

Spot = tuple[str, int]  # a line of a file: "-" and its old number, or "+" and its new one


class Hunk(NamedTuple):
    """A stretch of the file: where its head stands, where it ends, its first numbers, and its place."""

    at: int
    stop: int
    old: int
    new: int
    place: str  # the function or heading it stands in


class Row(NamedTuple):
    """One row on the screen. `line` is shown, or the left one of two; -1 is none, as is -1 in `other`."""

    kind: str  # intro, note, hunk, line, pair, comment
    line: int
    other: int = -1
    start: int = 0
    stop: int = -1  # -1: to its end
    text: str = ""


class Patch:
    """A patch's lines, without the head that names the file."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.hunks = tuple(_hunks(lines))
        first = self.hunks[0].at if self.hunks else len(lines)
        self.notes = tuple(_told(lines[:first]))
        ends = (f"{max(h.old, h.new) + h.stop - h.at}" for h in self.hunks)
        self.digits = max((len(end) for end in ends), default=1)
        self._starts = [hunk.at for hunk in self.hunks]
        self._numbers: dict[int, list[tuple[int, int]]] = {}

    def hunk_of(self, line: int) -> int:
        """Return the place among `hunks` of the one that a line stands in; -1 is before the first."""
        return bisect_right(self._starts, line) - 1

    def spot(self, line: int) -> Spot:
        """Return which line of the file this is."""
        old, new = self.numbers(line)
        return ("-", old) if self.lines[line].startswith("-") else ("+", new)

    def numbers(self, line: int) -> tuple[int, int]:
        """Return a line's number in the old file and in the new one."""
        place = self.hunk_of(line)
        hunk = self.hunks[place]
        if place not in self._numbers:
            self._numbers[place] = _numbered(self.lines[hunk.at + 1 : hunk.stop], hunk)
        return self._numbers[place][line - hunk.at - 1]

    def mate(self, line: int) -> int | None:
        """Return the line that stands for this one on the other side, if as many went as came."""
        sign = self.lines[line][:1]
        if sign not in ("-", "+"):
            return None
        low = self._run(line, sign, -1)
        high = self._run(line, sign, 1)
        size, step = high - low + 1, 1 if sign == "-" else -1
        start = high + 1 if sign == "-" else low - 1
        other = "+" if sign == "-" else "-"
        if size > LONGEST_RUN or not self._is(start, other):
            return None
        found = abs(self._run(start, other, step) - start) + 1
        return line + step * size if found == size else None

    def head(self, cells: int, intro: str) -> list[Row]:
        """Return the rows above the first hunk: an introduction under its first line, and git's words."""
        rows: list[Row] = []
        for number, paragraph in enumerate(intro.split("\n") if intro else ()):
            kind, pieces = "intro" if number else "note", broken(paragraph, cells, at_words=True)
            rows += [Row(kind, -1, text=paragraph[start:stop]) for start, stop in pieces]
        rows += [Row("intro", -1)] if rows else []
        return rows + [Row("note", -1, text=note) for note in self.notes]

    def rows(self, cells: int, comments: Mapping[Spot, str], *, wraps: bool) -> list[Row]:
        """Return the hunks' rows in one column, lines broken to `cells` if it `wraps`."""
        rows: list[Row] = []
        for hunk in self.hunks:
            rows.append(Row("hunk", hunk.at))
            for line in range(hunk.at + 1, hunk.stop):
                if wraps and len(self.lines[line]) > cells // 2:
                    pieces = broken(self.lines[line][1:], cells, at_words=False)
                    rows += [Row("line", line, -1, start, stop) for start, stop in pieces]
                else:
                    rows.append(Row("line", line))
                if comments:
                    rows += self._comments(line, cells, comments)
        return rows

    def pairs(self, cells: int, comments: Mapping[Spot, str]) -> list[Row]:
        """Return the hunks' rows in two columns, the old at the left."""
        rows: list[Row] = []
        for hunk in self.hunks:
            rows.append(Row("hunk", hunk.at))
            for old, new in self._sides(hunk):
                rows.append(Row("pair", old, new))
                for line in sorted({old, new} - {-1}) if comments else ():
                    rows += self._comments(line, cells, comments)
        return rows

    def _comments(self, line: int, cells: int, comments: Mapping[Spot, str]) -> Iterator[Row]:
        text = comments.get(self.spot(line))
        for number, part in enumerate((text or "").split("\n") if text else ()):
            for start, stop in broken(part, cells, at_words=True):
                yield Row("comment", line, -1, number, 0 if number or start else 1, part[start:stop])

    def _sides(self, hunk: Hunk) -> Iterator[tuple[int, int]]:
        old: list[int] = []
        new: list[int] = []
        for line in range(hunk.at + 1, hunk.stop):
            sign = self.lines[line][:1]
            if sign == "-" and not new:
                old.append(line)
            elif sign == "+":
                new.append(line)
            else:
                yield from zip_longest(old, new, fillvalue=-1)
                old, new = ([line], []) if sign == "-" else ([], [])
                if sign != "-":
                    yield line, line
        yield from zip_longest(old, new, fillvalue=-1)

    def _is(self, line: int, sign: str) -> bool:
        return 0 <= line < len(self.lines) and self.lines[line].startswith(sign)

    def _run(self, line: int, sign: str, step: int) -> int:
        for _ in range(LONGEST_RUN + 1):
            if not self._is(line + step, sign):
                break
            line += step
        return line


def changed(old: str, new: str) -> tuple[slice, slice] | None:
    """Return which parts of two lines differ, or None if they share too little to be worth showing."""
    shortest = min(len(old), len(new))
    head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    rest = shortest - head
    tail = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    if len((old[:head] + old[len(old) - tail :]).strip()) * 3 < shortest:
        return None
    return slice(head, len(old) - tail), slice(head, len(new) - tail)


def _told(head: Sequence[str]) -> Iterator[str]:
    """Yield what the lines above the first hunk say, in words."""
    modes = {line[:3]: line.rpartition(" ")[2] for line in head if line.startswith(("old mode", "new mode"))}
    for line in head:
        if line.startswith("rename from "):
            yield f"renamed from {line.removeprefix('rename from ')}"
        elif line.startswith("old mode "):
            yield _MODES.get(modes.get("new", ""), f"mode {modes['old']} → {modes.get('new', '?')}")
        elif line.startswith("Binary files "):
            continue
        elif line and not line.startswith(_UNTOLD):
            yield line


def _hunks(lines: Sequence[str]) -> Iterator[Hunk]:
    found = [(at, match) for at, line in enumerate(lines) if (match := _HUNK.match(line))]
    stops = (*(at for at, _ in found[1:]), len(lines))
    for (at, match), stop in zip(found, stops, strict=False):
        yield Hunk(at, stop, int(match[1]), int(match[3]), match[5])


def _numbered(lines: Sequence[str], hunk: Hunk) -> list[tuple[int, int]]:
    old, new, numbers = hunk.old, hunk.new, []
    for line in lines:
        sign = line[:1]
        numbers.append((old, new))
        old += sign not in ("+", "\\")
        new += sign not in ("-", "\\")
    return numbers
