"""Nobody accepts their own work, but a person who is alone and says so."""

import json

import pytest

from halftui.domain import jsonl
from halftui.domain.actor import Actor, Role, person
from halftui.domain.actor import agent as agent_of
from halftui.domain.jsonl import OWN
from halftui.errors import Denied
from halftui.ops import beads, interchange, people
from tests.helpers.stores import ANN, BO
from tests.helpers.world import World

LONE = Actor("person", "cy", Role.MAINTAINER)


def _handed_in(world: World, who: Actor) -> str:
    bead = world.bead()
    world.store.write(who, beads.claim, bead)
    world.store.write(who, beads.submit, bead, "made")
    return bead


def _colleague(world: World, name: str, role: str) -> None:
    world.do(people.invite, name, f"code of {name}", 2e9, role)


@pytest.mark.parametrize("who", [ANN, LONE], ids=["an admin", "the only maintainer"])
def test_a_lone_person_may_if_they_say_so(world: World, who: Actor) -> None:
    bead = _handed_in(world, who)
    before = world.dump()
    for op in (beads.may_approve, beads.approve):
        with pytest.raises(Denied, match="--own"):
            world.store.write(who, op, bead)
    assert world.dump() == before
    world.store.write(who, beads.may_approve, bead, own=True)
    world.store.write(who, beads.approve, bead, own=True)
    assert world.state(bead) == "done"
    event = world.events()[-1]
    assert (event.verb, event.actor, event.after) == (
        "bead.approve", str(who), {"merged": "", "own": True},
    )  # fmt: skip


@pytest.mark.parametrize(("role", "may"), [("viewer", True), ("operator", True), ("maintainer", False),
                                           ("admin", False)])  # fmt: skip
def test_a_maintainer_with_colleagues_asks_them(world: World, role: str, may: bool) -> None:
    _colleague(world, "dee", role)
    bead = _handed_in(world, LONE)
    if may:
        world.store.write(LONE, beads.approve, bead, own=True)
        return
    with pytest.raises(Denied, match="somebody else has to look"):
        world.store.write(LONE, beads.approve, bead, own=True)
    world.store.write(person("dee", Role(role)), beads.approve, bead)


def test_own_work_is_not_made_anothers_by_a_file(world: World) -> None:
    _colleague(world, "dee", "maintainer")
    bead = _handed_in(world, LONE)
    line = {"id": bead, "title": "x", "status": "in_progress", "assignee": "zoe", OWN: {"state": "review"}}
    world.store.write(LONE, interchange.take, world.board, [*jsonl.read([json.dumps(line).encode()])])
    with pytest.raises(Denied, match="somebody else has to look"):
        world.store.write(LONE, beads.approve, bead)


def test_others_work_is_not_own(world: World) -> None:
    bead = _handed_in(world, LONE)
    world.store.write(BO, beads.approve, bead, own=True)
    assert "own" not in world.events()[-1].after


@pytest.mark.parametrize("role", [Role.LEADER, Role.WORKER])
def test_agents_never_may(world: World, role: Role) -> None:
    bead = world.bead()
    claim = world.started(world.taken(bead))
    world.end(claim)
    who = agent_of(claim.agent_id, role)
    world.give(who)
    for own in (False, True):
        with pytest.raises(Denied, match="own work" if role is Role.LEADER else "may not do"):
            world.store.write(who, beads.approve, bead, own=own)
    assert world.state(bead) == "review"
    world.give(another := agent_of("another", Role.LEADER))
    world.store.write(another, beads.approve, bead)
