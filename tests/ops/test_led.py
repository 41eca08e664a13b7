"""A leader acts on its own: every verb of a leader, done to what it leads and to what it does not."""

import importlib
import inspect

import pytest

from halftui.domain.actor import Actor, Role, agent
from halftui.domain.plan import Plan, PlannedBead
from halftui.errors import Denied, Misconfigured, NotFound, Refused
from halftui.ops import agents, beads, convoys, edges, identities, plans, views
from halftui.ops.access import ALLOWED, LED
from tests.helpers.stores import BO
from tests.helpers.world import World
from tests.ops.test_access import OPS
from tests.ops.test_every_op import SCENES

LIMITED = sorted(verb for verb, names in LED.items() if names and verb != "convoy.create")
DENIED = "does not lead"


@pytest.fixture
def leader(world: World) -> Actor:
    """Return ann's leader."""
    return _leader(world, "cedar")


def _leader(world: World, name: str, runtime: str = "claude", owner: str = "") -> Actor:
    boss = Actor("person", owner, Role.ADMIN) if owner else world.boss
    made = world.store.write(boss, identities.create, world.board, name, runtime=runtime)
    return agent(made, Role.LEADER)


def _scene(world: World, verb: str) -> object:
    if verb == "bead.create":  # alone it needs nobody's leave
        parent = world.bead("parent")
        return lambda tx: beads.create(tx, world.board, "child", parent=parent)
    return SCENES[verb](world)[1]


def test_every_verb_of_a_leader_says_what_it_is_done_to() -> None:
    assert set(LED) == {verb for verb, roles in ALLOWED.items() if Role.LEADER in roles}


def test_every_op_of_those_has_the_names() -> None:
    for verb, module, function in OPS:
        op = getattr(importlib.import_module(f"halftui.ops.{module}"), function)
        if verb in LED and (module, function) != ("plans", "make"):  # whose beads are all new
            assert set(LED[verb]) <= set(inspect.signature(op).parameters), (module, function)


@pytest.mark.parametrize("verb", LIMITED)
def test_what_it_does_not_lead_is_denied_and_stays(world: World, leader: Actor, verb: str) -> None:
    op = _scene(world, verb)
    rows = world.dump()
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, op)  # type: ignore[arg-type]  # a scene's op
    assert world.dump() == rows


@pytest.mark.parametrize("verb", LIMITED)
def test_what_it_leads_it_may(world: World, leader: Actor, verb: str) -> None:
    op = _scene(world, verb)
    world.give(leader)
    world.store.write(leader, op)  # type: ignore[arg-type]  # a scene's op


def test_the_convoy_decides_and_not_who_wrote_the_bead(world: World, leader: Actor) -> None:
    mine = world.store.write(leader, beads.create, world.board, "mine")
    theirs = world.bead("theirs")
    ours = world.store.write(leader, convoys.create, world.board, "ours")
    world.do(convoys.add, ours, theirs)
    world.store.write(leader, beads.edit, theirs, title="led")
    world.do(convoys.create, world.board, "ann's", [mine])
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, beads.edit, mine, title="led")


def test_it_takes_no_bead_of_others_along(world: World, leader: Actor) -> None:
    bead = world.bead()
    convoy = world.store.write(leader, convoys.create, world.board, "trip")
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, convoys.add, convoy, bead)
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, convoys.create, world.board, "next", [bead])
    assert not world.shown(bead).card.convoy


def test_its_beads_may_wait_for_others_and_are_no_part_of_them(world: World, leader: Actor) -> None:
    other = world.bead("of ann's")
    mine = world.store.write(leader, beads.create, world.board, "mine", after_beads=[other])
    assert world.lane(mine) == "blocked"
    world.store.write(leader, edges.link, mine, other, "waits-for")
    for op, args in (
        (edges.link, (other, mine)),
        (edges.link, (mine, other, "parent-child")),
        (edges.reparent, (mine, other)),
        (edges.unlink, (mine, other, "parent-child")),
    ):
        with pytest.raises(Denied, match=DENIED):
            world.store.write(leader, op, *args)


def test_a_plan_makes_no_parts_of_others(world: World, leader: Actor) -> None:
    other = world.bead("of ann's")
    for parent, is_denied in (("", False), (other, True)):
        plan = Plan("trip", False, (PlannedBead("one", {"title": "one"}, parent, (), "beads[0]"),))
        if is_denied:
            with pytest.raises(Denied, match=DENIED):
                world.store.write(leader, plans.make, world.board, plan)
        else:
            made = world.store.write(leader, plans.make, world.board, plan, starts=True)
            world.store.write(leader, beads.hold, made.beads["one"], "later")


