"""Who allows agents which hosts: a maintainer to a board, anybody who edits beads fewer to one of them."""

import pytest

from halftui.domain.actor import Role
from halftui.errors import Denied, Misconfigured, Refused
from halftui.ops import beads, boards, egress, views
from tests.helpers.world import World, actor


def _reach(world: World, bead: str) -> str:
    return world.ask(egress.shown, bead)


def test_none_at_first_and_a_bead_has_what_its_board_has(world: World) -> None:
    bead = world.bead()
    assert _reach(world, bead) == ""
    world.do(boards.edit, world.board, egress="A.example, b.example:8443")
    assert world.ask(views.board, world.board).egress == "a.example,b.example:8443"
    assert _reach(world, bead) == world.shown(bead).egress == "a.example,b.example:8443"
    assert world.ask(egress.of_bead, "no-such") == ()


def test_a_bead_has_fewer_or_none_and_never_more(world: World) -> None:
    world.do(boards.edit, world.board, egress="a.example,b.example:8443")
    bead = world.bead(egress="a.example:443")
    assert _reach(world, bead) == "a.example:443"
    for wide in ("c.example", "a.example:22", "b.example"):
        with pytest.raises(Refused, match="does not allow"):
            world.do(beads.edit, bead, egress=wide)
        with pytest.raises(Refused, match="does not allow"):
            world.bead(egress=wide)
    with pytest.raises(Misconfigured):
        world.do(beads.edit, bead, egress="127.0.0.1")
    world.do(beads.edit, bead, egress="none")
    assert _reach(world, bead) == ""
    world.do(beads.edit, bead, egress="")
    assert _reach(world, bead) == "a.example,b.example:8443"


def test_what_a_board_takes_back_no_bead_keeps(world: World) -> None:
    world.do(boards.edit, world.board, egress="a.example,b.example")
    bead = world.bead(egress="b.example")
    world.do(boards.edit, world.board, egress="a.example")
    assert _reach(world, bead) == ""
    world.do(boards.edit, world.board, egress="none")
    assert world.ask(views.board, world.board).egress == ""


def test_a_board_is_opened_by_maintainers_alone(world: World) -> None:
    with pytest.raises(Denied):
        world.store.write(actor(Role.OPERATOR), boards.edit, world.board, egress="a.example")
    with pytest.raises(Misconfigured):
        world.do(boards.edit, world.board, egress="*.example.org")
