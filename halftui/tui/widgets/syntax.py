"""What the words of a line of code are, found line by line, so that only what is looked at is worked on.

A line is read by itself: text that began lines before (a long string or comment) is not known to be one.
"""

from functools import lru_cache
from typing import Any, NamedTuple

from rich.cells import cell_len

LONGEST = 400  # characters of a line that are still looked at
INKS = {  # a token's kind, the special before the general, and what it is drawn with
    "Comment": "muted", "Literal.String": "done", "Literal.Number": "money", "Keyword": "label",
    "Name.Function": "heading", "Name.Class": "heading", "Name.Decorator": "agent", "Name.Tag": "label",
    "Name.Builtin": "agent",
}  # fmt: skip


class Span(NamedTuple):
    """Cells of a line, and the ink of what stands in them."""

    start: int
    stop: int
    ink: str


@lru_cache(maxsize=4_000)
def spans(path: str, text: str) -> tuple[Span, ...]:
    """Return what is worth a colour in a line of the file at `path`; nothing if its language is unknown."""
    lexer = _lexer(path.rpartition("/")[2])
    if lexer is None or not text.strip() or len(text) > LONGEST:
        return ()
    found: list[Span] = []
    for at, kind, word in lexer.get_tokens_unprocessed(text):
        name = str(kind).removeprefix("Token.")
        ink = next((ink for start, ink in INKS.items() if name.startswith(start)), "")
        if ink and word.strip():
            start = cell_len(text[:at])
            found.append(Span(start, start + cell_len(word), ink))
    return tuple(found)


@lru_cache(maxsize=64)
def _lexer(name: str) -> Any:
    from pygments.lexers import find_lexer_class_for_filename  # only a review needs it

    found = find_lexer_class_for_filename(name)
    return found() if found is not None else None
