"""What an import takes over, keeps and refuses, case by case."""

import json
import time
from typing import Any

import pytest

from halftui.domain.actor import Role, person
from halftui.domain.jsonl import LONGEST_LINE
from halftui.errors import Denied, Misconfigured, Refused
from halftui.ops import attempts, beads, boards, convoys, edges, interchange, turns, views
from halftui.ops.interchange import Taken
from tests.helpers.exports import ANN, NOW, Desk, by_record, desk, exact, line, parent

LATER = "2030-01-01T00:00:00Z"


def states(at: Desk) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["state"], row["aside"]) for row in at.rows("bead")}


def column(at: Desk, name: str) -> dict[str, Any]:
    return {row["id"]: row[name] for row in at.rows("bead")}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("open", "")),
        ({"status": ""}, ("open", "")),
        ({"status": "in_progress"}, ("active", "")),
        ({"status": "hooked"}, ("active", "")),
        ({"status": "hooked", "pinned": True}, ("active", "pin")),
        ({"status": "blocked"}, ("open", "blocked")),
        ({"status": "deferred"}, ("open", "deferred")),
        ({"status": "pinned"}, ("open", "pinned")),
        ({"status": "awaiting_legal"}, ("open", "awaiting_legal")),
        ({"ephemeral": True}, ("open", "ephemeral")),
        ({"wisp": True}, ("open", "ephemeral")),
        ({"is_template": True}, ("open", "template")),
        ({"status": "closed", "close_reason": "Done"}, ("done", "")),
        ({"status": "closed", "close_reason": "Won't fix: too old"}, ("failed", "")),
        ({"status": "closed", "close_reason": "CANCELLED by Bob"}, ("failed", "")),
        ({"status": "in_progress", "halftui": {"state": "review"}}, ("review", "")),
        ({"status": "closed", "halftui": {"state": "cancelled"}}, ("cancelled", "")),
        ({"status": "closed", "halftui": {"state": "review"}}, ("done", "")),
        ({"halftui": {"state": "done"}}, ("open", "")),
    ],
)
def test_states(fields: dict[str, Any], expected: tuple[str, str]) -> None:
    with desk() as at:
        at.take([line("a", **fields)])
        assert states(at) == {"a": expected}
        assert at.ready() == (["a"] if expected == ("open", "") else [])


@pytest.mark.parametrize(
    ("fields", "is_ready"),
    [
        ({"defer_until": LATER}, False),
        ({"defer_until": "2027-01-15T08:00:00.000Z"}, True),
        ({"defer_until": "2027-01-15T09:00:01+01:00"}, False),
        ({"issue_type": "molecule"}, False),
        ({"issue_type": "convoy"}, True),
        ({"dependencies": [parent("late")]}, False),
        ({"dependencies": [parent("grandchild")]}, True),  # only a direct parent's time counts
        ({"dependencies": [parent("nowhere")]}, True),
        ({"assignee": "bob"}, True),
    ],
)
def test_ready(fields: dict[str, Any], is_ready: bool) -> None:
    with desk() as at:
        late = line("late", defer_until=LATER, status="closed")
        at.take([line("a", **fields), late, line("grandchild", parent("late"))])
        assert ("a" in at.ready()) is is_ready


def test_a_parents_time_is_waited_for_and_told() -> None:
    with desk() as at:
        at.take([line("a", parent("late")), line("late", defer_until=LATER, status="closed")])
        assert at.store.read(turns.next_due) == 1_893_456_000.0
        assert at.store.read(views.bead, "a").why == ("late, its parent, is not before 1557600 min from now",)


def test_a_held_bead_is_ready_but_is_not_started() -> None:
    with desk() as at:
        at.take([line("a"), line("b")])
        at.store.write(ANN, beads.hold, "a", "wait")
        assert at.ready() == ["a", "b"]
        lanes = {card.id: card.lane for card in at.store.read(views.ready, at.board)}
        assert lanes == {"a": "blocked", "b": "ready"}


@pytest.mark.parametrize(
    ("target", "edge", "is_blocked"),
    [
        ({"status": "pinned"}, {"type": "blocks"}, False),
        ({"status": "deferred"}, {"type": "blocks"}, True),
        ({"status": "closed"}, {"type": "blocks"}, False),
        ({"status": "closed", "close_reason": "failed"}, {"type": "blocks"}, False),
        (
            {"status": "closed", "close_reason": "failed"},
            {"type": "blocks", "metadata": '{"on_failure":"hold"}'},
            True,
        ),
        ({"status": "tombstone"}, {"type": "blocks"}, False),
        ({}, {"type": "conditional-blocks"}, True),
        ({"status": "closed", "close_reason": "Done"}, {"type": "conditional-blocks"}, True),
        ({"status": "closed", "close_reason": "build FAILED"}, {"type": "conditional-blocks"}, False),
        ({}, {"type": "parent-child"}, False),
        ({"dependencies": [{"depends_on_id": "other"}]}, {"type": "parent-child"}, True),
        ({"status": "closed", "dependencies": [{"depends_on_id": "other"}]}, {"type": "parent-child"}, False),
        ({}, {"type": "related"}, False),
        ({}, {}, True),
    ],
)
def test_blocked(target: dict[str, Any], edge: dict[str, str], is_blocked: bool) -> None:
    with desk() as at:
        at.take([line("a", {"depends_on_id": "t", **edge}), line("t", **target), line("other")])
        assert ("a" in at.blocked()) is is_blocked
        assert ("a" in at.ready()) is not is_blocked


