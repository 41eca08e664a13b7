"""Edges: cycles are refused with the cycle, and long chains and wide stars are no trouble."""

import pytest

from halftui.domain.graph import NEVER_READY_TYPES
from halftui.errors import Misconfigured, NotFound, Refused
from halftui.ops import beads, edges, views
from halftui.store.tx import Tx
from tests.helpers.stores import BO
from tests.helpers.world import World


@pytest.fixture
def many(world: World) -> int:
    """Return a number that takes a few seconds; a plan makes 5,000 in one go."""
    return 500 if world.store.path else 100


@pytest.mark.parametrize("kind", ["blocks", "conditional-blocks", "parent-child", "waits-for"])
def test_a_cycle_is_refused_by_name(world: World, kind: str) -> None:
    a, b, c = (world.bead(t) for t in "abc")
    world.do(edges.link, b, a)
    world.do(edges.link, c, b, "parent-child")
    rows = world.dump()
    with pytest.raises(Refused, match=f"cycle: {a} → {c} → {b} → {a}"):
        world.do(edges.link, a, c, kind)
    assert world.dump() == rows


def test_a_bead_does_not_wait_for_itself(world: World) -> None:
    bead = world.bead()
    with pytest.raises(Refused, match=f"cycle: {bead} → {bead}"):
        world.do(edges.link, bead, bead)
    world.do(edges.link, bead, bead, "related")


def test_kinds_that_do_not_block_may_go_in_circles(world: World) -> None:
    a, b = world.bead(), world.bead()
    world.do(edges.link, a, b, "related")
    world.do(edges.link, b, a, "related")
    assert world.lane(a) == world.lane(b) == "ready"


def test_a_child_may_not_wait_for_who_waits_for_the_children(world: World) -> None:
    """Over edges alone this is no cycle, and yet nobody could ever start."""
    parent, waiter, child = world.bead(), world.bead(), world.bead()
    world.do(edges.link, waiter, parent, "waits-for")
    world.do(edges.link, child, waiter)
    with pytest.raises(Refused, match="cycle"):
        world.do(edges.link, child, parent, "parent-child")
    with pytest.raises(Refused, match="cycle"):
        world.do(edges.link, waiter, parent, "parent-child")


def test_a_hostile_kind_is_cleaned_and_bad_values_are_named(world: World) -> None:
    a, b = world.bead(), world.bead()
    world.do(edges.link, a, b, "x\x1b[2Jy")
    assert world.shown(a).waits_for == ((b, "xy", "open"),)
    for bad in ({"kind": ""}, {"on_failure": "explode"}, {"gate": "some"}):
        with pytest.raises(Misconfigured):
            world.do(edges.link, a, b, **bad)
    with pytest.raises(NotFound):
        world.do(edges.link, a, "none")


def test_linking_twice_is_one_edge(world: World) -> None:
    a, b = world.bead(), world.bead()
    world.do(edges.link, a, b)
    world.do(edges.link, a, b)
    assert len(world.shown(a).waits_for) == 1
    world.do(edges.unlink, a, b)
    world.do(edges.unlink, a, b)
    assert world.lane(a) == "ready"


def test_leaving_a_parent_frees_who_waits_for_its_children(world: World) -> None:
    parent, child, waiter = world.bead(), world.bead(), world.bead()
    world.do(edges.link, child, parent, "parent-child")
    world.do(edges.link, waiter, parent, "waits-for")
    assert world.lane(waiter) == "blocked"
    world.do(edges.unlink, child, parent, "parent-child")
    assert world.lane(waiter) == "ready"


def test_why_follows_parents_to_the_cause(world: World) -> None:
    cause = world.bead("cause")
    top = world.bead("top", after_beads=[cause])
    middle = world.bead("middle", parent=top)
    leaf = world.bead("leaf", parent=middle)
    assert world.shown(leaf).why == (f"{top}, its parent, waits for {cause} cause (open)",)


def test_why_names_the_chain_down_to_its_cause(world: World) -> None:
    cause = world.bead("cause", hold="ask Bo")
    parent = world.bead("parent", after_beads=[cause])
    child = world.bead("child", parent=parent)
    waiter = world.bead("waiter")
    world.do(edges.link, waiter, parent, "waits-for")
    last = world.bead("last", after_beads=[waiter])
    assert world.shown(last).why == (
        f"waits for {waiter} waiter (open), which waits for the children of {parent} parent (open),"
        f" of which {child} child (open), whose parent {parent} waits for {cause} cause"
        " (open, on hold: ask Bo)",
    )
    assert world.shown(parent).why == (f"waits for {cause} cause (open, on hold: ask Bo)",)


