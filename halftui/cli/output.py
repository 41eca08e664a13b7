"""Turns what commands found into tables, JSON or YAML; the one place that makes views plain."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, TextIO

from halftui.domain.lanes import LaneRow, wish
from halftui.domain.text import clean, clean_line

FORMATS = ("table", "wide", "json", "yaml")
TIMES = frozenset({"at", "since", "due", "not_before"})  # and every name that ends in _at or _until
_PAIRS = {
    "waits_for": ("id", "kind", "state"),
    "frees": ("id", "kind", "state"),
    "options": ("label", "description"),
    "comments": ("who", "text"),
}
NARROWEST = 6  # cells of a column
_GAP = "  "
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def plain(value: Any, name: str = "") -> Any:
    """Return a view as dicts, lists, numbers and cleaned text; times as ISO 8601 in UTC."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _flat({key: plain(item, key) for key, item in value._asdict().items()})
    if is_dataclass(value) and not isinstance(value, type):
        return _flat({f.name: plain(getattr(value, f.name), f.name) for f in fields(value)})
    if isinstance(value, Mapping):
        return {clean_line(str(k)): plain(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return _listed(value, name)
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and _is_time(name):
        return iso(value)
    return value


def iso(seconds: float) -> str:
    """Return UTC seconds as `2026-01-31T09:30:00.000Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dumped(value: Any, form: str) -> str:
    """Return a view as JSON, JSON in one line (`lines`) or YAML, ending with a newline."""
    if form == "yaml":
        import yaml

        return str(yaml.safe_dump(plain(value), sort_keys=False, allow_unicode=True))
    return json.dumps(plain(value), indent=None if form == "lines" else 2, ensure_ascii=False) + "\n"


def table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], width: int | None, *, is_bold: bool
) -> str:
    """Return aligned columns under a heading; lines are cut to `width` cells if that is given."""
    cells = [[column.upper().replace("_", " ") for column in columns]]
    cells += [[cell(row[column]) for column in columns] for row in rows]
    widths = _fitted([max(cell_width(row[i]) for row in cells) for i in range(len(columns))], width)
    lines = [_GAP.join(_padded(text, w) for text, w in zip(row, widths, strict=True)) for row in cells]
    lines = [_cut(line.rstrip(), width) for line in lines]
    if is_bold:
        lines[0] = f"{_BOLD}{lines[0]}{_PLAIN}"
    return "\n".join(lines) + "\n"


def sheet(record: Mapping[str, Any], width: int | None) -> str:
    """Return one record as lines of name and value; text of several lines is indented below."""
    longest = max(len(name) for name in record)
    lines: list[str] = []
    for name, value in record.items():
        texts = [cell(v) for v in value] if isinstance(value, list) else cell_lines(value)
        if not any(texts):
            continue
        head = f"{name.replace('_', ' ').ljust(longest)}{_GAP}"
        lines += [_cut((head if not i else " " * len(head)) + text, width) for i, text in enumerate(texts)]
    return "\n".join(lines) + "\n"


def cell(value: Any) -> str:
    """Return a plain value as one line of text."""
    if isinstance(value, dict):
        return " ".join(f"{k}={cell(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(cell(v) for v in value)
    return clean_line(cell_lines(value)[0] if isinstance(value, float | bool | None) else str(value))


def cell_lines(value: Any) -> list[str]:
    """Return a plain value as lines of text."""
    if value is None:
        return [""]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, float):
        return [f"{value:.4f}".rstrip("0").rstrip(".")]
    if isinstance(value, dict):
        return [cell(value)]
    return [line.rstrip() for line in clean(str(value)).split("\n")]


def cell_width(text: str) -> int:
    """Return how many terminal cells a line takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def width_of(stream: TextIO) -> int | None:
    """Return the cells of a stream's terminal, None if it is none."""
    return os.get_terminal_size(stream.fileno()).columns or None if stream.isatty() else None


def has_colours(stream: TextIO, env: Mapping[str, str] = os.environ) -> bool:
    """Return True if the stream is a terminal that wants colours."""
    return stream.isatty() and not env.get("NO_COLOR") and env.get("TERM") != "dumb"


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    card = record.pop("card", None)
    return {**card, **record} if isinstance(card, dict) else record


def _listed(values: Iterable[Any], name: str) -> Any:
    if name == "lanes" and all(isinstance(value, LaneRow) for value in values):
        return wish(tuple(values))
    if name == "counts":
        return {str(key): count for key, count in values}
    if names := _PAIRS.get(name):
        return [dict(zip(names, (plain(v) for v in value), strict=True)) for value in values]
    return [plain(value) for value in values]


def _is_time(name: str) -> bool:
    return name in TIMES or name.endswith(("_at", "_until"))


def _fitted(widths: list[int], width: int | None) -> list[int]:
    """Take what is too much from the widest column, and then from the next."""
    while width is not None and (excess := sum(widths) + len(_GAP) * (len(widths) - 1) - width) > 0:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= NARROWEST:
            break
        second = sorted(widths)[-2] if len(widths) > 1 else 0
        least = max(second - 1, NARROWEST) if second < widths[widest] else widths[widest] - 1
        widths[widest] = max(widths[widest] - excess, least)
    return widths


def _padded(text: str, width: int) -> str:
    shown = _cut(text, width)
    return shown + " " * (width - cell_width(shown))


def _cut(line: str, width: int | None) -> str:
    if width is None or cell_width(line) <= width:
        return line
    while cell_width(line) > width - 1:
        line = line[: max(len(line) - max(1, (cell_width(line) - width + 1) // 2), 0)]
    return line + "…"
