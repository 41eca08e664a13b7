"""Undo and redo: what they restore, and what they refuse."""

import pytest

from halftui.errors import Refused
from halftui.ops import beads, ranks, undoing
from tests.helpers.stores import BO
from tests.helpers.world import World


def _undo(world: World) -> str:
    return world.do(undoing.undo, world.board)


def _redo(world: World) -> str:
    return world.do(undoing.redo, world.board)


def test_an_edit_is_undone_and_done_again(world: World) -> None:
    bead = world.bead("old", labels=["x"], priority=3)
    world.do(beads.edit, bead, title="new", labels=["y"], priority=1)
    assert "P1 → P3" in _undo(world)
    card = world.shown(bead).card
    assert (card.title, card.labels, card.priority) == ("old", ("x",), 3)
    assert "P3 → P1" in _redo(world)
    card = world.shown(bead).card
    assert (card.title, card.labels, card.priority) == ("new", ("y",), 1)


def test_steps_are_undone_from_the_newest(world: World) -> None:
    bead = world.bead()
    for priority in (1, 2, 3):
        world.do(beads.edit, bead, priority=priority)
    seen = []
    for _ in range(3):
        _undo(world)
        seen.append(world.shown(bead).card.priority)
    for _ in range(3):
        _redo(world)
        seen.append(world.shown(bead).card.priority)
    assert seen == [2, 1, 2, 1, 2, 3]


def test_what_moved_together_is_one_step(world: World) -> None:
    one, two, three = world.bead(), world.bead(), world.bead()
    placed = [world.shown(b).card.rank for b in (one, two, three)]
    world.do(ranks.together, [two, three], None, one, 0)
    _undo(world)
    assert [world.shown(b).card.rank for b in (one, two, three)] == placed
    _redo(world)
    assert [world.shown(b).card.priority for b in (two, three)] == [0, 0]


def test_a_hold_is_undone_with_what_it_means(world: World) -> None:
    bead = world.bead()
    world.do(beads.hold, bead, "later")
    assert world.lane(bead) == "blocked"
    _undo(world)
    assert world.lane(bead) == "ready"


def test_another_persons_change_is_not_undone(world: World) -> None:
    bead = world.bead()
    world.store.write(BO, beads.edit, bead, priority=0)
    with pytest.raises(Refused, match="is new"):
        _undo(world)
    assert world.shown(bead).card.priority == 0


def test_what_somebody_changed_since_is_refused(world: World) -> None:
    bead = world.bead()
    world.do(beads.edit, bead, priority=0)
    world.store.write(BO, beads.edit, bead, priority=4)
    with pytest.raises(Refused, match="changed since"):
        _undo(world)
    assert world.shown(bead).card.priority == 4


def test_a_new_change_ends_the_redo(world: World) -> None:
    bead = world.bead()
    world.do(beads.edit, bead, priority=0)
    _undo(world)
    world.do(beads.edit, bead, title="another")
    with pytest.raises(Refused, match="nothing to do again"):
        _redo(world)


def test_nothing_is_said_to_be_nothing(world: World) -> None:
    with pytest.raises(Refused, match="nothing of yours"):
        _undo(world)


@pytest.mark.parametrize(("state", "words"), [("done", "merged"), ("cancelled", "dropped")])
def test_what_is_final_is_refused_with_its_words(world: World, state: str, words: str) -> None:
    bead = world.put(world.bead(), "review" if state == "done" else "open")
    world.boss = BO
    world.do(beads.approve if state == "done" else beads.cancel, bead)
    with pytest.raises(Refused, match=words):
        _undo(world)
