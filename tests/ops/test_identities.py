"""Identities: usernames, keys, and one leader for each person and runtime."""

import pytest

from halftui.domain import identity
from halftui.domain.actor import ENGINE, Actor, Role
from halftui.errors import Denied, Misconfigured, NotFound, Refused
from halftui.ops import agents, boards, flow, identities, signers
from halftui.store.tx import Tx
from tests.helpers.stores import BO
from tests.helpers.world import World, actor


def _public(number: int) -> str:
    return identity.public_of(f"{number:02x}" * 32)


def _enroll(world: World, agent: str, number: int = 1) -> None:
    world.store.write(ENGINE, identities.enroll, f"agent:{agent}", _public(number), f"sealed {number}")


def test_the_same_call_again_finds_the_same_agent(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar", "Cedar")
    seq = world.seq()
    assert world.do(identities.create, world.board, "cedar", "Cedar") == made
    assert world.seq() == seq
    found = world.ask(signers.identity, "cedar")
    assert (found.id, found.kind, found.owner, found.runtime) == (made, "leader", "ann", "claude")
    assert world.ask(signers.leader, "ann", "claude") == found
    assert world.ask(signers.leader, "bo", "claude") is None


def test_one_leader_for_each_person_and_runtime(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    with pytest.raises(Refused, match="ann has the leader cedar for claude already"):
        world.do(identities.create, world.board, "birch")
    world.do(identities.create, world.board, "birch", runtime="codex")
    world.do(identities.create, world.board, "fir", kind="worker")
    world.store.write(BO, identities.create, world.board, "elm")
    world.do(agents.retire, made)
    world.do(identities.create, world.board, "cedar")
    assert len(world.ask(signers.identities)) == 4
    assert len(world.ask(signers.identities, with_retired=True)) == 5


def test_usernames_are_unique(world: World) -> None:
    world.do(identities.create, world.board, "cedar")
    with pytest.raises(Refused, match="another agent with the username cedar"):
        world.store.write(BO, identities.create, world.board, "cedar")
    with pytest.raises(Refused, match="has an agent named Cedar already"):
        world.store.write(BO, identities.create, world.board, "elm", "Cedar")


@pytest.mark.parametrize(
    "given",
    [{"username": "Cedar"}, {"username": ""}, {"kind": "boss"}, {"runtime": "a b"}, {"runtime": ""},
     {"name": "a<b>"}, {"name": "x" * 41}, {"name": " "}],
)  # fmt: skip
def test_bad_ones_are_refused(world: World, given: dict[str, str]) -> None:
    before = world.dump()
    with pytest.raises(Misconfigured):
        world.do(identities.create, world.board, **({"username": "cedar"} | given))
    assert world.dump() == before


def test_agents_make_no_agents(world: World) -> None:
    for role in (Role.LEADER, Role.WORKER, Role.VIEWER, Role.ENGINE):
        with pytest.raises(Denied):
            world.store.write(actor(role), identities.create, world.board, "cedar")


def test_the_list_of_agents_has_the_key_that_each_ones_picture_is_drawn_from(world: World) -> None:
    keyless = world.do(identities.create, world.board, "birch", runtime="codex")
    cedar = world.do(identities.create, world.board, "cedar")
    _enroll(world, cedar)
    shown = {row.id: row.public for row in world.ask(flow.crew, world.board)}
    assert shown == {keyless: "", cedar: _public(1)}


def test_the_first_key_counts(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    _enroll(world, made, 1)
    _enroll(world, made, 2)
    found = world.ask(signers.key_of, f"agent:{made}")
    assert found is not None
    assert (found.public, found.sealed) == (_public(1), "sealed 1")


def test_workers_of_the_scheduler_get_usernames_when_they_get_keys(world: World) -> None:
    names: list[str] = []
    for board in (world.board, world.do(_other_board)):
        world.board = board
        world.bead()
        claim = world.claim()
        assert claim is not None
        assert world.ask(signers.by_id, claim.agent_id).username == ""
        _enroll(world, claim.agent_id, len(names) + 1)
        names.append(world.ask(signers.by_id, claim.agent_id).username)
    assert names == ["toast", "toast-2"]


def test_a_rotated_key_stays_known(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    _enroll(world, made, 1)
    world.do(identities.rotate, made, _public(2), "sealed 2")
    assert world.ask(signers.by_id, made).fingerprint == identity.fingerprint(_public(2))
    lines = world.ask(signers.allowed_signers).splitlines()
    assert [line.split()[0] for line in lines] == ["cedar@agents.localhost"] * 2
    assert [("valid-before" in line, _public(n) in line) for n, line in enumerate(lines, 1)] == [
        (True, True),
        (False, True),
    ]


def test_only_its_owner_or_a_maintainer_rotates(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar")
    other = Actor("person", "cy", Role.OPERATOR)
    with pytest.raises(Denied, match="Cedar is not person:cy's"):
        world.store.write(other, identities.rotate, made, _public(1), "s")
    world.store.write(BO, identities.rotate, made, _public(1), "s")
    owner = Actor("person", "ann", Role.OPERATOR)
    world.store.write(owner, identities.rotate, made, _public(2), "s")
    world.do(agents.retire, made)
    with pytest.raises(Refused, match="is retired"):
        world.do(identities.rotate, made, _public(3), "s")


def test_naming_one(world: World) -> None:
    made = world.do(identities.create, world.board, "cedar", "Old Tree")
    assert {world.ask(signers.identity, text).id for text in ("cedar", "Old Tree", made)} == {made}
    with pytest.raises(NotFound, match="there is no identity birch"):
        world.ask(signers.identity, "birch")
    with pytest.raises(NotFound):
        world.ask(signers.by_id, "none")


def _other_board(tx: Tx) -> str:
    return boards.create(tx, "Other", "/srv/other", "main")