def test_why_says_who_is_at_the_cause(world: World) -> None:
    cause = world.bead("cause")
    middle = world.bead("middle", after_beads=[cause])
    last = world.bead("last", after_beads=[middle])
    world.taken(cause)
    assert world.shown(last).why == (
        f"waits for {middle} middle (open), which waits for {cause} cause (active, Toast)",
    )


def test_why_counts_what_is_too_much_to_name(world: World) -> None:
    ids = [world.bead("0")]
    for number in range(1, 12):
        ids.append(world.bead(str(number), after_beads=ids[-1:]))
    (told,) = world.shown(ids[-1]).why
    assert told.startswith(f"waits for {ids[10]} 10 (open), which waits for {ids[9]} 9 (open)")
    assert ", … 5 more …, " in told
    assert told.endswith(f"which waits for {ids[0]} 0 (open)")
    many = world.bead("many", after_beads=[world.bead() for _ in range(25)])
    assert len(world.shown(many).why) == 21
    assert world.shown(many).why[-1] == "and 5 more"


def test_a_bead_moves_from_one_parent_to_another(world: World) -> None:
    blocker, old = world.bead("blocker"), world.bead("old")
    new = world.bead("new", after_beads=[blocker])
    child, waiter = world.bead("child", parent=old), world.bead("waiter")
    world.do(edges.link, waiter, old, "waits-for")
    assert (world.lane(child), world.lane(waiter)) == ("ready", "blocked")
    world.do(edges.reparent, child, new)
    assert (world.lane(child), world.lane(waiter)) == ("blocked", "ready")
    assert world.shown(child).waits_for == ((new, "parent-child", "open"),)
    seq = world.seq()
    world.do(edges.reparent, child, new)
    assert world.seq() == seq, "nothing changed"
    world.do(edges.reparent, child)
    assert (world.lane(child), world.shown(child).waits_for) == ("ready", ())


def test_a_bead_is_no_part_of_its_own_part(world: World) -> None:
    top = world.bead()
    child = world.bead(parent=top)
    rows = world.dump()
    with pytest.raises(Refused, match=f"cycle: {top} → {child} → {top}"):
        world.do(edges.reparent, top, child)
    with pytest.raises(NotFound):
        world.do(edges.reparent, child, "none")
    assert world.dump() == rows


def test_a_long_chain(world: World, many: int) -> None:
    def chain(tx: Tx) -> list[str]:
        ids = [beads.create(tx, world.board, "0")]
        for number in range(1, many):
            ids.append(beads.create(tx, world.board, str(number), after_beads=ids[-1:]))
        return ids

    ids = world.do(chain)
    assert world.ask(views.lane, world.board, "blocked").total == many - 1
    with pytest.raises(Refused, match=f"{many - 11} more"):
        world.do(edges.link, ids[0], ids[-1])
    world.do(edges.link, ids[-1], ids[0])
    assert [c.id for c in world.ask(views.lane, world.board, "ready").cards] == [ids[0]]


def test_a_deep_family(world: World, many: int) -> None:
    depth = many // 4

    def family(tx: Tx) -> list[str]:
        ids = [beads.create(tx, world.board, "0")]
        for number in range(1, depth):
            ids.append(beads.create(tx, world.board, str(number), parent=ids[-1]))
        return ids

    ids = world.do(family)
    cause = world.bead("cause")
    world.do(edges.link, ids[0], cause)
    assert world.ask(views.lane, world.board, "blocked").total == depth
    assert world.shown(ids[-1]).why == (f"{ids[0]}, its parent, waits for {cause} cause (open)",)
    world.do(beads.cancel, cause)
    assert world.ask(views.lane, world.board, "ready").total == depth


def test_a_wide_star(world: World, many: int) -> None:
    def star(tx: Tx) -> str:
        hub = beads.create(tx, world.board, "hub")
        for number in range(many):
            beads.create(tx, world.board, str(number), after_beads=[hub])
        return hub

    hub = world.do(star)
    world.put(hub, "review")
    world.store.write(BO, beads.approve, hub)
    assert world.ask(views.lane, world.board, "ready").total == many


def test_the_types_that_are_never_ready(world: World) -> None:
    for kind in sorted(NEVER_READY_TYPES):
        assert world.lane(world.bead(type=kind)) == "blocked"
