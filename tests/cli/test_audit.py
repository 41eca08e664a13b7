"""`halftui audit`: verify, sign, export, and a history in a file."""

import json
from pathlib import Path

import pytest

from halftui.settings import config_folder
from tests.cli.conftest import Line
from tests.helpers.world import World


def test_verifying_and_signing(line: Line) -> None:
    line.bead()
    found = line.ok("audit", "verify", "-o", "json").json
    assert (found["is_whole"], found["heads"], found["unsigned"]) == (True, 0, found["events"])
    assert line.ok("audit", "sign").out.startswith("signed up to event ")
    assert line.ok("audit", "sign").out == "all of it is signed already\n"
    assert "1 signature, signed up to event" in line.ok("audit", "verify").out


def test_a_changed_event_is_named(line: Line, world: World) -> None:
    line.bead()
    line.ok("audit", "sign")
    world.do(lambda tx: tx.change("UPDATE event SET actor = 'person:eve' WHERE seq = 2"))
    ran = line("audit", "verify")
    assert ran.code == 3
    assert "event 2: it was changed" in ran.out
    assert "from event 2 on" in ran.err
    assert line("audit", "verify", "-o", "json").code == 3


def test_exporting(line: Line, tmp_path: Path) -> None:
    line.bead("日本")
    line.ok("audit", "sign")
    file = tmp_path / "history.jsonl"
    assert line.ok("audit", "export", "-f", str(file)).out.endswith(f"lines are in {file}\n")
    assert file.read_text() == line.ok("audit", "export").out
    found = line.ok("audit", "verify", "-f", str(file), "-o", "json").json
    assert (found["is_whole"], found["heads"], found["unsigned"]) == (True, 1, 0)
    assert line("audit", "export", "-f", str(file)).code == 2, "nothing is overwritten"
    lines = file.read_text().splitlines()
    event = json.loads(lines[-1])
    lines[-1] = json.dumps({**event, "actor": "person:eve"})
    file.write_text("\n".join(lines) + "\n")
    assert line("audit", "verify", "-f", str(file)).code == 3
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert line("audit", "verify", "-f", str(file)).code == 3, "signed, and gone"


def test_a_lost_key_has_a_way_out(line: Line, world: World, tmp_path: Path) -> None:
    assert line("audit", "renew-key", "--yes").code == 3, "nothing was signed yet"
    line.bead()
    line.ok("audit", "sign")
    assert line("audit", "renew-key", "--yes").code == 3, "nothing is lost"
    line.ok("identity", "create", "--username", "cedar")
    (config_folder() / "key").unlink()
    assert line("audit", "sign").code == 7
    assert line("audit", "verify").code == 7
    ran = line("audit", "renew-key")
    assert (ran.code, "1 signature, up to event" in ran.err, "--yes" in ran.err) == (3, True, True)
    assert line("audit", "verify").code == 7
    assert "1 signature, up to event" in line.ok("audit", "renew-key", "--yes").out
    found = line.ok("audit", "verify", "-o", "json").json
    assert (found["is_whole"], found["heads"], found["unverifiable"], found["unsigned"]) == (True, 2, 1, 0)
    assert "2 signatures, 1 of them of a lost key, signed up to event" in line.ok("audit", "verify").out
    told = map(json.loads, line.ok("audit", "export").out.splitlines())
    (event,) = [one for one in told if one.get("verb") == "audit.renew"]
    assert (event["actor"], json.loads(event["after"])["heads"]) == ("person:ann", 1)
    file = tmp_path / "history.jsonl"
    line.ok("audit", "export", "-f", str(file))
    assert line.ok("audit", "verify", "-f", str(file), "-o", "json").json["unverifiable"] == 1
    line.ok("identity", "rotate", "cedar")
    line.ok("secrets", "rotate")
    assert line.ok("audit", "verify").code == 0
    world.do(lambda tx: tx.change("UPDATE event SET actor = 'person:eve' WHERE seq = 1"))
    assert line("audit", "verify").code == 3


def test_who_has_no_key_of_the_vault_can_call_none_lost(line: Line, world: World, tmp_path: Path) -> None:
    """A forged renewal, whose chain is right, makes no signature of another key good."""
    line.bead()
    line.ok("audit", "sign")
    world.do(lambda tx: tx.change("UPDATE head SET fingerprint = 'SHA256:eve'"))
    world.do(lambda tx: tx.record("audit.renew", "house", "", {"fingerprint": "SHA256:eve"}, fingerprint="x"))
    ran = line("audit", "verify")
    assert (ran.code, "it was signed with another key" in ran.out) == (3, True)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "7", '{"kind": "event"}', '{"kind": "key"}', '{"kind": "head", "seq": 1}', '{"x": 1}',
     '{"kind": "event", "seq": 1, "nonsense": 2}', "\x00", "null", '{"kind":' * 2000,
     '{"kind": "head", "seq": [], "hash": 1, "at": 1, "previous": 1, "fingerprint": {}, "signature": ""}'],
)  # fmt: skip
def test_a_file_that_is_no_history(line: Line, tmp_path: Path, text: str) -> None:
    file = tmp_path / "x"
    file.write_text(text)
    assert line("audit", "verify", "-f", str(file)).code == 2
    assert line("audit", "verify", "-f", str(tmp_path)).code == 2
    file.write_bytes(b"\xff\xfe")
    assert line("audit", "verify", "-f", str(file)).code == 2
