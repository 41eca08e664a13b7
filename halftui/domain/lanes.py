"""How a board's lanes are laid out: which there are, in what order, what each shows and holds at most."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured

STATES = ("blocked", "ready", "working", "review", "done", "closed")
MOST, MOST_CARDS = 24, 9_999
LONGEST_TITLE, LONGEST_FILTER = 40, 200
_FIELDS = ("name", "title", "state", "filter", "limit", "hidden")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,23}")


class LaneRow(NamedTuple):
    """A lane as its board was told to have it.

    One that is named by a state shows that state whole. Any other shows what its filter holds, of its state,
    or of all that is not finished where that is "".
    """

    name: str
    title: str = ""
    state: str = ""
    filter: str = ""
    limit: int = 0  # of cards; more are warned of, none is refused; 0 is any number
    is_hidden: bool = False

    @property
    def heading(self) -> str:
        """What stands above it."""
        return self.title or self.name.title()

    @property
    def is_own(self) -> bool:
        """Whether somebody made it, with a filter, instead of one of the states that every board has."""
        return self.name not in STATES

    @property
    def shows(self) -> str:
        """What it shows, in words."""
        return f"{self.state or 'unfinished'} / {self.filter}" if self.is_own else self.state

    def is_over(self, total: int) -> bool:
        """Return whether so many cards are more than people wanted."""
        return 0 < self.limit < total


Lanes = tuple[LaneRow, ...]
DEFAULT: Lanes = tuple(LaneRow(name, state=name) for name in STATES)


def parse(text: str) -> Lanes:
    """Return the lanes that a board has stored; "" is those that it came with."""
    return tuple(LaneRow(*row) for row in json.loads(text)) if text else DEFAULT


def stored(lanes: Lanes) -> str:
    """Return lanes as a board stores them."""
    return "" if lanes == DEFAULT else json.dumps(lanes, ensure_ascii=False, separators=(",", ":"))


def wish(lanes: Lanes) -> list[dict[str, Any]]:
    """Return lanes as `get` prints and `apply` reads them; those that a board comes with are none."""
    return [] if lanes == DEFAULT else [_fields(row) for row in lanes]


def wished(found: object) -> Lanes:
    """Return the lanes of a list as `wish` writes it; states that it leaves out are hidden at its end.

    Raises Misconfigured naming the lane and the fault.
    """
    if not isinstance(found, list):
        raise Misconfigured("lanes are no list", "write one as `halftui get boards -o yaml` prints it")
    return checked([_row(thing) for thing in found]) if found else DEFAULT


def checked(rows: Sequence[LaneRow]) -> Lanes:
    """Return the lanes of a board with every state among them. Raises Misconfigured for a bad one."""
    names = [row.name for row in rows]
    lanes = tuple(map(_checked, rows))
    lanes += tuple(LaneRow(name, state=name, is_hidden=True) for name in STATES if name not in names)
    if twice := {name for name in names if names.count(name) > 1}:
        raise Misconfigured(f"there are two lanes named {min(twice)}", "give one of them another name")
    if len(lanes) > MOST:
        raise Misconfigured(f"a board has at most {MOST} lanes", "the filter (/) narrows all of them")
    if all(row.is_hidden or row.name == "closed" for row in lanes):
        raise Misconfigured("every lane would be hidden", "leave one in sight")
    return lanes


def at(lanes: Lanes, name: str, place: int) -> Lanes:
    """Return lanes in which the one of that name stands at a place from 0 on, or as near as there is one."""
    row = lane(lanes, name)
    rest = [other for other in lanes if other is not row]
    return (*rest[: max(place, 0)], row, *rest[max(place, 0) :])


def beside(lanes: Lanes, name: str, step: int) -> Lanes:
    """Return lanes in which the one of that name went past its next visible neighbour, -1 is to the left."""
    seen = [row.name for row in lanes if not row.is_hidden or row.name == name]
    to = seen.index(name) + step
    if not 0 <= to < len(seen):
        return lanes
    return at(lanes, name, [row.name for row in lanes].index(seen[to]))


def changed(lanes: Lanes, name: str, **fields: Any) -> Lanes:
    """Return lanes in which the one of that name has other fields, or is there if it was not."""
    if name not in (row.name for row in lanes):
        return checked([*lanes, LaneRow(name, **fields)])
    row = lane(lanes, name)._replace(**fields)
    return checked([row if other.name == name else other for other in lanes])


def without(lanes: Lanes, name: str) -> Lanes:
    """Return lanes without one that somebody made. Raises Misconfigured for a state's."""
    if not lane(lanes, name).is_own:
        raise Misconfigured(f"every board has the lane {name}", "it can be hidden")
    return checked([row for row in lanes if row.name != name])


