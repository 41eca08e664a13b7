"""One line for each tool call, and behind it the whole command or change."""

import json
from collections.abc import Mapping
from typing import Any

LINE = 160

# The input that says most about a call, in the order of preference.
_TELLING = ("command", "file_path", "notebook_path", "pattern", "url", "query", "question")
_TELLING_TOO = ("description", "skill", "subject", "prompt", "path", "title", "summary", "text")


def summarise(tool: str, given: Mapping[str, Any], work: str = "") -> tuple[str, str]:
    """Return `(summary, detail)` of a call: `Edit src/x.py +3 -1` and the change.

    Paths inside `work` are shown relative to it. Any input is accepted, however odd.
    """
    name = tool.removeprefix("mcp__board__")
    change = _change(given)
    if change is not None:
        path = _inside(_text(given.get("file_path") or given.get("notebook_path")), work)
        added = sum(line.startswith("+") for line in change)
        removed = sum(line.startswith("-") for line in change)
        counts = f" +{added}" + (f" -{removed}" if removed else "")
        return one_line(f"{name} {path}{counts}"), "\n".join(change)
    for key in (*_TELLING, *_TELLING_TOO):
        if given.get(key):
            told = _inside(_text(given[key]), work)
            return one_line(f"{name} {told}"), _rest(key, given)
    return one_line(f"{name} {_compact(given)}" if given else name), _compact(given)


def one_line(text: str, length: int = LINE) -> str:
    """Return `text` on one line of at most `length` characters."""
    line = " ".join(text[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"


def _change(given: Mapping[str, Any]) -> list[str] | None:
    """Return the lines that a call removes and adds, or None if it changes no text."""
    if "edits" in given and isinstance(given["edits"], list):
        parts = [_change(edit) for edit in given["edits"] if isinstance(edit, dict)]
        return [line for part in parts for line in part or ()]
    if "new_string" in given:
        return _replaced(_text(given.get("old_string", "")), _text(given["new_string"]))
    for key in ("content", "new_source"):
        if key in given and ("file_path" in given or "notebook_path" in given):
            return _replaced("", _text(given[key]))
    return None


def _replaced(old: str, new: str) -> list[str]:
    """Return what differs between two texts, without their common head and tail.

    An edit replaces one stretch of text, so this is the diff, in linear time whatever it holds.
    """
    before, after = old.splitlines(), new.splitlines()
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    return [*(f"-{line}" for line in before), *(f"+{line}" for line in after)]


def _rest(key: str, given: Mapping[str, Any]) -> str:
    told = _text(given[key])
    others = {name: value for name, value in given.items() if name not in {key, "description"}}
    return f"{told}\n{_compact(others)}" if others else told


def _inside(path: str, work: str) -> str:
    return path.removeprefix(work.rstrip("/") + "/") if work else path


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
