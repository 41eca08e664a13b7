"""Boards that take and give files of the beads JSONL format, and files of it made up at random."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from halftui.domain import graph, jsonl
from halftui.domain.actor import person
from halftui.domain.shown import Happened
from halftui.ops import boards, interchange, originals, views
from halftui.ops.interchange import Taken
from halftui.store.store import Store

ANN = person("ann")
NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
Json = dict[str, Any]


@dataclass
class Desk:
    """A database with a board."""

    store: Store
    board: str

    def take(self, lines: Iterable[str | bytes]) -> Taken:
        """Import these lines."""
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        return self.store.write(ANN, interchange.take, self.board, list(jsonl.read(raw)))

    def give(self) -> list[str]:
        """Export the board."""
        lines: list[str] = []
        self.store.read(originals.give, self.board, lines.append)
        return lines

    def ready(self) -> list[str]:
        """Return the ids of the ready beads, sorted."""
        return sorted(card.id for card in self.store.read(views.ready, self.board, 0))

    def blocked(self) -> list[str]:
        """Return the ids of the blocked beads, sorted."""
        return sorted(card.id for card in self.store.read(views.blocked, self.board, 0))

    def rows(self, table: str, left_out: Sequence[str] = ()) -> list[Json]:
        """Return a table's rows without these columns, in an order of their own."""
        names = [str(r[1]) for r in self.store.read(lambda r: r.rows(f"PRAGMA table_info({table})"))]
        kept = ", ".join(f'"{name}"' for name in names if name not in left_out)
        found = self.store.read(lambda r: r.rows(f"SELECT {kept} FROM {table}"))
        rows = [dict(zip((n for n in names if n not in left_out), row, strict=True)) for row in found]
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))

    def state(self) -> dict[str, list[Json]]:
        """Return all that an import can change, but for when it happened."""
        return {
            table: self.rows(table, ["seq", "at"] if table in ("event", "original") else [])
            for table in ("bead", "edge", "original", "event")
        }

    def events(self) -> tuple[Happened, ...]:
        """Return all events."""
        return self.store.read(views.events, 0)


@contextmanager
def desk() -> Iterator[Desk]:
    """Yield a board in a database of its own, whose clock stands."""
    blank, board = _blank()
    with TemporaryDirectory() as folder, closing(Store(f"sqlite:///{folder}/a.db", lambda: NOW)) as store:
        (Path(folder) / "a.db").write_bytes(blank)
        yield Desk(store, board)


@cache
def _blank() -> tuple[bytes, str]:
    with TemporaryDirectory() as folder:
        with closing(Store(f"sqlite:///{folder}/a.db", lambda: NOW)) as store:
            store.prepare()
            board = store.write(ANN, boards.create, "shop", "/srv/shop", "main")
        return (Path(folder) / "a.db").read_bytes(), board


def line(ident: str, *after: str | Json, **fields: Any) -> str:
    """Return an issue's line; `after` are targets of blocks edges, or whole dependencies."""
    edges = [a if isinstance(a, dict) else {"depends_on_id": a, "type": "blocks"} for a in after]
    record = {"id": ident, "title": f"Do {ident}", "status": "open", **fields}
    return json.dumps(record | ({"dependencies": edges} if edges else {}))


def parent(ident: str) -> Json:
    """Return a dependency on a parent."""
    return {"depends_on_id": ident, "type": "parent-child"}


def shuffled(lines: Sequence[str], seed: int = 1) -> list[str]:
    """Return the lines in another order."""
    mixed = list(lines)
    random.Random(seed).shuffle(mixed)
    return mixed


def exact(text: str) -> Any:
    """Return a line as JSON whose numbers are their very digits."""
    return json.loads(text, parse_int=lambda s: ("int", s), parse_float=lambda s: ("float", s))


def by_record(lines: Iterable[str]) -> list[str]:
    """Return the lines' contents, so that two files can be compared without their order."""
    return sorted(json.dumps(exact(text), sort_keys=True) for text in lines if text.strip())


