"""What one typed line says about a new bead: title, #labels, !priority, @agent, >what it waits for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from halftui.domain.text import clean

MOST_LINES = 200
NOBODY: Mapping[str, str] = MappingProxyType({})
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
    agent: str = ""  # the id of the one that takes it


def parse(text: str, agents: Mapping[str, str] = NOBODY) -> Entry:
    """Return what a line says; words that only look like a sign stay in the title.

    `agents` are ids by name in small letters; the last one that is named takes it.
    """
    title: list[str] = []
    labels: list[str] = []
    waits: list[str] = []
    priority: int | None = None
    agent = ""
    for word in text.split():
        if _LABEL.fullmatch(word):
            labels.append(word[1:])
        elif _PRIORITY.fullmatch(word):
            priority = int(word[1])
        elif _WAITS.fullmatch(word):
            waits.append(word[1:])
        elif word[0] == "@" and word[1:].lower() in agents:
            agent = agents[word[1:].lower()]
        else:
            title.append(word)
    return Entry(" ".join(title), tuple(labels), priority, tuple(waits), agent)


def lines(text: str) -> list[str]:
    """Return the lines of a pasted list without bullets, numbers and empty ones, at most MOST_LINES."""
    found = (_BULLET.sub("", clean(line)).strip() for line in text.splitlines())
    return [line for line in found if line][:MOST_LINES]
