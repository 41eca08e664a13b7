"""`halftui key`: people, keys and invites by command."""

from pathlib import Path

import pytest

from halftui.errors import Denied, Misconfigured, NotFound
from tests.cli.conftest import Line
from tests.helpers.people import make_key


def _public(tmp_path: Path) -> str:
    make_key(tmp_path / "key")
    return (tmp_path / "key.pub").read_text()


def test_the_way_of_a_key(line: Line, tmp_path: Path) -> None:
    said = line.ok("key", "add", "ann", "--role", "operator", stdin=_public(tmp_path))
    assert "ann may come in as operator with SHA256:" in said.out
    rows = line.ok("key", "list", "-o", "json").json
    assert [(r["person"], r["role"], r["fingerprint"][:7]) for r in rows] == [("ann", "operator", "SHA256:")]
    assert "ann is viewer now" in line.ok("key", "role", "ann", "viewer").out
    assert "1 key of ann removed" in line.ok("key", "remove", "ann").out
    assert line.ok("key", "list", "-o", "json").json[0]["fingerprint"] == ""


def test_an_invite_says_its_code_once(line: Line) -> None:
    made = line.ok("key", "invite", "bo", "--role", "viewer", "--expires", "+2h", "-o", "json").json
    assert len(made["code"]) == 20
    rows = line.ok("key", "list", "-o", "json")
    assert made["code"] not in rows.out
    assert rows.json[0]["invited_until"] == made["expires_at"]


def test_what_is_refused(line: Line, tmp_path: Path) -> None:
    public = _public(tmp_path)
    assert line("key", "add", "ann", stdin=public).code == Misconfigured.exit_code
    assert line("key", "add", "Ann", "--role", "viewer", stdin=public).code == Misconfigured.exit_code
    assert line("key", "add", "ann", "--role", "engine", stdin=public).code == Misconfigured.exit_code
    assert line("key", "add", "ann", "--role", "viewer", stdin="nothing").code == Misconfigured.exit_code
    assert line("key", "remove", "ann").code == NotFound.exit_code
    assert line("key", "role", "ann", "viewer").code == NotFound.exit_code
    assert line.ok("key", "list", "-o", "json").json == []


def test_only_an_admin_changes_who_comes_in(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = _public(tmp_path)
    monkeypatch.setenv("HALFTUI_TEST_ROLE", "maintainer")
    for argv in (
        ["add", "ann", "--role", "viewer"], ["remove", "ann"], ["invite", "ann", "--role", "viewer"],
        ["role", "ann", "viewer"],
    ):  # fmt: skip
        assert line("key", *argv, stdin=public).code == Denied.exit_code