@pytest.mark.parametrize(
    ("gate", "first", "is_blocked"),
    [
        ("", "open", True),
        ("", "closed", True),
        ("any-children", "open", True),
        ("any-children", "closed", False),
    ],
)
def test_waits_for(gate: str, first: str, is_blocked: bool) -> None:
    with desk() as at:
        waits = {"depends_on_id": "t", "type": "waits-for", "metadata": json.dumps({"gate": gate})}
        children = [line("c1", parent("t"), status=first), line("c2", parent("t"))]
        at.take([line("a", waits), line("t"), *children])
        assert ("a" in at.blocked()) is is_blocked


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([line("a"), "{"], "line 2: it is not JSON"),
        ([line("a"), "", "[1]"], "line 3: it is not a JSON object"),
        ([b'{"id":"a","title":"\xff"}'], "line 1: it is not UTF-8"),
        (['{"id":"a","title":"b","n":NaN}'], "line 1: it is not JSON (NaN is no number)"),
        (["{}{}"], "line 1: it is not JSON"),
        (['{"title":"b"}'], "line 1: it has no id"),
        (['{"id":7,"title":"b"}'], "line 1: it has no id"),
        (['{"id":"a\\u001b[2J","title":"b"}'], "line 1: its id is too long, or has characters"),
        (['{"id":"a\\ud800","title":"b"}'], "line 1: its id is too long, or has characters"),
        (['{"id":"a"}'], "line 1: it has no title"),
        (['{"id":"a","title":" "}'], "line 1: it has no title"),
        ([line("a", priority=5)], "line 1: its priority"),
        ([line("a", priority=True)], "line 1: its priority"),
        ([line("a", status=1)], "line 1: its status is not a text"),
        ([line("a", created_at="yesterday")], "line 1: its created_at is no time"),
        ([line("a", created_at="2026-02-30T00:00:00Z")], "line 1: its created_at is no time"),
        ([line("a", labels="x")], "line 1: its labels"),
        ([line("a", dependencies={})], "line 1: its dependencies"),
        ([line("a", {"type": "blocks"})], "line 1: it has no dependency's depends_on_id"),
        ([line("a", pinned="yes")], "line 1: its pinned is neither true nor false"),
        (['{"id":"a","title":"b","deep":' + "[" * 100_000 + "]" * 100_000 + "}"], "line 1: it is nested too"),
        (['{"id":"a","title":"b","deep":' + "[" * 300 + "]" * 300 + "}"], "line 1: it is nested too deeply"),
        ([line("a"), line("b"), line("a", priority=1)], "lines 1 and 3 both hold the issue a, and differ"),
        (['{"issue_id":"a","depends_on_id":"b","type":"blocks"}'], "line 1 is a row of a table dump"),
        (['{"id":1,"issue_id":"a","author":"x","text":"y"}'], "line 1 is a row of a table dump"),
        (['{"key":"issue_prefix","value":"a"}'], "line 1 is a row of a table dump"),
        ([line("a", pinned=0, ephemeral=0)], "line 1 is a row of a table dump"),
        (
            [line("a"), b'{"id":"b","title":"' + b"x" * LONGEST_LINE + b'"}'],
            "line 2: it is longer than 64 MiB",
        ),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(lines: list[str | bytes], says: str) -> None:
    with desk() as at:
        before = at.state()
        with pytest.raises(Misconfigured) as error:
            at.take(lines)
        assert error.value.message.startswith(says)
        assert at.state() == before


def test_the_very_digits_come_out() -> None:
    told = '{"id":"a","title":"\\u0041","n":1.10,"m":1e400,"i":' + "9" * 5000 + ',"z":-0,"t":"<\\/b>"}'
    with desk() as at:
        at.take([told])
        assert at.give() == [told]
        at.store.write(ANN, beads.edit, "a", priority=3)
        given = exact(at.give()[0])
        assert {k: v for k, v in given.items() if k not in ("priority", "updated_at")} == exact(told)


