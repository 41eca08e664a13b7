"""Reads files of manifests, YAML or JSON: each thing checked, each fault named by its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

from halftui.domain import profile as rules
from halftui.domain.lanes import wish, wished
from halftui.domain.names import RUNTIMES
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured
from halftui.ops.specs import FIELDS, Manifest

LONGEST = 4 << 20  # characters of a file
MOST = 2_000  # things in it
_TIMES = ("not_before", "due")
_LISTS = ("labels", "beads", "after", "links")
_NUMBERS = ("priority", "cap", "batch", "rounds")
_EDGE = {"kind", "target", "on_failure", "gate"}
_KEYS = {"kind", "id", "ref", "seen", "spec", "status"}


def read(name: str, stdin: TextIO, file_of: Callable[[str], Path]) -> list[Manifest]:
    """Return the things of a file, `-` is standard input. Raises Misconfigured naming the place."""
    if name == "-":
        return read_text(stdin.read(LONGEST + 1), "standard input")
    return read_text(_text(file_of(name)), clean_line(name, longest=200))


def read_text(text: str, shown: str) -> list[Manifest]:
    """Return the things of a text, which is called `shown` in messages."""
    if len(text) > LONGEST:
        raise Misconfigured(f"{shown} is longer than {LONGEST >> 20} MB", "divide it")
    found = list(_documents(text, shown))
    if not found and text.strip() != "[]":  # which is what `get` prints of nothing
        raise Misconfigured(f"there is nothing in {shown}", "write what `halftui get beads -o yaml` prints")
    if len(found) > MOST:
        raise Misconfigured(f"{shown} has more than {MOST} things", "divide it")
    return [_manifest(thing, f"number {at} of {shown}") for at, thing in enumerate(found, 1)]


def _text(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(LONGEST + 1)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise Misconfigured(
            f"{clean_line(str(file), longest=200)} can't be read: {reason}", "name a file"
        ) from error


def _documents(text: str, shown: str) -> Iterator[Any]:
    import yaml

    from halftui.cli.plain_yaml import PlainLoader

    try:
        if text.lstrip()[:1] in ("[", "{"):
            documents = [json.loads(text, parse_constant=_no_number)]
        else:
            documents = list(yaml.load_all(text, PlainLoader))
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        reason = clean_line(str(error).replace("\n", " "), longest=200) or type(error).__name__
        raise Misconfigured(f"{shown} can't be understood: {reason}", "mend that place") from error
    for document in documents:
        yield from document if isinstance(document, list) else () if document is None else (document,)


def _manifest(thing: Any, place: str) -> Manifest:
    if not isinstance(thing, dict) or not isinstance(thing.get("spec"), dict):
        raise Misconfigured(f"{place} is no thing with a kind and a spec", "see: halftui get beads -o yaml")
    kind = str(thing.get("kind"))
    if kind not in FIELDS:
        raise Misconfigured(f"{place} is of no kind that can be applied", f"there are {', '.join(FIELDS)}")
    if unknown := {str(key) for key in thing} - _KEYS:
        raise Misconfigured(
            f"{place} has {_first(unknown)}, which is nothing", "it has kind, id, ref, seen and spec"
        )
    ident, ref = _word(thing, "id", place), _word(thing, "ref", place)
    return Manifest(kind, ident, ref, _spec(kind, thing["spec"], place), place, _seen(thing, place))


def _spec(kind: str, found: Mapping[Any, Any], place: str) -> dict[str, Any]:
    known = (*FIELDS[kind], "name")
    if unknown := {str(key) for key in found} - set(known):
        raise Misconfigured(
            f"{place}: a {kind} has no field {_first(unknown)}", f"there are {', '.join(known)}"
        )
    if kind == "profile":
        return _profile(found, place)
    return {name: _value(name, value, f"{place}: {name}") for name, value in found.items()}


def _profile(found: Mapping[Any, Any], place: str) -> dict[str, Any]:
    """Return a profile's fields in one form, so that equal ones are seen to be equal."""
    try:
        read = asdict(rules.read({key: value for key, value in found.items() if key != "name"}, RUNTIMES))
    except Misconfigured as error:
        raise Misconfigured(f"{place}: {error.message}", error.hint) from error
    given = {name: list(value) if name == "tools" else value for name, value in read.items() if name in found}
    return given | ({"name": _plain(found["name"], f"{place}: name")} if "name" in found else {})


def _value(name: str, value: Any, place: str) -> Any:
    if name in _TIMES:
        return _time(value, place)
    if name == "lanes":
        return wish(wished(_list(value, place)))
    if name == "links":
        return [_edge(item, place) for item in _list(value, place)]
    if name in _LISTS:
        return [_plain(item, place) for item in _list(value, place)]
    if name in _NUMBERS:
        if type(value) is not int:
            raise Misconfigured(f"{place} is no whole number", "write it without quotes")
        return value
    return _plain(value, place)


def _plain(value: Any, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Misconfigured(f"{place} is no text", "put it into quotes")
    return str(value)


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise Misconfigured(f"{place} is no list", "write [a, b]")
    return value


def _edge(value: Any, place: str) -> dict[str, str]:
    if not isinstance(value, dict) or not value.get("target") or {str(key) for key in value} - _EDGE:
        raise Misconfigured(f"{place} has an edge without target", f"it has {', '.join(sorted(_EDGE))}")
    return {key: _plain(text, place) for key, text in value.items()}


def _time(value: Any, place: str) -> float | None:
    if value is None:
        return None
    try:
        moment = value if isinstance(value, date) else datetime.fromisoformat(_plain(value, place))
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), 3)
    except (ValueError, OverflowError) as error:
        raise Misconfigured(f"{place} is no time", "write 2026-12-24T18:00Z") from error


def _word(thing: Mapping[str, Any], name: str, place: str) -> str:
    value = thing.get(name, "")
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Misconfigured(f"{place}: its {name} is no word", "put it into quotes")
    return str(value)


def _seen(thing: Mapping[str, Any], place: str) -> int | None:
    value = thing.get("seen")
    if value is not None and (type(value) is not int or not 0 <= value < 1 << 63):
        raise Misconfigured(f"{place}: its seen is no number of an event", "leave it as it was printed")
    return value


def _first(names: set[str]) -> str:
    return repr(clean_line(min(names), longest=60))


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
