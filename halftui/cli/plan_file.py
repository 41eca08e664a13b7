"""Reads a planned convoy from a YAML or JSON file; what is wrong is named by line and place."""

import json
from collections import Counter
from datetime import date, datetime, time
from typing import Any

from halftui.domain import plan
from halftui.domain.plan import Keys, Plan
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured

LARGEST = 8 << 20  # characters
DEEPEST = 8  # values in each other
HINT = "see: halftui convoy create --help"


def read(text: str, name: str) -> Plan:
    """Return the plan in a file's text; `name` is what complaints call the file."""
    if len(text) > LARGEST:
        raise Misconfigured(f"{name} is larger than {LARGEST >> 20} MB", "make several convoys of it")
    if text.lstrip().startswith("{"):
        return plan.read(_json(text, name), lambda path: f"{name}, {plan.shown(path) or 'at its top'}")
    value, lines = _yaml(text, name)
    return plan.read(value, lambda path: _place(name, path, lines))


def _json(text: str, name: str) -> object:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(items)
        if len(record) < len(items):
            twin = Counter(key for key, _ in items).most_common(1)[0][0]
            raise Misconfigured(f"{name}: {clean_line(twin, longest=50)} stands twice in one place", HINT)
        return {key: _time(key, value) for key, value in record.items()}

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise Misconfigured(f"{name}, line {error.lineno}: {error.msg}", "this is no JSON") from error
    except (RecursionError, ValueError) as error:
        raise Misconfigured(f"{name} can't be read: {clean_line(str(error))}", HINT) from error


def _yaml(text: str, name: str) -> tuple[object, dict[Keys, int]]:
    import yaml

    reader = _YamlReader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text))
    try:
        return reader.document(), reader.lines
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = clean_line(error.problem or error.context or "")
        raise Misconfigured(f"{name}{line}: {problem}", "this is no YAML") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise Misconfigured(f"{name} can't be read: {clean_line(str(error), longest=200)}", HINT) from error
    except _NotUnderstood as error:
        raise Misconfigured(f"{name}, {error}", HINT) from error
    finally:
        reader.loader.dispose()


class _NotUnderstood(Exception):
    """Right YAML that no plan needs: said with its line."""


class _YamlReader:
    """Makes plain values from YAML's events, so that neither depth nor aliases can exhaust anything."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.lines: dict[Keys, int] = {}

    def document(self) -> Any:
        import yaml

        self.loader.get_event()  # the stream begins
        if self.loader.check_event(yaml.StreamEndEvent):
            return None
        self.loader.get_event()  # the document begins
        value = self.value(self.loader.get_event(), ())
        self.loader.get_event()  # it ends
        if not self.loader.check_event(yaml.StreamEndEvent):
            line = self.loader.get_event().start_mark.line + 1
            raise _NotUnderstood(f"line {line}: a second document begins there")
        return value

    def value(self, event: Any, path: Keys) -> Any:
        import yaml

        self.lines[path] = line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _NotUnderstood(f"line {line}: aliases are not understood")
        if len(path) > DEEPEST:
            raise _NotUnderstood(f"line {line}: nothing of a plan lies that deep")
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(path, yaml.SequenceEndEvent)
        if isinstance(event, yaml.MappingStartEvent):
            return self.record(path, yaml.MappingEndEvent)
        if event.tag not in (None, "!"):
            raise _NotUnderstood(f"line {line}: tags are not understood")
        tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        return _time(str(path[-1]) if path else "", self.loader.construct_object(node))

    def items(self, path: Keys, end: type) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := self.loader.get_event(), end):
            found.append(self.value(event, (*path, len(found))))
        return found

    def record(self, path: Keys, end: type) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self.loader.get_event(), end):
            line = event.start_mark.line + 1
            if (key := getattr(event, "value", None)) is None:
                raise _NotUnderstood(f"line {line}: a field's name is a word")
            if key in found:
                raise _NotUnderstood(f"line {line}: {clean_line(key, longest=50)} stands there twice")
            found[key] = self.value(self.loader.get_event(), (*path, key))
            self.lines[*path, key] = line
        return found


def _time(key: str, value: Any) -> Any:
    """Return UTC seconds for a time in a place for one; local time if it names no zone."""
    if key not in plan.TIMES or not isinstance(value, str | date):
        return value
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        return moment.timestamp()
    except (ValueError, OverflowError, OSError):
        return value


def _place(name: str, path: Keys, lines: dict[Keys, int]) -> str:
    here = path
    while here and here not in lines:
        here = here[:-1]
    line = f", line {lines[here]}" if here in lines else ""
    return f"{name}{line}{', ' if path else ''}{plan.shown(path)}"
