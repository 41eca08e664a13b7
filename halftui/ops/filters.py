"""What a person types to narrow a board, as a condition in SQL with bound parameters."""

from __future__ import annotations

import json

MOST_WORDS = 8
_TEXTS = ("b.id", "b.title", "b.labels", "b.assignee")
_CONVOY = "b.convoy_id IN (SELECT c.id FROM convoy c WHERE {})"


def condition(text: str, most: int = MOST_WORDS) -> tuple[str, dict[str, object]]:
    """Return a condition on `bead b` that holds if every word does, and its values.

    `#x` is in a label, `@x` in who has it, `!1` is its priority; any other word is in its id, title,
    label, assignee or convoy. Capitals don't matter in ASCII; other letters match as they are written,
    since the databases disagree on them. At most `most` words are looked for.
    """
    parts: list[str] = []
    values: dict[str, object] = {}
    for number, word in enumerate(text.split()[:most]):
        name = f"w{number}"
        if word[0] == "!" and word[1:] in ("0", "1", "2", "3", "4"):
            parts.append(f"b.priority = :{name}")
            values[name] = int(word[1:])
            continue
        parts.append(_holds(word, name))
        values |= {name: _pattern(word, is_low=False), f"{name}l": _pattern(word, is_low=True)}
    return " AND ".join(parts), values


def _holds(word: str, name: str) -> str:
    if word[0] == "#" and word[1:]:
        return _in("b.labels", name)
    if word[0] == "@" and word[1:]:
        return _in("b.assignee", name)
    convoy = _CONVOY.format(f"{_in('c.name', name)} OR {_in('c.id', name)}")
    return f"({' OR '.join(_in(column, name) for column in _TEXTS)} OR {convoy})"


def _in(column: str, name: str) -> str:
    return f"({column} LIKE :{name} ESCAPE '~' OR lower({column}) LIKE :{name}l ESCAPE '~')"


def _pattern(word: str, *, is_low: bool) -> str:
    own = word[1:] if word[0] in "#@" and word[1:] else word
    if word[0] == "#":
        own = json.dumps(own, ensure_ascii=False)[1:-1]  # as it stands in the list of labels
    if is_low:
        own = "".join(letter.lower() if letter.isascii() else letter for letter in own)
    for sign in "~%_":
        own = own.replace(sign, f"~{sign}")
    return f"%{own}%"
