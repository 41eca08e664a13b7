"""Convoys: staged, moving, landed, cancelled, and beads that join or come back."""

import pytest

from halftui.errors import Misconfigured, NotFound, Refused
from halftui.ops import beads, boards, convoys, edges, journeys, listings, views
from tests.helpers.stores import ANN, BO
from tests.helpers.world import World


def _convoy(world: World, *ids: str) -> str:
    return world.do(convoys.create, world.board, "New checkout", ids)


def _state(world: World, convoy: str) -> str:
    return next(c.state for c in world.ask(views.convoys, world.board) if c.id == convoy)


def _done(world: World, bead: str) -> None:
    world.put(bead, "done")


def test_a_staged_convoy_is_inert_and_a_started_one_lands(world: World) -> None:
    one, two = world.bead(), world.bead()
    convoy = _convoy(world, one, two)
    assert convoy == "new-checkout"
    assert world.claim() is None
    assert world.shown(one).why == ("its convoy is staged, not started",)
    world.do(convoys.start, convoy)
    world.end(world.taken(one))
    world.store.write(BO, beads.approve, one)
    assert _state(world, convoy) == "moving"
    world.do(beads.cancel, two)
    assert _state(world, convoy) == "landed"
    shown = world.ask(views.convoys, world.board)[0]
    assert (shown.total, shown.finished, shown.failed) == (2, 2, 1)


def test_an_empty_convoy_does_not_start(world: World) -> None:
    convoy = _convoy(world)
    with pytest.raises(Refused, match="has no beads"):
        world.do(convoys.start, convoy)
    assert _state(world, convoy) == "staged"


def test_a_convoy_of_finished_beads_lands_at_once(world: World) -> None:
    bead = world.put(world.bead(), "done")
    convoy = _convoy(world, bead)
    world.do(convoys.start, convoy)
    assert _state(world, convoy) == "landed"


def test_adding_to_a_landed_convoy_moves_it_again(world: World) -> None:
    one = world.bead()
    convoy = _convoy(world, one)
    world.do(convoys.start, convoy)
    _done(world, one)
    assert _state(world, convoy) == "landed"
    two = world.bead()
    world.do(convoys.add, convoy, two)
    assert _state(world, convoy) == "moving"
    world.taken(two)
    three = world.bead(convoy=convoy)
    assert world.shown(three).card.convoy == convoy


def test_reopening_a_bead_moves_its_landed_convoy_again(world: World) -> None:
    one = world.bead()
    convoy = _convoy(world, one)
    world.do(convoys.start, convoy)
    _done(world, one)
    world.do(beads.reopen, one)
    assert _state(world, convoy) == "moving"
    _done(world, one)
    assert _state(world, convoy) == "landed"


def test_making_a_bead_in_a_landed_convoy_moves_it_again(world: World) -> None:
    one = world.bead()
    convoy = _convoy(world, one)
    world.do(convoys.start, convoy)
    _done(world, one)
    world.bead(convoy=convoy)
    assert _state(world, convoy) == "moving"


def test_a_cancelled_convoy_takes_its_beads_along_and_no_new_ones(world: World) -> None:
    ids = [world.bead() for _ in range(3)]
    convoy = _convoy(world, *ids)
    world.do(convoys.start, convoy)
    claim = world.taken(ids[0])
    _done(world, ids[1])
    world.do(convoys.cancel, convoy, "another way")
    assert [world.state(i) for i in ids] == ["cancelled", "done", "cancelled"]
    assert world.shown(ids[2]).card.remark == "another way"
    world.end(claim)
    assert world.state(ids[0]) == "cancelled"
    with pytest.raises(Refused, match="is cancelled, so add is not possible"):
        world.do(convoys.add, convoy, world.bead())
    with pytest.raises(Refused, match="is cancelled, so add is not possible"):
        world.bead(convoy=convoy)
    with pytest.raises(Refused):
        world.do(convoys.start, convoy)


def test_a_bead_travels_with_one_convoy_at_a_time(world: World) -> None:
    bead = world.bead()
    first = _convoy(world, bead)
    with pytest.raises(Refused, match=f"travels with {first} already"):
        _convoy(world, bead)
    world.do(convoys.cancel, first)
    world.do(beads.reopen, bead)
    second = _convoy(world, bead)
    assert world.shown(bead).card.convoy == second


def test_beads_of_another_board_do_not_travel_along(world: World) -> None:
    other = world.do(boards.create, "Other", "/srv/other", "main")
    foreign = world.store.write(ANN, beads.create, other, "foreign")
    with pytest.raises(Refused, match="on another board"):
        _convoy(world, foreign)


