"""What stands in the lanes that people made."""

from halftui.domain import lanes
from halftui.domain.lanes import DEFAULT, Lanes
from halftui.ops import beads, boards, views
from tests.helpers.world import World


def lay(world: World, laid: Lanes) -> None:
    """Give a board other lanes."""
    world.do(boards.edit, world.board, lanes=lanes.wish(laid))


def test_a_filter_holds_beads_of_every_unfinished_state(world: World) -> None:
    ready = world.do(beads.create, world.board, "one", labels=["ui"])
    waits = world.do(beads.create, world.board, "two", labels=["ui"], after_beads=[ready])
    dropped = world.do(beads.create, world.board, "three", labels=["ui"])
    world.do(beads.create, world.board, "four", labels=["db"])
    world.do(beads.cancel, dropped)
    lay(world, lanes.changed(DEFAULT, "mine", filter="#ui"))
    (own,) = world.ask(views.snapshot, world.board).own
    assert [(card.id, card.lane) for card in own.cards] == [(ready, "ready"), (waits, "blocked")]
    assert own.total == 2


def test_a_filter_of_a_state_holds_that_state_alone(world: World) -> None:
    ready = world.do(beads.create, world.board, "one", labels=["ui"])
    dropped = world.do(beads.create, world.board, "two", labels=["ui"], after_beads=[ready])
    world.do(beads.cancel, dropped)
    laid = lanes.changed(DEFAULT, "mine", filter="#ui", state="ready")
    lay(world, lanes.changed(laid, "lost", filter="#ui", state="closed"))
    mine, lost = world.ask(views.snapshot, world.board).own
    assert [card.id for card in mine.cards] == [ready]
    assert [(card.id, card.lane) for card in lost.cards] == [(dropped, "closed")]


def test_a_long_lane_is_counted_and_read_by_pages(world: World) -> None:
    made = [world.do(beads.create, world.board, f"bead {n}", labels=["ui"]) for n in range(5)]
    lay(world, lanes.changed(DEFAULT, "mine", filter="#ui"))
    first = world.ask(views.lane, world.board, "mine", 2)
    last = world.ask(views.lane, world.board, "mine", 2, 4)
    assert (first.total, [card.id for card in first.cards]) == (5, made[:2])
    assert [card.id for card in last.cards] == made[4:]


def test_words_narrow_a_filter_further(world: World) -> None:
    found = world.do(beads.create, world.board, "paint the door", labels=["ui"])
    world.do(beads.create, world.board, "paint the wall", labels=["db"])
    world.do(beads.create, world.board, "mend the door", labels=["ui"])
    lay(world, lanes.changed(DEFAULT, "mine", filter="#ui"))
    own = world.ask(views.lanes, world.board, "paint")[-1]
    assert [card.id for card in own.cards] == [found]


def test_the_event_says_what_the_lanes_were(world: World) -> None:
    lay(world, lanes.changed(DEFAULT, "done", limit=3))
    last = world.ask(views.events, 0)[-1]
    assert last.verb == "board.edit"
    assert {"name": "done", "limit": 3} in last.after["lanes"]


def test_lanes_stand_as_they_did_until_something_happens(world: World) -> None:
    first, second = (world.do(beads.create, world.board, f"bead {n}", labels=[f"l{n}"]) for n in range(2))
    laid = lanes.changed(DEFAULT, "mine", filter="#l0")
    lay(world, lanes.changed(laid, "busy", filter="#l1"))
    world.put(second, "active")
    before = world.ask(views.snapshot, world.board)
    same = world.ask(views.snapshot, world.board, before=before)
    assert same == world.ask(views.snapshot, world.board)
    assert same.own[0] is before.own[0]
    assert same.own[1] is not before.own[1], "what its agent does now is told without an event"
    world.do(beads.edit, first, title="another")
    after = world.ask(views.snapshot, world.board, before=same)
    assert after == world.ask(views.snapshot, world.board)
    assert after.own[0].cards[0].title == "another"