def test_what_its_workers_made_below_its_beads_is_its_own(world: World, leader: Actor) -> None:
    for boss, is_led in ((leader, True), (world.boss, False)):
        top = world.store.write(boss, beads.create, world.board, "top", priority=0)
        claim = world.started(world.taken(top))
        child = world.store.write(agent(claim.agent_id), beads.create, world.board, "child", parent=top)
        if is_led:
            world.store.write(leader, beads.cancel, child)
        else:
            with pytest.raises(Denied, match=DENIED):
                world.store.write(leader, beads.cancel, child)
        world.end(claim)


def test_leaders_do_not_lead_each_others_convoys_but_those_of_who_went(world: World, leader: Actor) -> None:
    convoy = world.store.write(leader, convoys.create, world.board, "trip")
    beside = _leader(world, "fir", "gemini")
    stranger = _leader(world, "ash", owner="cy")
    for other in (beside, stranger):
        with pytest.raises(Denied, match=DENIED):
            world.store.write(other, convoys.cancel, convoy)
    world.do(agents.retire, leader.name)
    with pytest.raises(Denied, match=DENIED):
        world.store.write(stranger, convoys.cancel, convoy)
    world.store.write(_leader(world, "oak"), convoys.cancel, convoy)


def test_what_is_not_there_is_denied_in_the_same_words(world: World, leader: Actor) -> None:
    said = []
    for thing in (world.bead(), "sh-nothing"):
        with pytest.raises(Denied) as found:
            world.store.write(leader, beads.edit, thing, title="x")
        said.append(found.value.message.replace(thing, "it"))
    assert said[0] == said[1]


def test_nobody_else_is_asked_what_they_lead(world: World) -> None:
    world.store.write(BO, beads.edit, world.bead(), title="of ann's")


def test_a_convoy_tells_who_leads_it(world: World, leader: Actor) -> None:
    def told() -> dict[str, str]:
        return {row.name: row.leader for row in world.ask(views.convoys, world.board)}

    world.store.write(leader, convoys.create, world.board, "theirs")
    world.do(convoys.create, world.board, "ours")
    _leader(world, "sam", owner="bob")
    assert told() == {"theirs": "cedar", "ours": ""}
    world.do(agents.retire, leader.name)
    assert told() == {"theirs": "", "ours": ""}
    _leader(world, "fir")
    assert told() == {"theirs": "fir", "ours": ""}
    _leader(world, "yew", runtime="codex")
    assert told() == {"theirs": "fir, yew", "ours": ""}


def test_a_person_hands_a_convoy_to_a_leader_and_takes_it_back(world: World, leader: Actor) -> None:
    convoy = world.do(convoys.create, world.board, "trip", [bead := world.bead()])
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, beads.edit, bead, title="led")
    world.do(convoys.edit, convoy, leader="cedar", name="tour")
    assert [(row.name, row.leader) for row in world.ask(views.convoys, world.board)] == [("tour", "cedar")]
    world.store.write(leader, beads.edit, bead, title="led")
    event = [each for each in world.ask(views.events, 0) if each.verb == "convoy.edit"][-1]
    assert (event.before, event.after) == (
        {"name": "trip", "leader": ""}, {"name": "tour", "leader": "cedar"}
    )  # fmt: skip
    world.do(convoys.edit, convoy, leader="cedar", name="tour")
    assert len([each for each in world.ask(views.events, 0) if each.verb == "convoy.edit"]) == 1, "no change"
    world.do(convoys.edit, convoy, leader="")
    with pytest.raises(Denied, match=DENIED):
        world.store.write(leader, beads.edit, bead, title="led again")


def test_operators_hand_over_to_their_own_leaders_alone(world: World, leader: Actor) -> None:
    cat = Actor("person", "cat", Role.OPERATOR)
    world.store.write(cat, identities.create, world.board, "olive")
    convoy = world.store.write(leader, convoys.create, world.board, "ann's")
    for given in ("olive", ""):
        with pytest.raises(Denied, match="cedar is not person:cat's"):
            world.store.write(cat, convoys.edit, convoy, leader=given)
    free = world.do(convoys.create, world.board, "free")
    with pytest.raises(Denied, match="cedar is not person:cat's"):
        world.store.write(cat, convoys.edit, free, leader="cedar")
    world.store.write(cat, convoys.edit, free, leader="olive")
    world.store.write(BO, convoys.edit, free, leader="cedar")
    with pytest.raises(Denied, match=r"may not do convoy\.edit"):
        world.store.write(leader, convoys.edit, free, leader="olive")
    elm = world.store.write(BO, identities.create, world.board, "elm", kind="worker")
    with pytest.raises(Refused, match="Elm is a worker"):
        world.do(convoys.edit, free, leader=elm)
    with pytest.raises(NotFound):
        world.do(convoys.edit, free, leader="nobody")
    with pytest.raises(Misconfigured, match="needs a name"):
        world.do(convoys.edit, free, name=" ")
