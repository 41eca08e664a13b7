"""What may be asked of a board: lanes, cards, events, lines, and names that people type."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from halftui.domain.happenings import Outcome
from halftui.domain.shown import Snapshot
from halftui.errors import NotFound, Refused
from halftui.ops import agents, attempts, beads, listings, ranks, transcripts, views
from halftui.store.store import Rows
from halftui.store.tx import Tx
from tests.helpers.world import World


def test_every_bead_stands_in_one_lane(world: World) -> None:
    places = {"open": "ready", "active": "working", "review": "review", "done": "done"}
    for state, lane in (places | {"failed": "closed", "cancelled": "closed"}).items():
        assert world.lane(world.put(world.bead(state), state)) == lane
    snapshot = world.ask(views.snapshot, world.board)
    assert [(lane.name, lane.total) for lane in snapshot.lanes] == [
        ("blocked", 0), ("ready", 1), ("working", 1), ("review", 1), ("done", 1), ("closed", 2),
    ]  # fmt: skip
    assert snapshot.seq == world.seq()


def test_a_window_of_a_lane_counts_all(world: World) -> None:
    def fill(tx: Tx) -> None:
        for number in range(25):
            beads.create(tx, world.board, f"{number:02}")

    world.do(fill)
    lane = world.ask(views.lane, world.board, "ready", 10, 5)
    assert (lane.total, [c.title for c in lane.cards]) == (25, [f"{n:02}" for n in range(5, 15)])
    assert world.ask(views.lane, world.board, "ready", 10, 20).total == 25
    assert len(world.ask(views.beads, world.board, most=0)) == 25
    assert len(world.ask(views.beads, world.board, most=7)) == 7
    assert len(world.ask(views.beads, world.board, ("ready", "done"), 30)) == 25


def test_a_card_names_its_blockers_and_what_its_agent_does(world: World) -> None:
    first, second = world.bead("first"), world.bead("second")
    both = world.bead("both", after_beads=[first, second])
    claim = world.started(world.taken(first))
    world.engine(transcripts.append, claim.attempt, [(1, 1.0, "out", "x")], "reads a file")
    assert world.shown(both).card.blockers == tuple(sorted([first, second]))
    card = world.shown(first).card
    assert (card.now, card.attempt, card.attempt_state) == ("reads a file", claim.attempt, "working")
    (agent,) = world.ask(views.agents, world.board)
    assert (agent.status, agent.bead, agent.now) == ("working", first, "reads a file")


def test_names_of_beads_that_people_type(world: World) -> None:
    world.do(lambda tx: tx.change("UPDATE board SET prefix = 'hf'"))
    bead = world.bead()
    tail = bead.removeprefix("hf-")
    for text in (bead, tail, bead[:-1], tail[:2]):
        assert world.ask(views.resolve_bead, text, world.board) == bead
    for text in ("", "none", "%", "_", "'; DROP TABLE bead; --", "hf-%", "\x1b[2J"):
        with pytest.raises(NotFound):
            world.ask(views.resolve_bead, text, world.board)


def test_a_whole_id_wins_over_longer_ones(world: World) -> None:
    one, two = world.bead(), world.bead()
    world.do(lambda tx: tx.change("UPDATE bead SET id = 'ha-abc' WHERE id = :i", i=one))
    world.do(lambda tx: tx.change("UPDATE bead SET id = 'ha-abcd' WHERE id = :i", i=two))
    assert world.ask(views.resolve_bead, "ha-abc", world.board) == "ha-abc"
    assert world.ask(views.resolve_bead, "abc", world.board) == "ha-abc"
    with pytest.raises(Refused, match="could be ha-abc, ha-abcd"):
        world.ask(views.resolve_bead, "ab", world.board)


def test_events_come_in_order_and_of_one_subject(world: World) -> None:
    one, two = world.bead("one"), world.bead("two")
    world.do(beads.edit, one, title="x")
    assert [e.verb for e in world.ask(views.events, 0, one)] == ["bead.create", "bead.edit"]
    seqs = [e.seq for e in world.ask(listings.newest_events, world.board, most=2)]
    assert seqs == [world.seq() - 1, world.seq()]
    assert [e.subject for e in world.ask(listings.newest_events, world.board, two)] == [two]


def test_lines_are_read_in_pieces_and_over_at_the_end(world: World) -> None:
    claim = world.taken(world.bead())
    entries = [(n, float(n), "out", f"line {n}") for n in range(1, 11)]
    world.engine(transcripts.append, claim.attempt, entries, "")
    world.engine(transcripts.append, claim.attempt, entries[5:], "")  # again, as after a broken write
    found = world.ask(transcripts.read, claim.attempt, 3, 4)
    assert ([e[0] for e in found.entries], found.is_over) == ([4, 5, 6, 7], False)
    assert world.ask(transcripts.last, claim.attempt, 2).entries == tuple(entries[-2:])
    assert world.ask(transcripts.last, claim.attempt, 0).entries == ()
    world.end(claim, Outcome.LOST)
    assert world.ask(transcripts.read, claim.attempt, 3, 4).is_over is False
    assert world.ask(transcripts.read, claim.attempt, 8, 4).is_over is True


def test_attempts_and_agents_that_people_name(world: World) -> None:
    bead = world.bead()
    with pytest.raises(NotFound, match="no agent has worked on"):
        world.ask(listings.attempt_of, bead)
    claim = world.taken(bead)
    world.end(claim, Outcome.LOST)
    again = world.taken(bead)
    assert world.ask(listings.attempt_of, bead) == again.attempt
    assert world.ask(listings.attempt_of, claim.attempt) == claim.attempt
    assert world.ask(listings.bead_of, claim.attempt) == bead
    with pytest.raises(NotFound, match=f"no attempt {bead}@9"):
        world.ask(listings.attempt_of, f"{bead}@9")
    assert world.ask(listings.agent_of, claim.agent, world.board) == claim.agent_id
    with pytest.raises(NotFound):
        world.ask(listings.agent_of, "Nobody", world.board)
    world.end(again, Outcome.LOST)
    world.do(agents.retire, claim.agent_id)
    with pytest.raises(NotFound):
        world.ask(listings.agent_of, claim.agent, world.board)


def test_a_place_beside_another(world: World) -> None:
    ids = [world.bead(t, priority=p) for t, p in (("a", 1), ("b", 1), ("c", 2))]
    for is_behind, wanted in ((True, ["a", "c", "b"]), (False, ["c", "a", "b"])):
        place = world.ask(listings.place_beside, ids[2], ids[0], is_behind=is_behind)
        world.do(ranks.between, ids[2], place.before, place.behind, place.priority)
        assert [c.title for c in world.ask(views.lane, world.board, "ready").cards] == wanted


def test_a_board_that_is_not_there(world: World) -> None:
    with pytest.raises(NotFound):
        world.ask(views.snapshot, "none")
    with pytest.raises(NotFound):
        world.ask(views.bead, "none")
    assert world.engine(attempts.renew, world.taken(world.bead()).attempt, 1, 1.0) == ""


def test_lanes_are_counted_beyond_the_window(world: World) -> None:
    later = world.store.clock() + 100
    parent = world.bead("parent", not_before=later)
    world.bead("child", parent=parent)
    for number in range(3):
        world.bead(f"free {number}")
        world.bead(f"later {number}", not_before=later)
        world.bead(f"held {number}", hold="not now")
        world.put(world.bead(f"done {number}"), "done")
    for name, total in (("ready", 3), ("blocked", 8), ("done", 3), ("working", 0)):
        assert world.ask(views.lane, world.board, name, 1).total == total, name
        assert world.ask(views.lane, world.board, name).total == total, name


class Counting:
    """Rows that note each statement."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.said: list[str] = []

    @property
    def now(self) -> float:
        """The time of the reading."""
        return self._rows.now

    def rows(self, sql: str, **values: Any) -> Sequence[tuple[Any, ...]]:
        """Return all rows of `sql`."""
        self.said.append(sql)
        return self._rows.rows(sql, **values)


