"""What holds for every file of the beads JSONL format, and for every row of changes after it."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from halftui.domain import graph
from halftui.domain.actor import person
from halftui.domain.graph import NEVER_READY_TYPES
from halftui.domain.jsonl import UNFIT
from halftui.domain.states import BeadState
from halftui.errors import Conflict, Denied, Refused
from halftui.ops import beads, edges
from tests.helpers.exports import ANN, NOW, Desk, Json, by_record, desk, exports, shuffled

BOB = person("bob")
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # making a failing file smaller takes minutes
)


@SETTINGS
@given(exports())
def test_what_goes_in_comes_out(lines: list[str]) -> None:
    with desk() as at:
        at.take(lines)
        assert by_record(at.give()) == by_record(lines)


@SETTINGS
@given(exports())
def test_twice_is_once(lines: list[str]) -> None:
    with desk() as at:
        first = at.take(lines)
        state = at.state()
        again = at.take(shuffled(lines, 7))
        assert at.state() == state
        assert (again.created, again.updated, again.unchanged) == (0, 0, first.created)
        at.take(at.give())
        assert at.state() == state


@SETTINGS
@given(exports(), st.integers(0, 99))
def test_the_order_of_lines_and_fields_says_nothing(lines: list[str], seed: int) -> None:
    with desk() as at, desk() as other:
        at.take(lines)
        other.take(shuffled(lines, seed))
        assert at.state() == other.state()
        assert at.give() == other.give()


@SETTINGS
@given(exports(), st.integers(0, 99))
def test_pieces_make_the_whole(lines: list[str], seed: int) -> None:
    """A dangling edge is kept, and works as soon as its target comes."""
    half = len(lines) // 2
    mixed = shuffled(lines, seed)
    with desk() as at, desk() as other:
        at.take(lines)
        other.take(mixed[:half])
        other.take(mixed[half:])
        assert by_record(at.give()) == by_record(other.give())
        assert (at.ready(), at.blocked()) == (other.ready(), other.blocked())
        assert _counts(at) == _counts(other)


@SETTINGS
@given(exports())
def test_ready_and_blocked_are_what_the_rule_says(lines: list[str]) -> None:
    with desk() as at:
        at.take(lines)
        found = _rule(at)
        assert (at.ready(), at.blocked()) == found
        assert _counts(at) == _set_form(at)


@SETTINGS
@given(exports(), st.data())
def test_the_counts_stay_true_whatever_is_done(lines: list[str], data: st.DataObject) -> None:
    with desk() as at:
        at.take(lines)
        for _ in range(data.draw(st.integers(1, 6))):
            _do_something(at, data.draw)
            assert _counts(at) == _set_form(at)
        at.take(lines)
        assert _counts(at) == _set_form(at)
        given = at.give()
        state = at.state()
        assert at.take(given).unchanged == len(at.rows("bead"))
        assert at.state() == state  # what it gave says what it holds


@SETTINGS
@given(exports(), st.data())
def test_another_board_reads_what_this_one_wrote(lines: list[str], data: st.DataObject) -> None:
    with desk() as at, desk() as other:
        at.take(lines)
        for _ in range(data.draw(st.integers(1, 4))):
            _do_something(at, data.draw)
        other.take(at.give())
        assert by_record(other.give()) == by_record(at.give())
        assert (other.ready(), other.blocked()) == (at.ready(), at.blocked())
        assert _told(other) == _told(at)


def _do_something(at: Desk, draw: Callable[..., Any]) -> None:
    idents = [row["id"] for row in _beads(at)]
    bead, target = draw(st.sampled_from(idents)), draw(st.sampled_from(idents))
    actor, op = draw(
        st.sampled_from(
            [
                (ANN, lambda tx: beads.edit(tx, bead, title="Another title", priority=3, labels=["a"])),
                (ANN, lambda tx: beads.edit(tx, bead, description="", due=NOW + 60)),
                (ANN, lambda tx: beads.hold(tx, bead, "wait")),
                (ANN, lambda tx: beads.dispatch(tx, bead)),
                (ANN, lambda tx: beads.cancel(tx, bead, "not needed")),
                (ANN, lambda tx: beads.reopen(tx, bead)),
                (ANN, lambda tx: beads.claim(tx, bead)),
                (ANN, lambda tx: beads.release(tx, bead)),
                (ANN, lambda tx: beads.submit(tx, bead, "the error is fixed")),
                (ANN, lambda tx: beads.fail(tx, bead, "no way")),
                (BOB, lambda tx: beads.approve(tx, bead)),
                (ANN, lambda tx: edges.link(tx, bead, target, draw(st.sampled_from(sorted(graph.BLOCKING))))),
                (ANN, lambda tx: edges.link(tx, bead, target, "waits-for", "hold", "any-children")),
                (ANN, lambda tx: [edges.unlink(tx, bead, target, kind) for kind in sorted(graph.BLOCKING)]),
            ]
        )
    )
    try:
        at.store.write(actor, op)
    except (Refused, Denied, Conflict):  # that verb is not for that bead now
        return


def _beads(at: Desk) -> list[Json]:
    return sorted(at.rows("bead"), key=lambda row: str(row["id"]))


def _told(at: Desk) -> list[Json]:
    kept = ("id", "title", "state", "aside", "hold", "priority", "labels", "assignee")
    told = [{name: row[name] for name in kept} for row in _beads(at)]
    return [row | {"hold": row["hold"].replace(UNFIT, "")} for row in told]  # each board says that by itself


def _counts(at: Desk) -> dict[str, int]:
    return {row["id"]: row["blockers"] for row in at.rows("bead") if row["blockers"]}


def _set_form(at: Desk) -> dict[str, int]:
    states = {r["id"]: graph.standing(BeadState(r["state"]), r["aside"]) for r in at.rows("bead")}
    return graph.blockers(states, at.store.read(edges.blocking_edges))


def _rule(at: Desk) -> tuple[list[str], list[str]]:
    """Return what is ready and what is blocked, by the page of rules read word by word."""
    rows = {row["id"]: row for row in _beads(at)}
    links = at.store.read(edges.blocking_edges)
    stopped = set(_naive(rows, links))
    parents = {(e.source, e.target) for e in links if e.kind == "parent-child"}
    ready = [
        ident
        for ident, row in rows.items()
        if row["state"] == "open" and not row["aside"] and row["type"] not in NEVER_READY_TYPES
        and ident not in stopped
        and all(not rows[i]["not_before"] or rows[i]["not_before"] <= NOW
                for i in (ident, *(p for c, p in parents if c == ident and p in rows)))
    ]  # fmt: skip
    return ready, sorted(stopped)


def _naive(rows: dict[str, Json], links: list[graph.Edge]) -> list[str]:
    def is_over(ident: str) -> bool:
        return rows[ident]["state"] in ("done", "failed", "cancelled") or rows[ident]["aside"] == "pinned"

    def stops(edge: graph.Edge, stopped: list[str]) -> bool:
        if edge.target not in rows or is_over(edge.source):
            return False
        state = rows[edge.target]["state"]
        over = [is_over(e.source) for e in links
                if e.kind == "parent-child" and e.target == edge.target and e.source in rows]  # fmt: skip
        stops_by: dict[str, bool] = {
            "blocks": not is_over(edge.target)
            or (edge.on_failure == "hold" and state in ("failed", "cancelled")),
            "conditional-blocks": state != "failed",
            "parent-child": edge.target in stopped,
            "waits-for": not all(over) and not (edge.gate == "any-children" and any(over)),
        }
        return stops_by[edge.kind]

    stopped: list[str] = []
    while True:
        more = sorted({e.source for e in links if e.source in rows and stops(e, stopped)})
        if more == stopped:
            return stopped
        stopped = more