def test_two_convoys_of_one_name(world: World) -> None:
    first, second = _convoy(world), _convoy(world)
    assert first != second
    assert world.ask(listings.resolve_convoy, first, world.board) == first
    with pytest.raises(NotFound):
        world.ask(listings.resolve_convoy, "none", world.board)
    assert world.ask(listings.resolve_convoy, second, world.board) == second
    with pytest.raises(Refused, match="could be"):
        world.ask(listings.resolve_convoy, "New checkout", world.board)


def test_a_start_refuses_a_cycle_that_got_in_otherwise(world: World) -> None:
    one, two = world.bead(), world.bead()
    world.do(edges.link, two, one)
    convoy = _convoy(world, one, two)
    row = "INSERT INTO edge VALUES (:a, :b, 'blocks', 'release', 'all-children', '', 0)"
    world.do(lambda tx: tx.change(row, a=one, b=two))
    first, second = sorted((one, two))
    with pytest.raises(Refused, match=f"wait for each other: {first} → {second} → {first}"):
        world.do(convoys.start, convoy)
    assert _state(world, convoy) == "staged"


def test_a_landing_says_how_much_failed(world: World) -> None:
    ids = [world.bead() for _ in range(3)]
    convoy = _convoy(world, *ids)
    world.do(convoys.start, convoy)
    for bead, fate in zip(ids, ("failed", "done", "cancelled"), strict=True):
        world.put(bead, fate)
    assert world.ask(views.convoys, world.board)[0].says == "landed with 2 failures"
    assert next(e for e in world.events() if e.verb == "convoy.land").after["failed"] == 2


def test_a_cancelled_convoy_frees_who_waited_outside(world: World) -> None:
    one = world.bead()
    outside, strict = world.bead(after_beads=[one]), world.bead()
    world.do(edges.link, strict, one, "blocks", "hold")
    convoy = _convoy(world, one)
    world.do(convoys.cancel, convoy)
    assert (world.lane(outside), world.lane(strict)) == ("ready", "blocked")


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_a_convoy_has_a_name(world: World, name: str) -> None:
    with pytest.raises(Misconfigured):
        world.do(convoys.create, world.board, name)


def test_waves(world: World) -> None:
    one = world.bead("one")
    two = world.bead("two", after_beads=[one])
    three = world.bead("three", after_beads=[one])
    four = world.bead("four", after_beads=[two, three])
    found = world.ask(listings.convoy, _convoy(world, four, three, two, one), world.board)
    assert [{c.id for c in wave} for wave in found.waves] == [{one}, {two, three}, {four}]
    assert [t.depth for t in found.outline] == [0, 1, 2, 1]
    (twig,) = [t for t in found.outline if t.card.id == four]
    assert len(twig.more) == 1
    assert (found.critical[0], found.critical[-1], len(found.critical)) == (one, four, 3)
    assert found.frees == 2
    world.do(convoys.start, "new-checkout")
    _done(world, one)
    left = world.ask(listings.convoy, "new-checkout", world.board)
    assert (len(left.critical), left.frees, left.convoy.finished) == (2, 0, 1)


def test_a_branch_waits_for_its_merge(world: World) -> None:
    one = world.bead()
    convoy = world.do(convoys.create, world.board, "Deep", [one], has_branch=True)
    assert world.ask(journeys.course, one) == journeys.Course("convoy/deep", "main", convoy)
    with pytest.raises(Refused, match="land is not possible"):
        world.do(convoys.may_land, convoy)
    world.do(convoys.start, convoy)
    with pytest.raises(Refused, match="has unfinished beads"):
        world.do(convoys.may_land, convoy)
    _done(world, one)
    assert _state(world, convoy) == "moving"
    assert [d.convoy for d in world.ask(journeys.due)] == [convoy]
    world.do(convoys.stay, convoy, "it conflicts")
    assert world.ask(views.convoys, world.board)[0].stranded == ("it conflicts",)
    two = world.bead("two", convoy=convoy)
    world.do(convoys.landed, convoy, "abc")
    assert _state(world, convoy) == "moving", "a bead came meanwhile"
    assert world.ask(views.convoys, world.board)[0].stranded == ()
    _done(world, two)
    world.do(convoys.landed, convoy, "abc")
    assert _state(world, convoy) == "landed"
    assert world.ask(journeys.course, two).branch == "main"


def test_a_convoys_branch_is_never_the_boards(world: World) -> None:
    board = world.do(boards.create, "Odd", "/srv/odd", "convoy/trip")
    assert world.do(convoys.create, board, "Trip", has_branch=True) != "trip"


def test_who_waited_for_work_elsewhere_needs_the_boards_branch(world: World) -> None:
    outside = world.put(world.bead(), "review")
    inside = world.bead(after_beads=[outside])
    convoy = world.do(convoys.create, world.board, "Deep", [inside], has_branch=True)
    world.store.write(BO, beads.approve, outside, "abc")
    assert world.ask(journeys.course, inside) == journeys.Course("convoy/deep", "main", convoy, True)