def test_a_reading_counts_each_bead_once(world: World) -> None:
    for number in range(3):
        world.bead(f"ready {number}")
        world.do(beads.hold, world.bead(f"held {number}"), "later")

    def read(rows: Rows) -> tuple[Counting, Snapshot]:
        counting = Counting(rows)
        return counting, views.snapshot(counting, world.board, 2)

    counting, snapshot = world.ask(read)
    assert [lane.total for lane in snapshot.lanes] == [3, 3, 0, 0, 0, 0]
    assert (
        len([sql for sql in counting.said if "count(*)" in sql and "FROM bead b" in sql]) == 2
    )  # open, free


def test_what_a_snapshot_takes_over_is_as_if_read_anew(world: World) -> None:
    made = [world.bead(f"{number}") for number in range(6)]
    world.put(made[4], "review")
    before = world.ask(views.snapshot, world.board)
    world.do(ranks.between, made[0], made[2], made[3])
    fresh = world.ask(views.snapshot, world.board, before=before)
    assert fresh == world.ask(views.snapshot, world.board)
    assert fresh.lane("review") is before.lane("review")
    assert fresh.lane("ready") != before.lane("ready")
    world.do(beads.cancel, made[1])
    assert world.ask(views.snapshot, world.board, before=fresh) == world.ask(views.snapshot, world.board)


@pytest.mark.parametrize("window", [3, 5, 400])
def test_an_order_that_changed_is_taken_in_card_by_card(world: World, window: int) -> None:
    chance, made = random.Random(window), [world.bead(f"{number}") for number in range(8)]
    shown = world.ask(views.snapshot, world.board, window)
    for _ in range(20):
        for _ in range(chance.randint(1, 2)):
            bead, beside = chance.sample(made, 2)
            before, behind = chance.choice(((None, beside), (beside, None)))
            world.do(ranks.between, bead, before, behind, chance.choice((None, None, 1, 2)))
        shown = world.ask(views.snapshot, world.board, window, shown)
        assert shown == world.ask(views.snapshot, world.board, window)


def test_keys_that_were_made_anew_are_read_anew(world: World) -> None:
    low, one, two = world.bead("low"), world.bead("one"), world.bead("two")
    before = world.ask(views.snapshot, world.board)
    world.do(lambda tx: tx.change("UPDATE bead SET rank = 'a0'"))
    world.do(ranks.between, two, low, one)
    assert world.ask(views.snapshot, world.board, before=before) == world.ask(views.snapshot, world.board)
