"""Ids of beads and boards, and the pool from which agents get their names."""

import re
from collections.abc import Callable, Collection

from halftui.errors import Misconfigured

BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
POOL = (
    "Toast", "Maple", "Onyx", "Slate", "Biscuit", "Comet", "Fern", "Ginger", "Juniper", "Koala",
    "Lemon", "Mango", "Nimbus", "Olive", "Pepper", "Quartz", "Rusty", "Sable", "Tango", "Velvet",
)  # fmt: skip
THEMES = {
    "kitchen": POOL,
    "stars": (
        "Vega", "Rigel", "Altair", "Deneb", "Mira", "Spica", "Castor", "Pollux", "Capella", "Antares",
        "Bellatrix", "Electra", "Hadar", "Izar", "Kochab", "Lesath", "Merope", "Nashira", "Polaris", "Sirius",
    ),
    "rivers": (
        "Danube", "Elbe", "Loire", "Tagus", "Volga", "Rhine", "Indus", "Niger", "Ebro", "Oder",
        "Meuse", "Neva", "Tiber", "Drava", "Sava", "Inn", "Main", "Lena", "Ural", "Yukon",
    ),
}  # fmt: skip
RUNTIMES = ("claude", "codex", "gemini", "acp", "shell", "scripted")
SHORTEST = 3
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+=@-]{0,199}")
_BRANCH = re.compile(r"(?!.*\.\.)(?!.*\.lock$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_-])?")
BEAD_BRANCHES = "halftui/"  # an agent's branch is this and its bead's id
CONVOY_BRANCHES = "convoy/"  # a convoy's own branch is this and its id


def slug(text: str, fallback: str = "board") -> str:
    """Return `text` as lower-case letters, digits and single dashes, at most 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or fallback


def prefix_of(name: str) -> str:
    """Return a short id prefix for a board's name: the initials of its words, or its first letters."""
    words = [w for w in slug(name).split("-") if w[0].isalpha()] or ["b"]
    return "".join(w[0] for w in words)[:4] if len(words) > 1 else words[0][:2]


def bead_id(prefix: str, count: int, draw: Callable[[int], int], taken: Collection[str]) -> str:
    """Return a free id `<prefix>-<base36>`; its length grows with `count`, the beads there are.

    `draw(n)` returns a whole number below n.
    """
    width = SHORTEST
    while len(BASE36) ** width < count * 50:
        width += 1
    while True:
        for _ in range(20):
            number = draw(len(BASE36) ** width)
            candidate = f"{prefix}-{_base36(number, width)}"
            if candidate not in taken:
                return candidate
        width += 1


def fits_branch(bead: str) -> bool:
    """Return True if a bead's id can be a part of a branch's name and the name of a folder."""
    return bool(_BRANCH.fullmatch(bead))


def next_name(pool: Collection[str], in_use: Collection[str], ever: Collection[str]) -> str:
    """Return the first name of the pool that no living agent bears, else a numbered one.

    Numbers only go up over all names that were `ever` given, so an overflow name never collides.
    """
    if not pool:
        raise Misconfigured("the name pool is empty", "set names to at least one")
    for name in pool:
        if name not in in_use:
            return name
    highest = 1
    for name in ever:
        stem, _, tail = name.rpartition("-")
        if stem in pool and tail.isascii() and tail.isdigit():
            highest = max(highest, int(tail))
    ordered = list(pool)
    return f"{ordered[highest % len(ordered)]}-{highest + 1}"


def session_of(told: str) -> str:
    """Return the session that a program told of, "" unless it can stand in a command line to go on with."""
    return told if _SESSION.fullmatch(told) else ""


def attempt_id(bead: str, epoch: int) -> str:
    """Return the id of a bead's attempt number `epoch`, as in `hf-12@3`."""
    return f"{bead}@{epoch}"


def _base36(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, rest = divmod(number, 36)
        text = BASE36[rest] + text
    return text
