"""A convoy as somebody planned it: beads under names of the plan's own, none of them made yet."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from halftui.domain.graph import ALL_CHILDREN, GATES, ON_FAILURE, RELEASE, Edge, EdgeKind, cycle
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, Refused

MOST = 10_000  # beads of one plan
TEXTS = ("title", "description", "acceptance", "notes", "type", "mode", "runtime", "profile", "hold")
NUMBERS = ("priority",)
TIMES = ("not_before", "due")
FIELDS = (*TEXTS, *NUMBERS, *TIMES, "labels")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Keys = tuple[str | int, ...]  # where in a plan: ('beads', 2, 'after')


@dataclass(frozen=True, slots=True)
class Wait:
    """What a planned bead waits for: another of the plan by its key, or a bead that is there."""

    target: str
    kind: str
    on_failure: str
    gate: str
    place: str


@dataclass(frozen=True, slots=True)
class PlannedBead:
    """A bead to be made; `place` says where in the plan it stands."""

    key: str
    fields: Mapping[str, object]
    parent: str
    waits: tuple[Wait, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A convoy to be made; with a branch its beads merge there, and once at the end into the board's."""

    name: str
    has_branch: bool
    beads: tuple[PlannedBead, ...]


def shown(path: Keys) -> str:
    """Return a path as in `beads[2].after[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read(value: object, where: Callable[[Keys], str] = shown) -> Plan:
    """Return the plan that a value from YAML or JSON holds.

    Raises Misconfigured for what is not understood, saying with `where` in which place; Refused,
    naming the cycle, if its beads wait for each other in a circle.
    """
    reader = _Reader(where)
    top = reader.record(value, (), ("name", "integration", "beads"))
    listed = reader.items(top, (), "beads")
    if not 1 <= len(listed) <= MOST:
        raise reader.wrong(("beads",), f"a plan has 1 to {MOST} beads", "list them under beads:")
    beads = tuple(reader.bead(item, ("beads", n)) for n, item in enumerate(listed))
    reader.refuse_twins(beads)
    plan = Plan(reader.text(top, (), "name"), reader.flag(top, (), "integration"), beads)
    _refuse_cycle(plan)
    return plan


class _Reader:
    """Takes values apart; every complaint names its place."""

    def __init__(self, where: Callable[[Keys], str]) -> None:
        self.where = where

    def wrong(self, path: Keys, message: str, hint: str) -> Misconfigured:
        place = self.where(path)
        return Misconfigured(f"{place}: {message}" if place else message, hint)

    def record(self, value: object, path: Keys, known: Collection[str]) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.wrong(path, "fields are expected here", f"there are {', '.join(known)}")
        for key in value:
            if key not in known:
                word = clean_line(str(key), longest=50)
                raise self.wrong((*path, word), "this is no field", f"there are {', '.join(known)}")
        return value

    def bead(self, value: object, path: Keys) -> PlannedBead:
        record = self.record(value, path, ("key", "parent", "after", *FIELDS))
        fields = {name: self.field(record, path, name) for name in FIELDS if record.get(name) is not None}
        if "title" not in fields:
            raise self.wrong(path, "a bead needs a title", "say in one line what is to be done")
        waits = self.items(record, path, "after", single=True)
        return PlannedBead(
            key=self.key(record, path, "key", f"#{int(path[-1]) + 1}"),
            fields=fields,
            parent=self.key(record, path, "parent", ""),
            waits=tuple(self.wait(item, (*path, "after", n)) for n, item in enumerate(waits)),
            place=self.where(path),
        )

    def wait(self, value: object, path: Keys) -> Wait:
        if not isinstance(value, dict):
            return Wait(self.key({"bead": value}, path, "bead", ""), EdgeKind.BLOCKS, RELEASE, ALL_CHILDREN,
                        self.where(path))  # fmt: skip
        record = self.record(value, path, ("bead", "kind", "on_failure", "gate"))
        if not (target := self.key(record, path, "bead", "")):
            raise self.wrong(path, "it says not which bead to wait for", "bead: KEY")
        return Wait(
            target,
            self.text(record, path, "kind") or EdgeKind.BLOCKS.value,
            self.choice(record, path, "on_failure", ON_FAILURE),
            self.choice(record, path, "gate", GATES),
            self.where(path),
        )

    def field(self, record: Mapping[str, Any], path: Keys, name: str) -> object:
        if name in TEXTS:
            return self.text(record, path, name)
        if name == "labels":
            labels = self.items(record, path, name, single=True)
            return tuple(self.text({name: label}, path, name) for label in labels)
        value = record[name]
        if isinstance(value, bool) or not isinstance(value, int if name in NUMBERS else int | float):
            kind = "a number" if name in NUMBERS else "a time, as in 2026-12-24T18:00"
            raise self.wrong((*path, name), f"{name} is {kind}", f"write {name}: and {kind}")
        return value

    def text(self, record: Mapping[str, Any], path: Keys, name: str) -> str:
        value = record.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong((*path, name), f"{name} is a text", 'put it in quotes: "…"')
        return value

    def key(self, record: Mapping[str, Any], path: Keys, name: str, otherwise: str) -> str:
        value = record.get(name)
        if value is None:
            return otherwise
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not _KEY.fullmatch(text):
            raise self.wrong(
                (*path, name), "a key has letters, digits and . _ -, at most 64", "as in key: audit"
            )
        return text

    def flag(self, record: Mapping[str, Any], path: Keys, name: str) -> bool:
        value = record.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong((*path, name), f"{name} is true or false", f"{name}: true")
        return value

    def choice(self, record: Mapping[str, Any], path: Keys, name: str, allowed: tuple[str, ...]) -> str:
        value = record.get(name, allowed[0])
        if value not in allowed:
            raise self.wrong((*path, name), f"{name} is one of {', '.join(allowed)}", f"{name}: {allowed[0]}")
        return str(value)

    def items(
        self, record: Mapping[str, Any], path: Keys, name: str, *, single: bool = False
    ) -> list[object]:
        value = record.get(name)
        if value is None:
            return []
        if single and isinstance(value, str | int):
            return [value]
        if not isinstance(value, list):
            raise self.wrong((*path, name), f"{name} is a list", "begin each item with a dash")
        return value

    def refuse_twins(self, beads: tuple[PlannedBead, ...]) -> None:
        seen: set[str] = set()
        for number, bead in enumerate(beads):
            if bead.key in seen:
                raise self.wrong(
                    ("beads", number, "key"), f"the key {bead.key} stands there twice", "use another"
                )
            seen.add(bead.key)


def edges_of(plan: Plan) -> list[Edge]:
    """Return the plan's edges between keys and, where no key is meant, ids."""
    edges = [Edge(b.key, w.target, w.kind, w.on_failure, w.gate) for b in plan.beads for w in b.waits]
    return edges + [Edge(b.key, b.parent, EdgeKind.PARENT) for b in plan.beads if b.parent]


def _refuse_cycle(plan: Plan) -> None:
    keys = {bead.key for bead in plan.beads}
    if way := cycle(edge for edge in edges_of(plan) if edge.target in keys):
        raise Refused(f"these wait for each other: {' → '.join(way[:20])}", "take one of those edges out")