def test_a_line_of_many_megabytes() -> None:
    told = line("a", description="ü" * (16 << 20), notes="n")
    assert len(told) > 64 << 20  # six characters for each, escaped
    shorter = line("a", description="x" * (LONGEST_LINE - 200))
    with desk() as at:
        with pytest.raises(Misconfigured, match="64 MiB"):
            at.take([told])
        at.take([shorter])
        assert at.give() == [shorter]


@pytest.mark.parametrize(
    "lines",
    [
        [line("a", "b"), line("b", "c"), line("c", "a")],
        [line("a", "a")],
        [line("a", parent("b")), line("b", "a")],
        [line("a", "b", status="closed"), line("b", "a", status="closed")],
        [line("a", {"depends_on_id": "b", "type": "waits-for"}), line("b", parent("a")), line("c", "a")],
        [line("a", {"depends_on_id": "p", "type": "waits-for"}), line("p"), line("c", parent("p"), "a")],
    ],
)
def test_a_cycle_is_refused_and_named(lines: list[str]) -> None:
    with desk() as at:
        at.take([line("old")])
        before = at.state()
        with pytest.raises(Refused) as error:
            at.take(lines)
        assert error.value.message.startswith("these wait for each other: a → ")
        assert error.value.message.endswith(" → a")
        assert at.state() == before


def test_a_dangling_edge_can_close_a_cycle_later() -> None:
    with desk() as at:
        assert at.take([line("a", "b")]).dangling == 1
        assert at.ready() == ["a"]
        with pytest.raises(Refused, match="a → b → a"):
            at.take([line("b", "a")])
        assert at.take([line("b")]) == Taken(created=1)
        assert at.ready() == ["b"]


def test_cycles_of_other_edges_are_no_cycles() -> None:
    with desk() as at:
        related = {"type": "related"}
        at.take([line("a", {"depends_on_id": "b", **related}), line("b", {"depends_on_id": "a", **related})])
        assert at.ready() == ["a", "b"]


def test_the_file_changes_what_it_changed_since() -> None:
    with desk() as at:
        told = {"updated_at": "2026-01-01T00:00:00Z"}
        at.take([line("a", "b", priority=2, notes="old", x=1, **told), line("b"), line("c")])
        at.store.write(ANN, beads.edit, "a", title="Ours", priority=0)
        at.store.write(ANN, edges.link, "a", "c")
        changed = line("a", priority=4, notes="new", x=2, **told)
        taken = at.take([changed, line("b"), line("c")])
        assert taken == Taken(updated=1, unchanged=2)
        shown = at.store.read(views.bead, "a")
        assert (shown.card.title, shown.card.priority, shown.notes) == ("Ours", 4, "new")
        assert [end for end, _, _ in shown.waits_for] == ["c"]  # ours stays, theirs is gone
        assert exact(at.give()[0]) == exact(
            line("a", {"issue_id": "a", "depends_on_id": "c", "type": "blocks", "created_by": "person:ann",
                       "created_at": "2027-01-15T08:00:00Z"},
                 title="Ours", priority=4, notes="new", x=2, updated_at="2027-01-15T08:00:00Z")
        )  # fmt: skip
        assert at.take([changed]).unchanged == 1
        assert at.store.read(views.bead, "a").card.title == "Ours"


def test_a_state_comes_with_what_belongs_to_it() -> None:
    with desk() as at:
        at.take([line("a"), line("b")])
        for ident in ("a", "b"):
            at.store.write(ANN, beads.claim, ident)
            at.store.write(ANN, beads.fail, ident, "no way")
        closed = line("b", status="closed", close_reason="Done", closed_at="2026-01-01T00:00:00Z")
        at.take([line("a", notes="x"), closed])
        assert column(at, "state") == {"a": "failed", "b": "done"}
        assert column(at, "remark") == {"a": "no way", "b": ""}
        assert column(at, "summary") == {"a": "", "b": "Done"}
        assert column(at, "closed_at") == {"a": NOW, "b": 1_767_225_600.0}
        assert exact(at.give()[0])["close_reason"] == "failed: no way"


def test_one_event_and_no_new_version_without_a_change() -> None:
    with desk() as at:
        made = len(at.events())
        at.take([line("a"), line("b"), '{"_schema":"beads-jsonl/1","_n":1}'])
        assert [e.verb for e in at.events()[made:]] == ["board.import"]
        assert at.events()[-1].after == {
            "created": 2,
            "updated": 0,
            "unchanged": 0,
            "others": 1,
            "dangling": 0,
        }
        at.take([line("a"), line("b"), '{"_n":1,"_schema":"beads-jsonl/1"}'])
        assert len(at.events()) == made + 1
        assert set(column(at, "version").values()) == {1}
        at.take([line("a", x=1), '{"_schema":"beads-jsonl/1","_n":2}'])
        assert column(at, "version") == {"a": 2, "b": 1}
        assert by_record(at.give()) == by_record(
            [line("a", x=1), line("b"), '{"_schema":"beads-jsonl/1","_n":2}']
        )


