"""Planned convoys are made whole or not at all, and large ones within seconds."""

import time
from typing import Any

import pytest

from halftui.domain import plan
from halftui.errors import HalfTUIError, Misconfigured, NotFound, Refused
from halftui.ops import beads, convoys, edges, listings, plans, views
from tests.helpers.stores import BO
from tests.helpers.world import World

MANY = 5_000


def _made(world: World, *planned: dict[str, Any], **top: Any) -> plans.Made:
    starts = top.pop("starts", False)
    read = plan.read({"name": "Trip", "beads": list(planned), **top})
    return world.do(plans.make, world.board, read, starts=starts)


def test_a_plan_becomes_beads_and_edges(world: World) -> None:
    old = world.bead("old")
    made = _made(
        world,
        {"key": "a", "title": "A", "description": "do a", "priority": 0, "labels": ["x"], "after": [old]},
        {"key": "b", "title": "B", "after": ["a", {"bead": "a", "kind": "related"}], "hold": "later"},
        {"key": "c", "title": "C", "parent": "b", "after": ["a"]},
    )
    a, b, c = made.beads.values()
    assert list(made.beads) == ["a", "b", "c"]
    shown = world.shown(a)
    assert (shown.card.title, shown.card.priority, shown.card.labels) == ("A", 0, ("x",))
    assert (shown.description, shown.card.convoy, shown.created_by) == ("do a", "trip", "person:ann")
    assert shown.why == (f"waits for {old} old (open)", "its convoy is staged, not started")
    assert world.shown(b).card.hold == "later"
    assert world.shown(c).waits_for == ((a, "blocks", "open"), (b, "parent-child", "open"))
    assert [w.subject for w in world.events() if w.verb == "bead.create"][1:] == [a, b, c]
    assert [[x.id for x in w] for w in world.ask(listings.convoy, "trip", world.board).waves] == [
        [a],
        [b],
        [c],
    ]
    world.put(old, "done")
    assert world.claim() is None, "it is staged"
    world.do(convoys.start, made.convoy)
    assert world.taken(a).bead == a
    assert world.claim() is None, "the others wait"


def test_it_can_start_at_once(world: World) -> None:
    made = _made(world, {"key": "a", "title": "A"}, starts=True)
    world.taken(made.beads["a"])


@pytest.mark.parametrize(
    ("bead", "kind", "says"),
    [
        ({"after": "none"}, NotFound, r"beads\[1\].after\[0\]: there is no key or bead none"),
        ({"parent": "none"}, NotFound, r"beads\[1\]: there is no key or bead none"),
        ({"after": ["ha"]}, HalfTUIError, r"beads\[1\].after\[0\]: "),
        ({"priority": 9}, Misconfigured, r"beads\[1\]: priority can't be 9"),
        ({"title": "x" * 501}, Misconfigured, r"beads\[1\]: a title has 1 to 500"),
        ({"runtime": "odd"}, Misconfigured, r"beads\[1\]: runtime can't be odd"),
    ],
)
def test_what_is_wrong_leaves_nothing(
    world: World, bead: dict[str, Any], kind: type[HalfTUIError], says: str
) -> None:
    for _ in range(2):
        world.bead()
    rows = world.dump()
    with pytest.raises(kind, match=says):
        _made(world, {"title": "fine"}, {"title": "wrong", **bead})
    with pytest.raises(Misconfigured, match="a convoy needs a name"):
        _made(world, {"title": "fine"}, name=" ")
    assert world.dump() == rows


def test_a_circle_through_beads_that_were_there_is_refused(world: World) -> None:
    """Who waits for the children of a bead waits for its new ones too."""
    parent, waiter = world.bead("parent"), world.bead("waiter")
    world.do(edges.link, waiter, parent, "waits-for")
    rows = world.dump()
    with pytest.raises(Refused, match=f"cycle: child → {waiter} → child"):
        _made(world, {"key": "child", "title": "x", "parent": parent, "after": waiter})
    assert world.dump() == rows
    made = _made(world, {"key": "child", "title": "x", "parent": parent})
    assert world.lane(waiter) == "blocked"
    world.do(beads.cancel, made.beads["child"])
    assert world.lane(waiter) == "ready"


def test_children_of_a_blocked_parent_are_blocked(world: World) -> None:
    blocked = world.bead("blocked", after_beads=[world.bead()])
    made = _made(world, {"key": "a", "title": "A", "parent": blocked},
                 {"key": "b", "title": "B", "parent": "a"}, starts=True)  # fmt: skip
    assert {world.lane(b) for b in made.beads.values()} == {"blocked"}


def _chain() -> list[dict[str, Any]]:
    return [{"key": str(n), "title": str(n), "after": [n - 1] if n else []} for n in range(MANY)]


def test_a_chain_of_five_thousand(world: World) -> None:
    spent = _Spent()
    made = _made(world, *_chain(), starts=True)
    ids = list(made.beads.values())
    assert spent() < 15
    assert world.ask(views.lane, world.board, "blocked").total == MANY - 1
    with pytest.raises(Refused, match=f"{MANY - 11} more"):
        world.do(edges.link, ids[0], ids[-1])
    assert world.shown(ids[-1]).why[0].startswith(f"waits for {ids[-2]} {MANY - 2} (open)")
    world.put(ids[0], "done")
    assert world.lane(ids[1]) == "ready"
    assert spent() < 25
    found = world.ask(listings.convoy, made.convoy, world.board)
    assert (len(found.waves), len(found.outline), len(found.critical)) == (MANY, MANY, MANY - 1)
    world.do(beads.hold, ids[1], "no")
    assert world.ask(views.convoys, world.board)[0].stranded == (f"{ids[1]} 1 is on hold: no",)
    world.do(convoys.cancel, made.convoy)
    assert world.ask(views.lane, world.board, "closed").total == MANY - 1
    assert spent() < 60


def test_a_star_of_five_thousand(world: World) -> None:
    planned: list[dict[str, Any]] = [
        {"key": "hub", "title": "hub"},
        *({"title": str(n), "after": ["hub"]} for n in range(MANY)),
    ]
    made = _made(world, *planned, starts=True)
    hub = made.beads["hub"]
    world.put(hub, "review")
    spent = _Spent()
    world.store.write(BO, beads.approve, hub)
    assert world.ask(views.lane, world.board, "ready").total == MANY
    world.do(beads.reopen, hub)
    assert world.ask(views.lane, world.board, "blocked").total == MANY
    world.do(beads.delete, hub)
    assert world.ask(views.lane, world.board, "ready").total == MANY
    assert spent() < 15


class _Spent:
    """Processor seconds since it was made."""

    def __init__(self) -> None:
        self.start = time.process_time()

    def __call__(self) -> float:
        """Return them."""
        return time.process_time() - self.start
