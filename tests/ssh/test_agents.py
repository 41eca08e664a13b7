"""Agents come in by the key of their identity, as themselves, and reach no further than they do elsewhere."""

import asyncio
import json
from pathlib import Path

import pytest

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import Outcome
from halftui.domain.names import POOL
from halftui.errors import Denied
from halftui.ops import agents, attempts, beads, boards, people, views
from halftui.ops.attempts import Claim
from tests.helpers.people import make_key
from tests.helpers.ssh import Host

OUT = 255  # how OpenSSH ends where nobody is let in


def _actors(host: Host) -> set[str]:
    return {event.actor for event in host.house.store.read(views.events, 0)}


async def test_a_leader_is_itself(host: Host) -> None:
    leader = host.hire("cedar")
    who = json.loads((await host.run("cedar", "whoami", "-o", "json")).out)
    assert (who["actor"], who["role"], who["username"]) == (f"agent:{leader}", "leader", "cedar")
    made = await host.run("cedar", "bead", "create", "Work", "-o", "json")
    assert (made.code, made.err) == (0, "")
    assert f"agent:{leader}" in _actors(host)
    for words in (
        ("board", "pause"),
        ("key", "remove", "cedar"),
        ("bead", "claim", json.loads(made.out)["id"]),
    ):
        denied = await host.run("cedar", *words)
        assert (denied.code, denied.out) == (Denied.exit_code, "")
        assert denied.err.startswith(f"error: agent:{leader} may not do")
    elsewhere = await host.run("cedar", "identity", "rotate", "cedar")
    assert (elsewhere.code, elsewhere.out) == (Denied.exit_code, "")


async def test_a_worker_reaches_its_own_bead_alone(host: Host) -> None:
    worker = host.hire("fir", "worker")
    foreign = host.bead("another's")
    host.house.service.write(beads.hold, foreign, "later")
    idle = await host.run("fir", "bead", "create", "Work")
    assert (idle.code, idle.out) == (Denied.exit_code, "")
    assert "works on nothing" in idle.err
    claim = _put_to_work(host, worker)
    made = await host.run("fir", "bead", "create", "part", "--parent", claim.bead, "-o", "json")
    assert (made.code, made.err) == (0, "")
    assert (await host.run("fir", "bead", "comment", claim.bead, "half")).code == 0
    for words in (
        ("comment", foreign, "ignore"), ("create", "x", "--parent", foreign), ("cancel", claim.bead),
        ("approve", claim.bead), ("link", json.loads(made.out)["id"], foreign), ("create", "x"),
    ):  # fmt: skip
        denied = await host.run("fir", "bead", *words)
        assert (denied.code, denied.out) == (Denied.exit_code, ""), words
    host.house.store.write(ENGINE, attempts.end, claim.attempt, claim.epoch, Outcome.PASSED, "passed", "made")
    assert (await host.run("fir", "bead", "comment", claim.bead, "more")).code == Denied.exit_code


def _put_to_work(host: Host, worker: str) -> Claim:
    bead = host.bead("its own")
    host.house.service.write(boards.edit, host.board.id, mode="auto")
    claim = host.house.store.write(ENGINE, attempts.claim, host.board.id, 60.0, 9, POOL)
    assert claim is not None
    assert (claim.agent_id, claim.bead) == (worker, bead)
    return claim


async def test_nobody_comes_in_as_another(host: Host, tmp_path: Path) -> None:
    """Neither as a person by an agent's key, nor as an agent by a person's, another's, or the old one."""
    host.admit("ann", "admin")
    ident = host.hire("cedar")
    host.hire("fir", "worker")
    make_key(tmp_path / "stranger")
    right = dict(host.keys)
    right |= {"stranger": tmp_path / "stranger"}
    for name, key in (
        ("ann", "cedar"), ("ann", "fir"), ("cedar", "ann"), ("cedar", "fir"), ("fir", "cedar"),
        ("cedar", "stranger"), ("owner", "cedar"), (ident, "cedar"), (f"agent:{ident}", "cedar"),
        ("engine", "cedar"), ("Cedar", "cedar"),
    ):  # fmt: skip
        host.keys = {name: right[key]}
        ran = await host.run(name, "whoami")
        assert (ran.code, ran.out) == (OUT, ""), (name, key)
    assert host.server.counts["logins"] == 0


@pytest.mark.parametrize("order", [("ann", "cedar"), ("cedar", "ann")])
@pytest.mark.parametrize("name", ["ann", "cedar"])
async def test_an_offered_key_is_no_proof(
    host: Host, tmp_path: Path, order: tuple[str, str], name: str
) -> None:
    host.admit("ann", "admin")
    leader = host.hire("cedar")
    stolen = tmp_path / "stolen.pub"  # the admin's public half alone: ssh offers it and can't sign
    stolen.write_text(host.keys["ann"].with_suffix(".pub").read_text())
    files = {"ann": str(stolen), "cedar": str(host.keys["cedar"])}
    host.keys.clear()
    ran = await host.run(name, "whoami", options=[word for which in order for word in ("-i", files[which])])
    assert ran.code == (OUT if name == "ann" else 0)
    assert (f"agent:{leader}" in ran.out) == (name == "cedar")


async def test_the_agents_of_the_board_itself_do_not_come_in(host: Host) -> None:
    host.bead("its own")
    host.house.service.write(boards.edit, host.board.id, mode="auto")
    claim = host.house.store.write(ENGINE, attempts.claim, host.board.id, 60.0, 9, ("Maple",))
    assert claim is not None
    host.keys["maple"] = host.house.keyring.keep(claim.agent_id, host.folder / "identity")
    assert (await host.run("maple", "whoami")).code == OUT


@pytest.mark.parametrize("turn", ["rotate", "retire", "owner"])
async def test_whose_key_no_longer_counts_is_put_out(host: Host, turn: str) -> None:
    host.admit("bo", "operator")
    ident = host.hire("cedar", owner="bo")
    waiting = asyncio.create_task(host.run("cedar", "wait", "bead", host.bead("work")))
    await host.entered()
    if turn == "rotate":
        host.house.keyring.rotate(host.house.actor, ident)
    elif turn == "retire":
        host.house.service.write(agents.retire, ident)
    else:
        host.house.service.write(people.edit, "bo", "viewer")
    ran = await waiting
    assert ran.code != 0
    assert "Your key was removed from this board." in ran.err
    assert (await host.run("cedar", "whoami")).code == OUT, "nor does it open again"
    if turn == "rotate":
        host.keys["cedar"] = host.house.keyring.keep(ident, host.folder / "identity")
        assert (await host.run("cedar", "whoami")).code == 0


async def test_screens_are_for_people(host: Host) -> None:
    host.hire("cedar")
    async with host.terminal("cedar") as terminal:
        await terminal.until("the board's screen is for people")
        assert await terminal.ended() == Denied.exit_code
