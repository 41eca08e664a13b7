"""The beads JSONL format, read: a line of an export becomes a record that says what a bead is by it.

The line itself is kept as it was, since it can hold what no column of this board holds.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from halftui.domain.graph import ALL_CHILDREN, ANY_CHILDREN, HOLD, RELEASE, EdgeKind
from halftui.domain.names import fits_branch
from halftui.domain.states import FINISHED, BeadState
from halftui.domain.text import clean, clean_line
from halftui.errors import Misconfigured

LONGEST_LINE = 64 * 2**20  # bytes
LONGEST_ID = 255
DEEPEST = 200  # levels of a line's lists and objects, far below where the interpreter's own limit is
ISSUE, TOMBSTONE, SCHEMA = "issue", "tombstone", "schema"
UNFIT = "its id can't name a branch"
MODES = ("auto", "manual")
OWN = "halftui"  # the field for what the format has no word for
FLAGS = {"pinned": "pin", "ephemeral": "ephemeral", "wisp": "ephemeral", "is_template": "template"}
TYPES = {
    "enhancement": "feature", "feat": "feature", "dec": "decision", "adr": "decision",
    "investigation": "spike", "timebox": "spike", "user-story": "story", "ms": "milestone",
}  # fmt: skip
# A close reason that contains one of these means failure; the words are the format's.
FAILURES = (
    "failed", "rejected", "wontfix", "won't fix", "canceled", "cancelled", "abandoned", "blocked",
    "error", "timeout", "aborted",
)  # fmt: skip
_STATES = {"": BeadState.OPEN, "open": BeadState.OPEN, "in_progress": BeadState.ACTIVE,
           "hooked": BeadState.ACTIVE}  # fmt: skip
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)?")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0  # the years 1 and 9999
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Issue:
    """What a bead's columns hold by a line; times are UTC seconds, None where the line names none."""

    title: str
    description: str = ""
    acceptance: str = ""
    notes: str = ""
    type: str = "task"
    priority: int = 0
    labels: str = "[]"
    state: str = "open"
    aside: str = ""
    assignee: str = ""
    hold: str = ""
    mode: str = ""
    runtime: str = ""
    summary: str = ""
    remark: str = ""
    created_by: str = ""
    created_at: float | None = None
    updated_at: float | None = None
    closed_at: float | None = None
    not_before: float | None = None
    due: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A dependency of a bead; `created_at` is None where the line names none."""

    target: str
    kind: str
    on_failure: str = RELEASE
    gate: str = ALL_CHILDREN
    created_by: str = ""
    created_at: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A line: its kind, what it is about, its text, and the bead if it is one."""

    kind: str
    key: str
    line: str
    number: int = 0
    issue: Issue | None = None
    links: tuple[Link, ...] = ()


def read(lines: Iterable[bytes]) -> Iterator[Record]:
    """Yield the records of a file's lines, blank ones skipped.

    Raises Misconfigured, naming the line, for one that is not of the format, and for two that
    differ about the same thing.
    """
    seen: dict[tuple[str, str], Record] = {}
    for number, raw in enumerate(lines, 1):
        record = parse(raw, number)
        if record is None:
            continue
        first = seen.setdefault((record.kind, record.key), record)
        if first is record:
            yield record
        elif not same(first.line, record.line):
            raise Misconfigured(
                f"lines {first.number} and {number} both hold the {record.kind} {record.key}, and differ",
                "keep one of them; nothing was imported",
            )


def parse(raw: bytes, number: int = 0) -> Record | None:
    """Return the record of one line, None for a blank one. Raises Misconfigured naming the line."""
    try:
        line = _text(raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw)
        return _record(line, number) if line else None
    except _Wrong as error:
        raise Misconfigured(f"line {number}: {error}", "nothing was imported") from error
    except _TableRow as error:
        raise Misconfigured(
            f"line {number} is a row of a table dump, which has one file a table; this is not that layout",
            "export everything into one file of issues, and import that one",
        ) from error


def filled(issue: Issue, at: float) -> Issue:
    """Return the issue with the times that a bead must have, where the line named none."""
    created = at if issue.created_at is None else issue.created_at
    updated = (at if issue.created_at is None else created) if issue.updated_at is None else issue.updated_at
    closed = updated if issue.closed_at is None and issue.state in FINISHED else issue.closed_at
    return replace(issue, created_at=created, updated_at=updated, closed_at=closed)


