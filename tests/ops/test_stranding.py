"""A convoy in which nothing moves though work is left is named once, with the reasons."""

from collections.abc import Callable

import pytest

from halftui.domain.actor import PATROL
from halftui.ops import beads, convoys, edges, journeys, views
from tests.helpers.stores import Clock
from tests.helpers.world import World


def _moving(world: World, *ids: str) -> str:
    convoy = world.do(convoys.create, world.board, "Trip", ids)
    world.do(convoys.start, convoy)
    return convoy


def _why(world: World) -> tuple[str, ...]:
    return world.ask(views.convoys, world.board)[0].stranded


def _held(world: World, cause: str, last: str) -> str:
    world.do(beads.hold, cause, "ask Bo")
    return f"{cause} cause is on hold: ask Bo"


def _failed(world: World, cause: str, last: str) -> str:
    world.do(edges.link, last, cause, "blocks", "hold")
    world.put(cause, "failed")
    return f"{last} last waits for {cause} cause, which failed"


def _cancelled(world: World, cause: str, last: str) -> str:
    world.do(edges.link, last, cause, "blocks", "hold")
    world.do(beads.cancel, cause)
    return f"{last} last waits for {cause} cause, which was cancelled"


def _well(world: World, cause: str, last: str) -> str:
    world.do(edges.link, last, cause, "conditional-blocks")
    world.put(cause, "done")
    return f"{last} last waits for the failure of {cause} cause, which is done"


def _odd(world: World, cause: str, last: str) -> str:
    world.do(beads.edit, cause, type="gate")
    return f"{cause} cause is of type gate, which no agent is given"


@pytest.mark.parametrize("strand", [_held, _failed, _cancelled, _well, _odd])
@pytest.mark.parametrize("is_inside", [True, False])
def test_the_reason_is_the_cause_at_the_end_of_the_chain(
    world: World, strand: Callable[[World, str, str], str], *, is_inside: bool
) -> None:
    cause = world.bead("cause")
    last = world.bead("last", after_beads=[cause])
    middle = world.bead("middle", after_beads=[last])
    _moving(world, *([cause] if is_inside else []), last, middle)
    assert _why(world) == ()
    told = strand(world, cause, last)
    assert _why(world) == (told,)


def test_a_staged_convoy_in_the_way_is_named(world: World) -> None:
    cause = world.bead("cause")
    last = world.bead("last", after_beads=[cause])
    other = world.do(convoys.create, world.board, "Other", [cause])
    _moving(world, last)
    assert _why(world) == (f"{cause} cause travels with the staged convoy Other",)
    world.do(convoys.start, other)
    assert [c.stranded for c in world.ask(views.convoys, world.board)] == [(), ()]


@pytest.mark.parametrize("kind", ["waits-for", "parent-child"])
def test_children_and_parents_are_looked_through(world: World, kind: str) -> None:
    parent = world.bead("parent", type="epic")
    child = world.bead("child", parent=parent)
    last = world.bead("last")
    _moving(world, last)
    if kind == "waits-for":
        world.do(edges.link, last, parent, kind)
    else:
        world.do(edges.link, last, parent, kind)
        blocker = world.bead("blocker")
        world.do(edges.link, parent, blocker)
        child = blocker
    assert _why(world) == ()
    world.do(beads.hold, child, "no")
    assert _why(world) == (f"{child} {world.shown(child).card.title} is on hold: no",)


def test_an_epic_waits_for_its_children(world: World) -> None:
    epic = world.bead("epic", type="epic")
    child = world.bead("child", parent=epic)
    _moving(world, epic)
    assert _why(world) == ()
    world.do(beads.hold, child, "no")
    assert _why(world) == (f"{child} child is on hold: no",)
    world.do(beads.cancel, child)
    assert _why(world) == (), "now the epic itself can be worked on"


def test_what_goes_on_by_itself_is_not_stranded(world: World, clock: Clock) -> None:
    later = world.bead("later", not_before=clock.now + 3600)
    _moving(world, later)
    assert _why(world) == ()


@pytest.mark.parametrize("state", ["active", "review"])
def test_who_is_at_work_or_in_review_moves(world: World, state: str) -> None:
    one, two = world.bead("one"), world.bead("two")
    _moving(world, one, two)
    world.do(beads.hold, two, "no")
    assert _why(world) == ()
    world.put(one, state)
    assert _why(world) == ()


def test_many_reasons_are_counted(world: World) -> None:
    _moving(world, *(world.bead(str(n)) for n in range(8)))
    for card in world.ask(views.lane, world.board, "ready").cards:
        world.do(beads.hold, card.id, "no")
    assert len(_why(world)) == 6
    assert _why(world)[-1] == "and 3 more"


def test_it_is_told_once_each_time(world: World) -> None:
    bead = world.bead("bead")
    convoy = _moving(world, bead)

    def patrol() -> int:
        for found, reasons in world.ask(journeys.strandings):
            world.store.write(PATROL, convoys.strand, found, reasons)
        return world.verbs().count("convoy.strand")

    assert patrol() == 0
    world.do(beads.hold, bead, "no")
    assert [patrol(), patrol()] == [1, 1]
    told = next(e for e in world.events() if e.verb == "convoy.strand")
    assert (told.subject, told.after["reasons"]) == (convoy, [f"{bead} bead is on hold: no"])
    world.do(beads.hold, bead, "")
    assert [patrol(), patrol()] == [1, 1]
    world.do(beads.hold, bead, "again")
    assert [patrol(), patrol()] == [2, 2]
    world.do(convoys.cancel, convoy)
    assert patrol() == 2