def lane(lanes: Lanes, name: str) -> LaneRow:
    """Return the lane of that name. Raises Misconfigured if there is none."""
    for row in lanes:
        if row.name == name:
            return row
    shown = clean_line(name, longest=40)
    raise Misconfigured(f"there is no lane {shown}", f"there are {', '.join(row.name for row in lanes)}")


def named(title: str, lanes: Lanes) -> str:
    """Return a free name for a lane with that title."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:20].rstrip("-")
    base = base if _NAME.fullmatch(base) else "lane"
    taken = {row.name for row in lanes} | set(STATES)
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, MOST + 9))) if name not in taken)


def _checked(row: LaneRow) -> LaneRow:
    name, fault = row.name, ""
    row = row._replace(
        title=clean_line(row.title, longest=LONGEST_TITLE),
        filter=" ".join(clean_line(row.filter, longest=LONGEST_FILTER).split()),
        state=row.state if row.is_own else name,
    )
    if not _NAME.fullmatch(name):
        fault = "its name is no word of small letters, digits and -"
    elif row.state and row.state not in STATES:
        fault = f"its state is none of {', '.join(STATES)}"
    elif row.is_own and not row.filter:
        fault = "it has no filter"
    elif row.filter and not row.is_own:
        fault = f"it shows {name} whole; another lane of that state can have a filter"
    elif type(row.limit) is not int or not 0 <= row.limit <= MOST_CARDS:
        fault = f"its limit is no whole number from 0 to {MOST_CARDS}"
    if fault:
        hint = "as in: halftui board lanes urgent --state ready --filter '#urgent'"
        raise Misconfigured(f"the lane {clean_line(name, longest=40)}: {fault}", hint)
    return row


def _fields(row: LaneRow) -> dict[str, Any]:
    found = {"name": row.name, "title": row.title, "state": row.state if row.is_own else "",
             "filter": row.filter, "limit": row.limit, "hidden": row.is_hidden}  # fmt: skip
    return {key: value for key, value in found.items() if value}


def _row(thing: object) -> LaneRow:
    hint = f"it has {', '.join(_FIELDS)}"
    if not isinstance(thing, Mapping) or not thing.get("name"):
        raise Misconfigured("a lane has no name", hint)
    name = clean_line(str(thing["name"]), longest=40)
    if unknown := {str(key) for key in thing} - set(_FIELDS):
        raise Misconfigured(f"the lane {name} has {clean_line(min(unknown), longest=40)!r}", hint)
    title, state, words = (thing.get(key, "") for key in ("title", "state", "filter"))
    limit, is_hidden = thing.get("limit", 0), thing.get("hidden", False)
    if not all(isinstance(text, str) for text in (title, state, words)):
        raise Misconfigured(f"the lane {name}: its title, state or filter is no text", "put it into quotes")
    if not isinstance(is_hidden, bool):
        raise Misconfigured(f"the lane {name}: hidden is neither true nor false", hint)
    return LaneRow(str(thing["name"]), title, state, words, limit, is_hidden)