def same(line: str, other: str) -> bool:
    """Return True if two lines hold the same JSON, whatever the order of the fields."""
    return line == other or _canonical(line) == _canonical(other)


def is_failure(reason: str) -> bool:
    """Return True if a close reason means that the work failed; the rule is the format's."""
    lower = reason.lower()
    return any(word in lower for word in FAILURES)


def implied(status: str, reason: str) -> BeadState:
    """Return the state that a status and a close reason stand for."""
    if status == "closed":
        return BeadState.FAILED if is_failure(reason) else BeadState.DONE
    return _STATES.get(status, BeadState.OPEN)


def whole(digits: str) -> int | Decimal:
    """Return a JSON integer of any length."""
    return int(digits) if len(digits) < 4000 else Decimal(digits)  # longer ones int refuses


class _Wrong(Exception):
    """A line is not of the format; the message completes `line 7: …`."""


class _TableRow(Exception):
    """A line is of the other layout."""


def _text(raw: bytes) -> str:
    if len(raw) > LONGEST_LINE + 1:
        raise _Wrong(f"it is longer than {LONGEST_LINE >> 20} MiB")
    try:
        return raw.decode().strip(_SPACE)
    except UnicodeDecodeError:
        raise _Wrong("it is not UTF-8") from None


def _record(line: str, number: int) -> Record:
    fields = _object(line)
    kind = fields.get("_type", ISSUE)
    if "_schema" in fields:
        return Record(SCHEMA, json.dumps(fields["_schema"], default=str), line, number)
    if kind != ISSUE:
        return Record(_word(kind, "_type"), _name_of(fields, line), line, number)
    if _is_table_row(fields):
        raise _TableRow
    key = _word(fields.get("id"), "id")
    if fields.get("status") == TOMBSTONE:
        return Record(TOMBSTONE, key, line, number)
    return Record(ISSUE, key, line, number, _issue(fields), _links(fields.get("dependencies")))


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=_refuse_constant, parse_int=whole)
    except json.JSONDecodeError as error:
        raise _Wrong(f"it is not JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise _Wrong("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise _Wrong("it is not a JSON object")
    if line.count("[") + line.count("{") > DEEPEST and _is_deep(value):
        raise _Wrong("it is nested too deeply")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        nested = [v for v in level if isinstance(v, dict | list)]
        level = [inner for v in nested for inner in (v.values() if isinstance(v, dict) else v)]
    return bool(level)


def _refuse_constant(word: str) -> None:
    raise _Wrong(f"it is not JSON ({word} is no number)")


def _name_of(fields: Mapping[str, Any], line: str) -> str:
    for field in ("key", "id", "name"):
        if isinstance(fields.get(field), str) and _is_word(fields[field]):
            return str(fields[field])
    return hashlib.sha256(_canonical(line).encode()).hexdigest()


def _is_table_row(fields: Mapping[str, Any]) -> bool:
    if "title" not in fields:
        return "issue_id" in fields or fields.keys() <= {"key", "value"}
    return "timeout_ns" in fields or any(type(fields.get(flag)) is int for flag in FLAGS)


def _issue(fields: Mapping[str, Any]) -> Issue:
    def text(field: str) -> str:
        return clean(_string(fields, field))

    def word(field: str, longest: int = 200) -> str:
        return clean_line(_string(fields, field), longest=longest)

    own: Mapping[str, Any] = fields[OWN] if isinstance(fields.get(OWN), dict) else {}
    status, reason = word("status", 50), text("close_reason")
    state = _state(status, reason, own)
    return Issue(
        title=_title(fields),
        description=text("description"),
        acceptance=text("acceptance_criteria"),
        notes=text("notes"),
        type=TYPES.get(word("issue_type", 50), word("issue_type", 50)) or "task",
        priority=_priority(fields.get("priority")),
        labels=_labels(fields.get("labels")),
        state=state.value,
        aside=_aside(status, fields),
        assignee=word("assignee"),
        hold=_own(own, "hold") or ("" if fits_branch(fields["id"]) else UNFIT),
        mode=_own(own, "mode") if own.get("mode") in MODES else "",
        runtime=_own(own, "runtime"),
        summary=reason if state is BeadState.DONE else "",
        remark=reason if state in (BeadState.FAILED, BeadState.CANCELLED) else "",
        created_by=word("created_by"),
        created_at=_time(fields, "created_at"),
        updated_at=_time(fields, "updated_at"),
        closed_at=_time(fields, "closed_at") if state in FINISHED else None,
        not_before=_time(fields, "defer_until"),
        due=_time(fields, "due_at"),
    )


def _state(status: str, reason: str, own: Mapping[str, Any]) -> BeadState:
    state, said = implied(status, reason), own.get("state")
    if state is BeadState.ACTIVE and said == BeadState.REVIEW:
        return BeadState.REVIEW
    return BeadState(said) if state in FINISHED and said in FINISHED else state


def _aside(status: str, fields: Mapping[str, Any]) -> str:
    if status not in _STATES and status != "closed":
        return status
    return next((word for flag, word in FLAGS.items() if _flag(fields, flag)), "")


def _own(own: Mapping[str, Any], field: str) -> str:
    value = own.get(field)
    return clean_line(value, longest=200) if isinstance(value, str) else ""


def _title(fields: Mapping[str, Any]) -> str:
    title = _string(fields, "title")
    if not title.strip():
        raise _Wrong("it has no title")
    return clean_line(title, longest=500) or clean_line(ascii(title), longest=500)


def _priority(value: Any) -> int:
    if value is None:
        return 0
    if type(value) is int and 0 <= value <= 4:
        return value
    raise _Wrong("its priority is not a whole number from 0 to 4")


def _labels(value: Any) -> str:
    if value is None:
        return "[]"
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise _Wrong("its labels are not a list of words")
    return json.dumps(sorted({clean_line(label, longest=50) for label in value} - {""}))


def _links(value: Any) -> tuple[Link, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(link, dict) for link in value):
        raise _Wrong("its dependencies are not a list of objects")
    found: dict[tuple[str, str], Link] = {}
    for link in map(_link, value):
        found.setdefault((link.target, link.kind), link)
    return tuple(found.values())


def _link(fields: Mapping[str, Any]) -> Link:
    kind = _word(fields.get("type") or EdgeKind.BLOCKS.value, "dependency's type")
    told = _metadata(fields.get("metadata"))
    return Link(
        target=_word(fields.get("depends_on_id"), "dependency's depends_on_id"),
        kind=kind,
        on_failure=HOLD if told.get("on_failure") == HOLD else RELEASE,
        gate=ANY_CHILDREN if told.get("gate") == ANY_CHILDREN else ALL_CHILDREN,
        created_by=clean_line(_string(fields, "created_by"), longest=200),
        created_at=_time(fields, "created_at"),
    )


def _metadata(value: Any) -> Mapping[str, Any]:
    """Return an edge's metadata, a string that holds JSON; what can't be read says nothing."""
    try:
        told = json.loads(value, parse_int=whole) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _flag(fields: Mapping[str, Any], field: str) -> bool:
    value = fields.get(field)
    if value is not None and not isinstance(value, bool):
        raise _Wrong(f"its {field} is neither true nor false")
    return bool(value)


def _string(fields: Mapping[str, Any], field: str) -> str:
    value = fields.get(field)
    if value is not None and not isinstance(value, str):
        raise _Wrong(f"its {field} is not a text")
    return value or ""


def _word(value: Any, name: str) -> str:
    """Return what is kept exactly as it is: it has to be fit for a terminal as it is."""
    if not isinstance(value, str) or not value:
        raise _Wrong(f"it has no {name}")
    if not _is_word(value):
        raise _Wrong(f"its {name} is too long, or has characters that can't be shown")
    return value


def _is_word(value: str) -> bool:
    return 0 < len(value) <= LONGEST_ID and clean_line(value) == value


def _time(fields: Mapping[str, Any], field: str) -> float | None:
    text = _string(fields, field)
    if not text:
        return None
    match = _TIME.fullmatch(text)
    try:
        return _seconds(*match.groups()) if match else _no_time(field)
    except ValueError:
        return _no_time(field)


def _seconds(day: str, clock: str, fraction: str | None, zone: str | None) -> float:
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    seconds = (moment - _EPOCH) / timedelta(seconds=1) + float(fraction or 0)
    return min(max(seconds, _FIRST), _LAST)  # a zone can lead out of what a calendar shows


def _no_time(field: str) -> float:
    raise _Wrong(f"its {field} is no time of RFC 3339")


def _canonical(line: str) -> str:
    number = "\0".__add__  # kept as text, since 1 and 1.0 are two values
    return json.dumps(json.loads(line, parse_int=number, parse_float=number), sort_keys=True)