def test_what_a_board_wrote_means_nothing_new_to_it() -> None:
    with desk() as at:
        first = at.store.write(ANN, beads.create, at.board, "First", priority=0, labels=["b", "a"], due=NOW)
        at.store.write(ANN, beads.create, at.board, "Second", after_beads=[first], hold="wait", mode="manual")
        state = at.state()
        lines = at.give()
        assert [sorted(json.loads(text)["labels"]) for text in lines if "labels" in text] == [["a", "b"]]
        assert at.take(lines) == Taken(unchanged=2)
        assert at.state() == state
        with desk() as other:
            other.take(lines)
            assert by_record(other.give()) == by_record(lines)
            assert sorted(column(other, "hold").values()) == ["", "wait"]


def test_a_tombstone_is_kept_and_ends_a_bead_that_is_here() -> None:
    grave = '{"id":"a","status":"tombstone","deleted_at":"2026-01-01T00:00:00Z"}'
    with desk() as at:
        at.take([grave, line("b", "a")])
        assert states(at) == {"b": ("open", "")}
        assert at.ready() == ["b"]
        at.take([line("a")])
        assert at.blocked() == ["b"]
        assert by_record(at.give()) == by_record([line("a"), line("b", "a")])
        assert at.take([grave]).updated == 1
        assert states(at)["a"] == ("cancelled", "")
        assert at.ready() == ["b"]
        assert at.take([grave]) == Taken(others=1)


def test_ids_of_another_board_are_refused() -> None:
    with desk() as at:
        at.take([line("a")])
        other = at.store.write(ANN, boards.create, "other", "/srv/other", "main")
        with pytest.raises(Refused, match="a is a bead of the board"):
            Desk(at.store, other).take([line("b"), line("a")])
        assert list(states(at)) == ["a"]


def test_the_file_does_not_move_what_an_agent_works_on() -> None:
    from halftui.domain.actor import ENGINE

    with desk() as at:
        at.take([line("a"), line("b")])
        claim = at.store.write(ENGINE, attempts.claim, at.board, 60.0, 4, ("Toast",))
        assert claim is not None
        closed = line(claim.bead, status="closed")
        with pytest.raises(Refused, match="which an agent works on"):
            at.take([closed])
        assert at.take([line(claim.bead, notes="look here")]).updated == 1


def test_the_last_bead_of_a_convoy_lands_it() -> None:
    with desk() as at:
        at.take([line("a")])
        convoy = at.store.write(ANN, convoys.create, at.board, "all", ["a"])
        at.store.write(ANN, convoys.start, convoy)
        at.take([line("a", status="closed")])
        assert [c.state for c in at.store.read(views.convoys, at.board)] == ["landed"]


def test_an_id_that_names_no_branch_is_held() -> None:
    with desk() as at:
        at.take([line("../../x"), line("ä ö")])
        assert set(column(at, "hold").values()) == {"its id can't name a branch"}
        assert at.ready() == ["../../x", "ä ö"]
        assert sorted(at.give()) == sorted([line("../../x"), line("ä ö")])


def test_who_may_not_import() -> None:
    with desk() as at, pytest.raises(Denied):
        at.store.write(person("eve", Role.OPERATOR), interchange.take, at.board, [])


def test_a_pinned_note_that_is_taken_up_blocks() -> None:
    with desk() as at:
        at.take([line("a", "p"), line("p", status="pinned")])
        assert at.ready() == ["a"]
        at.store.write(ANN, beads.dispatch, "p")
        assert (at.ready(), at.blocked()) == (["p"], ["a"])
        assert exact(at.give()[1])["status"] == "open"


def test_a_thousand_beads_take_less_than_two_seconds() -> None:
    lines = [line("x-0"), line("x-1")]
    lines += [line(f"x-{n}", f"x-{n - 1}", parent(f"x-{n // 10}")) for n in range(2, 1000)]
    with desk() as at:
        start = time.process_time()
        at.take(lines)
        assert time.process_time() - start < 2
        assert at.ready() == ["x-0", "x-1"]


@pytest.mark.parametrize("kind", ["blocks", "parent-child"])
def test_a_chain_and_a_star_of_thousands(kind: str) -> None:
    chain = [line(f"c-{n}", {"depends_on_id": f"c-{n - 1}", "type": kind}) for n in range(1, 5000)]
    star = [line(f"s-{n}", {"depends_on_id": "s-0", "type": kind}) for n in range(1, 5000)]
    with desk() as at:
        at.take([*chain, *star, line("c-0", "root"), line("s-0", "root"), line("root")])
        assert len(at.blocked()) == 10_000
        at.store.write(ANN, beads.cancel, "root")
        assert len(at.ready()) == (2 if kind == "blocks" else 10_000)
