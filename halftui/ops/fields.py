"""What the fields of a bead may hold."""

import json
from collections.abc import Callable, Container, Mapping

from halftui.domain import egress
from halftui.domain.names import RUNTIMES
from halftui.domain.text import clean, clean_line
from halftui.errors import Misconfigured
from halftui.ops.boards import MODES
from halftui.store.rows.tables import Bead

LONGEST_TITLE = 500
LONGEST_TEXT = 65_536
MOST_LABELS = 50
LATEST = 253_402_300_800  # the year 10000, in UTC seconds
TEXTS = ("description", "acceptance", "notes")
TIMES = ("not_before", "due")
EDITABLE = ("title", *TEXTS, "type", "priority", "labels", "mode", "runtime", "profile", "egress", *TIMES)


def apply(bead: Bead, fields: Mapping[str, object]) -> None:
    """Set fields of a bead, cleaned. Raises Misconfigured naming the first bad one."""
    for key, value in cleaned(fields).items():
        setattr(bead, key, value)


def cleaned(fields: Mapping[str, object]) -> dict[str, object]:
    """Return fields of a bead as its columns hold them. Raises Misconfigured naming the first bad one."""
    if unknown := [key for key in fields if key not in EDITABLE]:
        raise Misconfigured(f"a bead has no field {unknown[0]}", f"there are {', '.join(EDITABLE)}")
    return {key: _value(key, value) for key, value in fields.items()}


def _value(key: str, value: object) -> object:
    if (reader := _READERS.get(key)) is not None:
        return reader(value)
    if key in TEXTS:
        return _text(key, str(value))
    if key == "priority":
        return _one_of(key, value, range(5), "it is 0 (most urgent) to 4")
    if key == "mode":
        return _one_of(key, value, ("", *MODES), f"it is one of {', '.join(MODES)}")
    if key == "runtime":
        return _one_of(key, value, ("", *RUNTIMES), f"it is one of {', '.join(RUNTIMES)}")
    if key in TIMES:
        return _time(key, value)
    word = clean_line(str(value), longest=50)
    return word if key == "profile" else word or "task"


def _one_of(key: str, value: object, allowed: Container[object], hint: str) -> object:
    if isinstance(value, str | int) and not isinstance(value, bool) and value in allowed:
        return value
    raise Misconfigured(f"{key} can't be {clean_line(str(value), longest=50)}", hint)


def _time(key: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and 0 <= value < LATEST:
        return float(value)
    raise Misconfigured(
        f"{key} can't be {clean_line(str(value), longest=50)}", "it is a time of 1970 or later"
    )


def _title(value: object) -> str:
    title = clean_line(str(value), longest=10 * LONGEST_TITLE)
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise Misconfigured(f"a title has 1 to {LONGEST_TITLE} characters", "say it in one line")
    return title


def _text(key: str, value: str) -> str:
    if len(text := clean(value)) > LONGEST_TEXT:
        raise Misconfigured(f"{key} is longer than {LONGEST_TEXT} characters", "shorten it")
    return text


def _labels(value: object) -> str:
    if not isinstance(value, list | tuple):
        raise Misconfigured("labels is a list of words", "name them one by one")
    words = sorted({clean_line(str(v), longest=50) for v in value} - {""})
    if len(words) > MOST_LABELS:
        raise Misconfigured(f"{len(words)} labels are too many", f"a bead has at most {MOST_LABELS}")
    return json.dumps(words, ensure_ascii=False)


def _hosts(value: object) -> str:
    return egress.of_bead("" if value is None else str(value))


_READERS: Mapping[str, Callable[[object], object]] = {"title": _title, "labels": _labels, "egress": _hosts}
