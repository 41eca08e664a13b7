"""Who may come in: named by an admin, by keys or an invite, never by logging in."""

import pytest

from halftui.domain.actor import Actor, Role
from halftui.errors import Denied, HalfTUIError, Misconfigured, NotFound, Refused
from halftui.ops import entrance, identities, people
from tests.helpers.people import KEY, fresh_key
from tests.helpers.stores import Clock
from tests.helpers.world import World

CY = Actor("person", "cy", Role.GUEST)
SOON = 1_800_000_060.0


def test_a_new_person_needs_a_role(world: World) -> None:
    with pytest.raises(Misconfigured, match="cy is new here"):
        world.do(people.add, "cy", KEY)
    assert world.ask(entrance.of, "cy") is None
    assert world.do(people.add, "cy", KEY, "viewer") is Role.VIEWER
    found = world.ask(entrance.of, "cy")
    assert found is not None
    assert found == ("cy", Role.VIEWER, frozenset({KEY.fingerprint}), False, "", "")


def test_more_keys_and_another_role(world: World) -> None:
    world.do(people.add, "cy", KEY, "viewer")
    other = fresh_key()
    assert world.do(people.add, "cy", other) is Role.VIEWER
    assert world.do(people.add, "cy", fresh_key(), "admin") is Role.ADMIN
    assert len(world.ask(entrance.keys)) == 3
    assert world.do(people.remove, "cy", other.fingerprint) == 1
    assert other.fingerprint not in {row.fingerprint for row in world.ask(entrance.keys, "cy")}
    assert world.do(people.remove, "cy") == 2
    found = world.ask(entrance.of, "cy")
    assert found is not None
    assert not found.keys
    assert [row.fingerprint for row in world.ask(entrance.keys)] == [""], "cy is known, and can't come in"


def test_one_key_is_one_person(world: World) -> None:
    world.do(people.add, "cy", KEY, "viewer")
    for name in ("cy", "di"):
        with pytest.raises(Refused, match="known already: cy"):
            world.do(people.add, name, KEY, "viewer")
    assert world.ask(entrance.of, "di") is None


def test_a_name_is_one_persons_or_one_agents(world: World) -> None:
    world.do(people.add, "cy", KEY, "viewer")
    with pytest.raises(Refused, match="cy is a person"):
        world.do(identities.create, world.board, "cy")
    world.do(identities.create, world.board, "cedar")
    with pytest.raises(Refused, match="cedar is an agent"):
        world.do(people.add, "cedar", fresh_key(), "viewer")
    with pytest.raises(Refused, match="cedar is an agent"):
        world.do(people.invite, "cedar", "code", SOON, "viewer")


