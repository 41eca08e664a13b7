"""Who goes into an agent's container, where that is possible, and what the history says of it."""

import pytest

from halftui.domain.actor import Role, agent
from halftui.errors import Denied, NotFound, Refused
from halftui.ops import attempts, shells
from tests.helpers.world import World, actor


def _begun(world: World, kind: str = "docker") -> attempts.Claim:
    claim = world.taken(world.bead())
    world.engine(attempts.start, claim.attempt, claim.epoch, kind, "its-container")
    return claim


def test_a_working_bead_has_a_room_and_both_ends_are_noted(world: World) -> None:
    claim = _begun(world)
    room = world.do(shells.enter, claim.bead, "make \x1b]0;x\x07test")
    assert (room.bead, room.attempt, room.sandbox) == (claim.bead, claim.attempt, "its-container")
    world.end(claim)
    world.do(shells.leave, room, "its container ended")
    told = [e for e in world.events() if e.verb == "bead.shell"]
    assert [(e.actor, e.subject, e.after["reason"], e.after["attempt"]) for e in told] == [
        ("person:ann", claim.bead, "began: make test", claim.attempt),
        ("person:ann", claim.bead, "its container ended", claim.attempt),
    ]


def test_no_container_no_shell(world: World) -> None:
    waiting = world.bead()
    with pytest.raises(Refused, match=f"no agent is at work on {waiting} .s starts one"):
        world.do(shells.enter, waiting)
    claim = world.taken(waiting)
    with pytest.raises(Refused, match="not there yet"):
        world.do(shells.enter, waiting)
    world.engine(attempts.start, claim.attempt, claim.epoch, "local", "x")
    with pytest.raises(Refused, match="works without a container"):
        world.do(shells.enter, waiting)
    world.end(claim)
    with pytest.raises(Refused, match=f"git fetch and the branch halftui/{waiting}"):
        world.do(shells.enter, waiting)
    with pytest.raises(NotFound):
        world.do(shells.enter, "hf-none")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.LEADER, Role.WORKER, Role.ENGINE, Role.GUEST])
def test_others_are_kept_out_whatever_the_bead(world: World, role: Role) -> None:
    claim = _begun(world)
    who = agent(claim.agent_id, role) if role in (Role.LEADER, Role.WORKER) else actor(role)
    for bead in (claim.bead, "hf-none"):
        with pytest.raises(Denied):
            world.store.write(who, shells.enter, bead)
