"""The beads JSONL format, written: a bead becomes a line, or what changed is put into the line it came from.

A field that did not change keeps its very text: digits, escapes, time zones, and whatever is unknown here.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from json import JSONDecoder
from typing import Any

from halftui.domain.graph import ANY_CHILDREN, HOLD, MARKS
from halftui.domain.jsonl import FLAGS, OWN, Issue, Link, implied, is_failure, parse, whole
from halftui.domain.states import FINISHED, BeadState

_STATUS = {BeadState.OPEN: "open", BeadState.ACTIVE: "in_progress", BeadState.REVIEW: "in_progress"}
_DERIVED = ("parent", "dependency_count")  # they would tell of the old dependencies
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_SPACE = re.compile(r"[ \t\r\n]*")
_decoder = JSONDecoder(parse_int=whole)


def fresh(ident: str, issue: Issue, links: Iterable[Link]) -> str:
    """Return the line of a bead that came from no file; its times are filled."""
    fields = {"id": ident} | {k: v for k, v in _fields(issue).items() if v not in _EMPTY}
    if shown := [_dependency(ident, link) for link in links]:
        fields["dependencies"] = shown
    return _dumped(fields)


def renewed(line: str, base: Issue, issue: Issue, old: Iterable[Link], links: Iterable[Link]) -> str:
    """Return the line with what differs between `base`, which it told, and `issue`, likewise the links.

    Both issues' times are filled. Without a difference it is the very line.
    """
    before, now = _fields(base), _fields(issue)
    changes = {field: now[field] for field in now if now[field] != before[field]}
    if base.aside != issue.aside:
        changes |= dict.fromkeys(FLAGS)
    parts = dict(_members(line))
    _change_links(parts, {_sense(k): k for k in old}, {_sense(k): k for k in links}, changes)
    if not changes:
        return line
    for field, value in changes.items():
        if value in _EMPTY:
            parts.pop(field, None)
        else:
            parts[field] = value if isinstance(value, _Raw) else _dumped(value)
    return "{" + ",".join(f"{json.dumps(field)}:{text}" for field, text in parts.items()) + "}"


class _Raw(str):
    """JSON text."""


def _fields(issue: Issue) -> dict[str, Any]:
    state = BeadState(issue.state)
    status, reason = _status(state, issue.aside), _reason(state, issue)
    own = {
        "state": "" if implied(status, reason) is state else state.value,
        "hold": issue.hold,
        "mode": issue.mode,
        "runtime": issue.runtime,
    }
    return {
        "title": issue.title,
        "description": issue.description,
        "acceptance_criteria": issue.acceptance,
        "notes": issue.notes,
        "status": status,
        "priority": issue.priority,
        "issue_type": issue.type,
        "assignee": issue.assignee,
        "created_at": _stamp(issue.created_at),
        "created_by": issue.created_by,
        "updated_at": _stamp(issue.updated_at),
        "closed_at": _stamp(issue.closed_at),
        "close_reason": reason,
        "due_at": _stamp(issue.due),
        "defer_until": _stamp(issue.not_before),
        "labels": json.loads(issue.labels),
        OWN: {name: value for name, value in own.items() if value},
    }


def _status(state: BeadState, aside: str) -> str:
    if state is BeadState.OPEN and aside and aside not in MARKS:
        return aside
    return _STATUS.get(state, "closed")


def _reason(state: BeadState, issue: Issue) -> str:
    if state is BeadState.DONE:
        return issue.summary
    if state not in FINISHED:
        return ""
    return issue.remark if is_failure(issue.remark) else f"{state.value}: {issue.remark}".rstrip(": ")


def _change_links(
    parts: dict[str, str], old: dict[Any, Link], new: dict[Any, Link], changes: dict[str, Any]
) -> None:
    if old.keys() == new.keys():
        return
    ident = json.loads(parts["id"])
    kept = [text for text in _elements(parts.get("dependencies", "[]")) if _sense_of(text, ident) in new]
    kept += [_dumped(_dependency(ident, new[sense])) for sense in new if sense not in old]
    changes["dependencies"] = _Raw(f"[{','.join(kept)}]") if kept else None
    changes |= dict.fromkeys(_DERIVED)


def _sense(link: Link) -> tuple[str, str, str, str]:
    return link.target, link.kind, link.on_failure, link.gate


def _sense_of(text: str, ident: str) -> tuple[str, str, str, str] | None:
    record = parse(f'{{"id":{json.dumps(ident)},"title":"-","dependencies":[{text}]}}'.encode())
    return _sense(record.links[0]) if record else None


def _dependency(ident: str, link: Link) -> dict[str, Any]:
    shown: dict[str, Any] = {"issue_id": ident, "depends_on_id": link.target, "type": link.kind}
    shown |= {"created_at": _stamp(link.created_at), "created_by": link.created_by}
    told = {"on_failure": HOLD} if link.on_failure == HOLD else {}
    told |= {"gate": ANY_CHILDREN} if link.gate == ANY_CHILDREN else {}
    return {k: v for k, v in shown.items() if v} | ({"metadata": json.dumps(told)} if told else {})


def _stamp(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _members(line: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of a line that is an object, each with its value's text."""
    place = _skipped(line, 1)
    while line[place] != "}":
        key, place = _decoder.raw_decode(line, place)
        start = _skipped(line, _skipped(line, place) + 1)  # behind the colon
        _, end = _decoder.raw_decode(line, start)
        yield key, line[start:end]
        place = _next(line, end)


def _elements(text: str) -> Iterator[str]:
    """Yield the texts of a list's elements."""
    if not text.startswith("["):  # null
        return
    place = _skipped(text, 1)
    while text[place] != "]":
        _, end = _decoder.raw_decode(text, place)
        yield text[place:end]
        place = _next(text, end)


def _next(text: str, place: int) -> int:
    place = _skipped(text, place)
    return _skipped(text, place + 1) if text[place] == "," else place


def _skipped(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
