"""What a person types to narrow a board, as a condition in SQL with bound parameters."""

from __future__ import annotations

import json

MOST_WORDS = 8
_TEXTS = "b.id || '\n' || b.title || '\n' || b.labels || '\n' || b.assignee"  # no word has a new line
_PIN = "b.pin IN (SELECT p.id FROM agent p WHERE {})"
_CONVOY = "b.convoy_id IN (SELECT c.id FROM convoy c WHERE {})"


def condition(text: str, most: int = MOST_WORDS) -> tuple[str, dict[str, object]]:
    """Return a condition on `bead b` that holds if every word does, and its values.

    `#x` is in a label, `@x` in who has it or is to have it, `!1` is its priority; any other word is in its
    id, title, label, assignee or convoy. Capitals don't matter in ASCII; other letters match as they are
    written, since the databases disagree on them. At most `most` words are looked for, the longest first:
    what it leaves out is not looked at again.
    """
    parts: list[str] = []
    values: dict[str, object] = {}
    for number, word in enumerate(sorted(text.split()[:most], key=len, reverse=True)):
        name = f"w{number}"
        if word[0] == "!" and word[1:] in ("0", "1", "2", "3", "4"):
            parts.append(f"b.priority = :{name}")
            values[name] = int(word[1:])
            continue
        parts.append(_holds(word, name))
        values[f"{name}l"] = _pattern(word, is_low=True)
        if not word.isascii():
            values[name] = _pattern(word, is_low=False)
    return " AND ".join(parts), values


def _holds(word: str, name: str) -> str:
    def held(column: str) -> str:
        low = f"lower({column}) LIKE :{name}l ESCAPE '~'"
        return low if word.isascii() else f"({column} LIKE :{name} ESCAPE '~' OR {low})"

    if word[0] == "#" and word[1:]:
        return held("b.labels")
    if word[0] == "@" and word[1:]:
        return f"({held('b.assignee')} OR {_PIN.format(held('p.name'))})"
    convoy = _CONVOY.format(f"{held('c.name')} OR {held('c.id')}")
    return f"({held(_TEXTS)} OR {convoy})"


def _pattern(word: str, *, is_low: bool) -> str:
    own = word[1:] if word[0] in "#@" and word[1:] else word
    if word[0] == "#":
        own = json.dumps(own, ensure_ascii=False)[1:-1]  # as it stands in the list of labels
    if is_low:
        own = "".join(letter.lower() if letter.isascii() else letter for letter in own)
    for sign in "~%_":
        own = own.replace(sign, f"~{sign}")
    return f"%{own}%"