_TEXTS = st.text(max_size=30)
_TIMES = st.sampled_from(
    ["2025-10-14T02:55:46.946477-07:00", "2025-11-26T23:40:11.86809792Z", "2026-02-27T02:56:08Z",
     "2031-01-01T00:00:00+05:30", "2026-02-27t02:56:08.123456789z", "0001-01-01T00:00:00Z"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**40, 10**41) | _TEXTS
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_STATUSES = st.sampled_from(
    ["open", "open", "open", "", "in_progress", "blocked", "deferred", "closed", "closed", "pinned",
     "hooked", "waiting_for_legal"]
)  # fmt: skip
_KINDS = st.sampled_from(
    ["blocks", "blocks", "conditional-blocks", "parent-child", "parent-child", "waits-for", "related",
     "discovered-from", "tracks", "my own kind"]
)  # fmt: skip
_COMMENTS = st.lists(
    st.fixed_dictionaries({"id": st.integers() | _TEXTS, "text": _TEXTS, "created_at": _TIMES}), max_size=2
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "description": _TEXTS, "design": _TEXTS, "notes": _TEXTS, "acceptance_criteria": _TEXTS,
    "priority": st.integers(0, 4), "assignee": st.none() | _TEXTS,
    "issue_type": st.sampled_from(["task", "bug", "feat", "epic", "gate", "agent", "our own", ""]),
    "created_at": _TIMES, "updated_at": _TIMES, "closed_at": _TIMES, "due_at": st.none() | _TIMES,
    "defer_until": _TIMES, "created_by": _TEXTS, "labels": st.lists(_TEXTS, max_size=3),
    "close_reason": st.sampled_from(["", "Done", "failed: no time", "Rejected", "won't fix"]),
    "comments": _COMMENTS, "metadata": _VALUES, "timeout": st.integers(0, 2**70), "pinned": st.booleans(),
    "ephemeral": st.booleans(), "wisp": st.booleans(), "is_template": st.booleans(), "unknown": _VALUES,
}  # fmt: skip
_METADATA = st.sampled_from(
    ["", "{}", '{"gate": "any-children"}', '{"gate":"all-children","spawner_id":"x"}', "not JSON", "[1]",
     '{"on_failure": "hold"}', '{"n": 123456789012345678901234567890}']
)  # fmt: skip


@st.composite
def exports(draw: st.DrawFn) -> list[str]:
    """Draw the lines of a file without a cycle: edges lead to later ids, or to no bead at all.

    Waiting for the children of a bead can lead to earlier ids; what closes a cycle so is left out.
    """
    count = draw(st.integers(1, 9))
    idents = [f"x-{number}{draw(st.sampled_from(['', '.1', ' ü', '/../z']))}" for number in range(count)]
    lines = [_issue(draw, ident, [*idents[place + 1 :], "gone-1"]) for place, ident in enumerate(idents)]
    assume(not graph.cycle(_edges(lines)))
    lines += draw(st.lists(st.sampled_from(_OTHERS), unique=True))
    return draw(st.permutations(lines))


_OTHERS = (
    '{"_schema":"beads-jsonl/1","_sort":"stable-v1"}',
    '{"_type": "memory", "key": "k", "value": "v\\u0000"}',
    '{"_type":"memory","key":"other","value":{"n":1.0}}',
    '{"_type":"wish","text":"of a kind that nobody knows"}',
    '{"id":"gone-1","title":"","status":"tombstone","deleted_at":"2025-01-01T00:00:00Z"}',
    "",
    "  ",
)


def _edges(lines: Iterable[str]) -> Iterator[graph.Edge]:
    for issue in map(json.loads, lines):
        for edge in issue.get("dependencies", ()):
            yield graph.Edge(issue["id"], edge["depends_on_id"], edge["type"])


def _issue(draw: st.DrawFn, ident: str, targets: Sequence[str]) -> str:
    fields = draw(st.fixed_dictionaries({}, optional=_FIELDS))
    title = draw(_TEXTS.filter(str.strip))
    record = {"id": ident, "title": title, "status": draw(_STATUSES)} | fields
    if edges := draw(st.lists(_edge(targets), max_size=4)):
        record["dependencies"] = edges
    if draw(st.booleans()):
        record["_type"] = "issue"
    order = draw(st.permutations(list(record)))
    return json.dumps({key: record[key] for key in order}, ensure_ascii=draw(st.booleans()))


def _edge(targets: Sequence[str]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"depends_on_id": st.sampled_from(targets), "type": _KINDS},
        optional={"issue_id": st.just("x"), "created_at": _TIMES, "created_by": _TEXTS,
                  "metadata": _METADATA, "thread_id": _TEXTS},
    )  # fmt: skip
