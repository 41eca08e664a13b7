"""Files that are wrong, of kinds that the neighbouring corpus leaves out: keys, plans, histories, tokens."""

import base64
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from halftui.errors import Denied
from halftui.main.who import actor_of
from halftui.store.store import Store
from tests.cli.stage import Stage, stage, template
from tests.helpers.commands import KEYS

__all__ = ["stage", "template"]


def _blob(kind: bytes, *parts: bytes) -> str:
    texts = b"".join(struct.pack(">I", len(part)) + part for part in (kind, *parts))
    return base64.b64encode(texts).decode()


GOOD = KEYS[0].split()[1]
KEYS_THAT_ARE_NONE = (
    "", " ", "\n", "ssh-ed25519", f"ssh-ed25519{GOOD}", GOOD, f"ssh-rsa {GOOD}", f"ssh-dss {GOOD}",
    f"ssh-ed25519 {GOOD[:-4]}", f"ssh-ed25519 {GOOD}AAAA", f"ssh-ed25519 {GOOD[:30]}!{GOOD[31:]}",
    "ssh-ed25519 AAAA", "ssh-ed25519 " + "A" * 20_000, f"ssh-ed25519 {_blob(b'ssh-ed25519', b'x' * 31)}",
    f"ssh-ed25519 {_blob(b'ssh-ed25519', b'x' * 33)}", f"ssh-ed25519 {_blob(b'ssh-rsa', b'x' * 32)}",
    f"ssh-ed25519 {_blob(b'ssh-ed25519')}", f"ssh-ed25519 {_blob(b'ssh-ed25519', b'x' * 32, b'more')}",
    f"ssh-rsa {_blob(b'ssh-rsa', bytes([1, 0, 1]), bytes([127]) * 64)}", f'command="id" {KEYS[0]}',
    f"no-pty {KEYS[0]}", f"cert-authority {KEYS[0]}", f"{KEYS[0]}\n{KEYS[1]}",
    f"ssh-ed25519-cert-v01@openssh.com {GOOD}", "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "\x00", "\x1b[2J",
    "ecdsa-sha2-nistp256 AAAA", f"SSH-ED25519 {GOOD}", "---- BEGIN SSH2 PUBLIC KEY ----",
)  # fmt: skip
PLANS_THAT_ARE_NONE = (
    "", "{", "[]", "null", "3", "name: x", "beads: []", "name: x\nbeads: []", "name: x\nbeads: {}",
    "name: x\nbeads: [3]", "name: x\nbeads: [{title: ''}]", "name: 3\nbeads: [{title: a}]",
    "name: x\nbeads: [{title: a, id: a}, {title: b, id: a}]", "name: x\nbeads: [{title: a, after: [none]}]",
    "name: x\nbeads: [{title: a, id: a, after: [a]}]", "name: x\nbeads: [{title: a, priority: high}]",
    "name: x\nbeads: [{id: a, title: a, after: [b]}, {id: b, title: b, after: [a]}]",
    "name: x\nbeads: [{title: a, moon: 1}]", "name: x\nmoon: 1\nbeads: [{title: a}]", "name: x\nname: y",
    "name: x\nbeads: [{title: a, priority: 9}]", "&a [*a]", "name: x\nbeads: !!python/name:os.system",
    "name: x\nbeads: [{title: " + "x" * 501 + "}]", "\t", "\x00", "name: x\nbeads: [{title: a, labels: {}}]",
)  # fmt: skip
HISTORIES_THAT_ARE_NONE = (
    "{", "3", "null", "[]", "{}", '{"kind": "moon"}', '{"kind": "event"}', '{"kind": "event", "seq": "x"}',
    '{"kind": "head"}', '{"kind": "key"}', '{"kind": 3}', "\x00", "[" * 5_000, '{"kind": "event", "more": 1}',
)  # fmt: skip
TOKENS_THAT_ARE_NONE = (
    " ", "x", "x.y", "..", "a.b.c", "a.b.c.d", "x" * 3_000, "\u202e", "\udcff", "Bearer x", "null",
    "e30.e30.", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    "'; DROP TABLE agent; --",
)  # fmt: skip


def _dump(stage: Stage) -> list[Any]:
    with closing(sqlite3.connect(stage.folder / "home" / "halftui.db")) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [opened.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables]


def _is_refused(stage: Stage, words: str, given: str) -> None:
    rows = _dump(stage)
    ran = stage.line(*words.split(), stdin=given)
    assert (ran.code in (2, 3, 5), ran.out) == (True, ""), ran
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 2
    assert not set("\x1b\x00\u202e") & set(ran.err)
    assert _dump(stage) == rows


@pytest.mark.parametrize("text", KEYS_THAT_ARE_NONE, ids=range(len(KEYS_THAT_ARE_NONE)))
def test_no_key(stage: Stage, text: str) -> None:
    _is_refused(stage, "key add eve --role viewer", text)


@pytest.mark.parametrize("text", PLANS_THAT_ARE_NONE, ids=range(len(PLANS_THAT_ARE_NONE)))
def test_no_plan(stage: Stage, text: str) -> None:
    _is_refused(stage, "convoy create -f -", text)


@pytest.mark.parametrize("text", HISTORIES_THAT_ARE_NONE, ids=range(len(HISTORIES_THAT_ARE_NONE)))
def test_no_history(stage: Stage, tmp_path: Path, text: str) -> None:
    file = tmp_path / "history"
    file.write_text(text, encoding="utf-8")
    _is_refused(stage, f"audit verify -f {file}", "")


@pytest.mark.parametrize("text", TOKENS_THAT_ARE_NONE, ids=range(len(TOKENS_THAT_ARE_NONE)))
def test_no_token(stage: Stage, text: str) -> None:
    rows = _dump(stage)
    with closing(Store(f"sqlite:///{stage.folder / 'home' / 'halftui.db'}")) as store:
        for board in ("shop", "", "none"):
            with pytest.raises(Denied, match="this token is not accepted"):
                actor_of(store, {"HALFTUI_USER": "ann", "HALFTUI_TOKEN": text, "HALFTUI_BOARD": board})
    assert _dump(stage) == rows
