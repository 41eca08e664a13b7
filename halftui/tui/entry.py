"""What one typed line says about a new bead: title, #labels, !priority, >what it waits for."""

import re
from dataclasses import dataclass

from halftui.domain.text import clean

MOST_LINES = 200
_LABEL = re.compile(r"#(?=\D)[\w./-]{1,50}")  # a bare number is an issue's, and stays in the title
_PRIORITY = re.compile(r"![0-4]")
_WAITS = re.compile(r">[\w-]+")
_BULLET = re.compile(r"^\s*(?:[-*+•]\s+(?:\[[ xX]\]\s+)?|\d+[.)]\s+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """A bead as it was typed; `priority` is None if none was named."""

    title: str
    labels: tuple[str, ...] = ()
    priority: int | None = None
    waits_for: tuple[str, ...] = ()


def parse(text: str) -> Entry:
    """Return what a line says; words that only look like a sign stay in the title."""
    title: list[str] = []
    labels: list[str] = []
    waits: list[str] = []
    priority: int | None = None
    for word in text.split():
        if _LABEL.fullmatch(word):
            labels.append(word[1:])
        elif _PRIORITY.fullmatch(word):
            priority = int(word[1])
        elif _WAITS.fullmatch(word):
            waits.append(word[1:])
        else:
            title.append(word)
    return Entry(" ".join(title), tuple(labels), priority, tuple(waits))


def lines(text: str) -> list[str]:
    """Return the lines of a pasted list without bullets, numbers and empty ones, at most MOST_LINES."""
    found = (_BULLET.sub("", clean(line)).strip() for line in text.splitlines())
    return [line for line in found if line][:MOST_LINES]
