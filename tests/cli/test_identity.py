"""`halftui identity` and `whoami`: making, showing, rotating, retiring, and the key's file."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from halftui.domain.actor import Role
from halftui.errors import Denied
from halftui.main.who import actor_of
from halftui.service.keyring import Keyring
from halftui.store.memory import Memory
from halftui.store.vault import Vault
from tests.cli.conftest import Line
from tests.helpers.desk import git
from tests.helpers.world import World


def _made(line: Line, *more: str) -> dict[str, str]:
    found = line.ok("identity", "create", "--username", "cedar", *more, "-o", "json").json
    return dict(found)


def test_making_and_showing(line: Line) -> None:
    said = line.ok("identity", "create", "--username", "cedar", "--name", "Old Cedar").out
    assert said.startswith("cedar is a leader with the key SHA256:")
    found = line.ok("identity", "show", "cedar", "-o", "json").json
    assert (found["name"], found["email"], found["owner"]) == ("Old Cedar", "cedar@agents.localhost", "ann")
    assert len(found["identicon"]["rows"]) == 5
    shown = line.ok("identity", "show", "cedar").out
    assert "█" in shown or "▀" in shown
    assert found["fingerprint"] in shown
    assert "sealed" not in shown
    assert [i["username"] for i in line.ok("identity", "list", "-o", "json").json] == ["cedar"]


def test_the_key_s_file_is_private_and_restored(line: Line, tmp_path: Path) -> None:
    made = _made(line)
    file = Path(made["key_file"])
    assert file == tmp_path / "config" / "halftui" / "identity" / "cedar"
    assert file.stat().st_mode & 0o777 == 0o600
    harms: list[Callable[[], object]] = [
        file.unlink,
        lambda: file.chmod(0o644),
        file.with_suffix(".pub").unlink,
    ]
    for harm in harms:
        harm()
        assert _made(line) == made
        assert file.stat().st_mode & 0o777 == 0o600
        listed = subprocess.run(["ssh-keygen", "-yf", file], capture_output=True, text=True, check=True)
        assert listed.stdout.split()[:2] == made["public"].split()


def test_rotating(line: Line) -> None:
    made = _made(line)
    before = Path(made["key_file"]).read_text()
    fresh = line.ok("identity", "rotate", "cedar", "-o", "json").json
    assert fresh["fingerprint"] != made["fingerprint"]
    assert Path(made["key_file"]).read_text() != before
    signers = line.ok("identity", "signers").out.splitlines()
    assert len(signers) == 2
    assert signers == line.ok("identity", "signers", "-o", "json").json


def test_retiring(line: Line) -> None:
    _made(line)
    assert line.ok("identity", "retire", "cedar").out == "Cedar is retired\n"
    assert line("identity", "show", "cedar").code == 5
    assert len(line.ok("identity", "list", "--all", "-o", "json").json) == 1


def test_a_person_is_a_person(line: Line) -> None:
    assert line.ok("whoami", "-o", "json").json == {"actor": "person:ann", "name": "ann", "role": "admin"}


def test_who_runs_a_command(line: Line, world: World) -> None:
    made = _made(line)
    line.ok("identity", "create", "--username", "fir", "--kind", "worker")
    store, ann = world.store, {"HALFTUI_USER": "ann"}
    assert str(actor_of(store, ann)) == "person:ann"
    leader = actor_of(store, {**ann, "HALFTUI_AGENT": "cedar"})
    assert (str(leader), leader.role) == (f"agent:{made['id']}", Role.LEADER)
    assert actor_of(store, {**ann, "HALFTUI_AGENT": "fir"}).role is Role.WORKER
    assert actor_of(store, {**ann, "CLAUDECODE": "1"}) == leader
    assert str(actor_of(store, {**ann, "CLAUDECODE": "1", "HALFTUI_AGENT": ""})) == "person:ann"
    assert str(actor_of(store, {**ann, "GEMINI_CLI": "1"})) == "person:ann", "another program's leader"
    assert str(actor_of(store, {"HALFTUI_USER": "bo", "CLAUDECODE": "1"})) == "person:bo"
    with pytest.raises(Denied, match="is not bo's"):
        actor_of(store, {"HALFTUI_USER": "bo", "HALFTUI_AGENT": "cedar"})
    with pytest.raises(Denied, match="who is no agent here"):
        actor_of(store, {**ann, "HALFTUI_AGENT": "birch"})


def test_an_attempt_proves_itself_by_a_token(line: Line, world: World, tmp_path: Path) -> None:
    claim = world.started(world.taken(line.bead()))
    keyring = Keyring(world.store, Vault(tmp_path / "key"), Memory(tmp_path, world.store))
    token = keyring.token(claim.attempt, world.store.clock())
    env = {"HALFTUI_USER": "ann", "HALFTUI_TOKEN": token, "HALFTUI_BOARD": "shop", "HALFTUI_AGENT": ""}
    actor = actor_of(world.store, env)
    assert (str(actor), actor.role) == (f"agent:{claim.agent_id}", Role.WORKER)
    with pytest.raises(Denied, match="this token is not accepted"):
        actor_of(world.store, env)
    fresh = keyring.token(claim.attempt, world.store.clock())
    with pytest.raises(Denied):
        actor_of(world.store, {**env, "HALFTUI_TOKEN": fresh, "HALFTUI_BOARD": "other"})
    world.end(claim)
    with pytest.raises(Denied):
        actor_of(world.store, {**env, "HALFTUI_TOKEN": fresh})
    with pytest.raises(Denied):
        keyring.token(claim.attempt, world.store.clock())


def test_ones_own_work_takes_a_word(line: Line, world: World) -> None:
    bead = line.bead()
    line.ok("bead", "claim", bead)
    line.ok("bead", "submit", bead, "-m", "made")
    git(line.repository, "branch", f"halftui/{bead}")
    ran = line("bead", "approve", bead)
    assert (ran.code, "--own" in ran.err) == (4, True)
    assert world.state(bead) == "review"
    line.ok("bead", "approve", bead, "--own")
    event = world.events()[-1]
    assert (event.verb, event.actor, event.after["own"]) == ("bead.approve", "person:ann", True)