def test_an_agents_key_opens_for_no_person(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    public = f"{KEY.kind} {KEY.blob}"
    world.engine(identities.enroll, f"agent:{made}", public, "sealed")
    with pytest.raises(Refused, match="this key is an agent's"):
        world.do(people.add, "cy", KEY, "admin")
    world.do(people.invite, "cy", "code", SOON, "admin")
    with pytest.raises(Refused, match="this key is an agent's"):
        world.store.write(CY, people.join, "code", KEY)


def test_agents_come_in_while_their_owner_may_give_orders(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    assert world.ask(entrance.of, "cedar") is None, "it has no key"
    world.engine(identities.enroll, f"agent:{made}", f"{KEY.kind} {KEY.blob}", "sealed")
    wanted = ("cedar", Role.LEADER, frozenset({KEY.fingerprint}), False, "", made)
    assert world.ask(entrance.of, "cedar") == wanted
    world.do(people.add, "ann", fresh_key(), "viewer")
    assert world.ask(entrance.of, "cedar") is None, "its owner only looks on"
    world.do(people.edit, "ann", "operator")
    assert world.ask(entrance.of, "cedar") == wanted
    world.do(people.remove, "ann")
    assert world.ask(entrance.of, "cedar") is None, "its owner was shut out"


@pytest.mark.parametrize("name", ["", "Ann", "9x", "a b", "a\n", "../x", "ä", "x" * 33, "-oProxy", "a;b"])
def test_names_that_nobody_has(world: World, name: str) -> None:
    with pytest.raises(Misconfigured, match="nobody can be called"):
        world.do(people.add, name, KEY, "viewer")


@pytest.mark.parametrize("role", ["engine", "leader", "guest", "owner"])
def test_roles_that_no_person_has(world: World, role: str) -> None:
    with pytest.raises(Misconfigured, match="is no role"):
        world.do(people.add, "cy", KEY, role)


def test_an_invite_is_taken_up_once(world: World) -> None:
    world.do(people.invite, "cy", "sesame", SOON, "operator")
    found = world.ask(entrance.of, "cy")
    assert found is not None
    assert found.is_invited
    with pytest.raises(Denied, match="not the code"):
        world.store.write(CY, people.join, "something", KEY)
    assert world.store.write(CY, people.join, " sesame\n", KEY) is Role.OPERATOR
    with pytest.raises(Denied, match="no open invite"):
        world.store.write(CY, people.join, "sesame", fresh_key())
    found = world.ask(entrance.of, "cy")
    assert found is not None
    assert found[2:4] == (frozenset({KEY.fingerprint}), False)
    assert "sesame" not in str(world.dump()), "the code is stored nowhere"


def test_an_invite_ends(world: World, clock: Clock) -> None:
    world.do(people.invite, "cy", "sesame", clock.now + 60, "viewer")
    clock.now += 60
    found = world.ask(entrance.of, "cy")
    assert found is not None
    assert not found.is_invited
    with pytest.raises(Denied, match="no open invite"):
        world.store.write(CY, people.join, "sesame", KEY)


def test_an_invite_is_for_one_person(world: World) -> None:
    world.do(people.invite, "cy", "sesame", SOON, "viewer")
    for name in ("di", ""):
        with pytest.raises(Denied, match="no open invite"):
            world.store.write(Actor("person", name, Role.GUEST), people.join, "sesame", KEY)


def test_a_newer_invite_ends_the_older_and_a_key_ends_both(world: World) -> None:
    world.do(people.invite, "cy", "first", SOON, "viewer")
    world.do(people.invite, "cy", "second", SOON)
    with pytest.raises(Denied, match="not the code"):
        world.store.write(CY, people.join, "first", KEY)
    world.do(people.add, "cy", fresh_key())
    with pytest.raises(Denied, match="no open invite"):
        world.store.write(CY, people.join, "second", KEY)
    with pytest.raises(Refused, match="has a key already"):
        world.do(people.invite, "cy", "third", SOON)


def test_removing_a_person_from_the_door_ends_their_invite(world: World) -> None:
    world.do(people.invite, "cy", "sesame", SOON, "viewer")
    assert world.do(people.remove, "cy") == 0
    with pytest.raises(Denied, match="no open invite"):
        world.store.write(CY, people.join, "sesame", KEY)


def test_what_is_not_there(world: World) -> None:
    world.do(people.add, "cy", KEY, "viewer")
    calls: list[tuple[str, ...]] = [("di",), ("cy", "SHA256:nothing")]
    for call in calls:
        with pytest.raises(NotFound):
            world.do(people.remove, *call)
    with pytest.raises(NotFound):
        world.do(people.edit, "di", "viewer")


def test_a_role_is_changed_and_told(world: World) -> None:
    world.do(people.add, "cy", KEY, "viewer")
    before = world.seq()
    world.do(people.edit, "cy", "maintainer")
    world.do(people.edit, "cy", "maintainer")
    told = [(e.verb, e.before, e.after) for e in world.events(before)]
    assert told == [("person.edit", {"role": "viewer"}, {"role": "maintainer"})]


def test_the_local_owner_is_in_no_list(world: World) -> None:
    world.do(people.dress, "mono")
    assert world.ask(entrance.keys) == ()


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.GUEST])
def test_nobody_but_a_guest_joins(world: World, role: Role) -> None:
    world.do(people.invite, "cy", "sesame", SOON, "viewer")
    with pytest.raises(HalfTUIError, match=r"may not do key\.join"):
        world.store.write(Actor("person", "cy", role), people.join, "sesame", KEY)
