"""A corpus of command lines that are wrong: one sentence, a hint, the right exit code, nothing changed.

Together with the files and lines of the neighbouring tests there are more than 300 of them.
"""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.cli import test_bad_input, test_manifests
from tests.cli.stage import Stage, stage, template

__all__ = ["stage", "template"]

HOSTILE = ("\x1b[2J", "\x1b]0;x\x07", "\u202egnp.exe", "a\x00b", "'; DROP TABLE bead; --", "%s%n", "../..",
           "-", "{a}", "$(id)", "\udcff", "é" * 300, "0" * 5_000, "\n", "\u2028", "*")  # fmt: skip
# Where a name is wanted: each hostile one is no name of anything.
PLACES = (
    "agent retire", "attempt list", "attempt lines", "attempt stop", "bead show", "bead claim", "bead diff",
    "bead approve", "convoy show", "convoy start", "describe bead", "get convoys", "identity show",
    "identity rotate", "subscription remove", "wait bead", "board show", "delete agents",
)  # fmt: skip

LINES: list[tuple[str, int]] = [
    ("get", 2), ("get pods", 2), ("get bead none", 5), ("get beads -o xml", 2), ("get beads --watch=1", 2),
    ("get board none", 5), ("get convoy none", 5), ("get agent none", 5), ("get subscription none", 5),
    ("describe", 2), ("describe bead", 2), ("describe bead none", 5), ("describe bead {a} {b}", 2),
    ("describe agent none", 5), ("describe lane ready", 2), ("describe subscription none", 5),
    ("delete", 2), ("delete bead", 2), ("delete bead none", 5), ("delete board Shop", 2),
    ("delete convoy none", 5), ("delete agent none", 5), ("delete subscription none", 5),
    ("delete bead {f}", 3), ("delete agent {idle} none", 5),
    ("apply", 2), ("apply -f", 2), ("apply x", 2), ("apply -f /nowhere", 2), ("apply -f {folder}", 2),
    ("apply -f /dev/null", 2), ("apply -f {folder}/copy.db", 2),
    ("wait", 2), ("wait bead", 2), ("wait bead {a} --until", 2), ("wait bead {a} --until never", 2),
    ("wait bead {a} --timeout x", 2), ("wait bead {f}", 1), ("wait bead {a} --timeout 0", 124),
    ("wait convoy", 2), ("wait convoy none", 5), ("wait convoy trip --timeout 0", 124),
    ("wait convoy trip --until done", 2), ("wait board none", 5), ("wait board --until done", 2),
    ("wait board --timeout 0", 124), ("wait lane", 2),
    ("identity", 2), ("identity create", 2), ("identity create --username", 2),
    ("identity create --username X", 2), ("identity create --username cedar --kind worker", 3),
    ("identity create --username fir", 3), ("identity create --username fir --kind boss", 2),
    ("identity create --username fir --runtime a/b", 2), ("identity create --username fir --name <x>", 2),
    ("identity create --username a@b", 2), ("identity create --username -x", 2),
    ("identity show", 2), ("identity show none", 5), ("identity rotate none", 5), ("identity rotate", 2),
    ("identity retire none", 5), ("identity retire", 2), ("identity list extra", 2),
    ("identity signers x", 2),
    ("whoami extra", 2), ("whoami -o xml", 2),
    ("audit", 2), ("audit verify extra", 2), ("audit verify -f /nowhere", 2), ("audit verify -f {folder}", 2),
    ("audit verify -f {folder}/copy.db", 2), ("audit export -f {folder}/copy.db", 2),
    ("audit export -f /nowhere/x", 2), ("audit sign now", 2), ("audit burn", 2),
    ("backup", 2), ("backup {folder}/copy.db", 3), ("backup {folder}", 3), ("backup /nowhere/x.db", 2),
    ("backup a b", 2), ("restore", 2), ("restore /nowhere", 2), ("restore {folder}", 2),
    ("restore /dev/null", 2), ("restore /etc/passwd", 2), ("restore a b", 2),
    ("secrets", 2), ("secrets rotate extra", 2), ("secrets show", 2),
    ("skills", 2), ("skills install --for emacs", 2), ("skills install --folder /nowhere", 2),
    ("skills install extra", 2), ("skills show none", 2), ("skills show ../../etc", 2),
    ("completion", 2), ("completion tcsh", 2), ("completion bash zsh", 2),
    ("plan", 2), ("plan words", 2), ("plan a b", 2), ("plan -- -", 2),
    ("bead approve", 2), ("bead approve {a}", 3), ("bead approve {h}", 4), ("bead approve {h} --own", 3),
    ("bead approve {r} --yes", 2), ("bead approve none --own", 5), ("bead approve {f} --own", 3),
    ("bead reparent {a} {a}", 3), ("bead delete {a} none --yes", 5),
    ("bead delete {w} --yes", 3), ("bead add", 2), ("bead list --ready --limit x", 2),
    ("bead list --lane", 2), ("bead create a b", 2), ("bead create a --label", 2), ("bead create a -p", 2),
    ("bead create a --convoy none", 5), ("bead create a --after {a} --after none", 5),
    ("bead edit {a} --priority 5", 2), ("bead edit {a} --due never", 2), ("bead edit", 2),
    ("bead link {a} {b} --kind", 2), ("bead unlink {a} none", 5), ("bead rank {a} --behind none", 5),
    ("bead hold none", 5), ("bead hold {a} b c", 2), ("bead claim none", 5), ("bead claim {after}", 3),
    ("bead submit {h} -m ''", 2), ("bead fail none -m x", 5), ("bead release none", 5), ("bead cancel", 2),
    ("bead reopen none", 5), ("bead reject none -m x", 5), ("bead diff none", 5), ("bead show {a} {b}", 2),
    ("board", 2), ("board edit cap", 2), ("board edit review=maybe", 2), ("board edit mode=", 2),
    ("board edit branch=a..b", 2), ("board edit prefix=1", 2), ("board edit runtime=emacs", 2),
    ("board pause none", 5), ("board resume a b", 2), ("board drain --seconds -1", 2),
    ("board show --board", 2), ("--board none whoami extra", 2), ("--board none inbox", 5),
    ("budget", 2), ("budget set", 2), ("budget set moon usd=1", 2), ("budget set bead none usd=1", 5),
    ("budget clear", 2), ("budget list extra", 2), ("usage --by moon", 2), ("usage --days 0", 2),
    ("convoy", 2), ("convoy add none {a}", 5), ("convoy add trip none", 5), ("convoy land none", 5),
    ("convoy land trip", 3), ("convoy cancel", 2), ("convoy start", 2), ("convoy create trip none", 5),
    ("convoy list extra", 2), ("agent", 2), ("agent list extra", 2),
    ("attempt", 2), ("attempt lines", 2), ("attempt lines {w} --last x", 2), ("attempt stop", 2),
    ("attempt list", 2), ("event", 2), ("event list --last x", 2), ("event list {a} {b}", 2),
    ("export a b", 2), ("export /nowhere/x", 2), ("import", 2), ("import /nowhere", 2),
    ("import {folder}", 2),
    ("import {folder}/copy.db", 2), ("inbox extra", 2), ("answer {q}", 2), ("answer {q} a b", 2),
    ("answer none words", 5), ("answer {p} words", 2), ("question", 2), ("question answer", 2),
    ("question list extra", 2), ("subscription", 2), ("subscription register", 2),
    ("subscription register x", 2), ("subscription edit none --cap 1", 5),
    ("subscription edit work --cap x", 2),
    ("subscription rotate none", 5), ("subscription remove", 2), ("subscription list extra", 2),
    ("init {folder}/other --cap -1", 2), ("init {folder}/other --mode x", 2), ("init a b", 2),
    ("init {folder}/other --prefix 9", 2), ("init {folder}/other --branch ..", 2),
    ("config", 2), ("config show extra", 2), ("config set x", 2), ("doctor extra", 2), ("image", 2),
    ("image list extra", 2), ("demo --seconds 0", 2), ("demo --seconds x", 2), ("demo extra", 2),
    ("-o", 2), ("--no-colour", 2), ("--home", 2), ("--database", 2), ("-x", 2), ("'' bead list", 2),
    ("bead 'list'x", 2), ("BEAD list", 2), ("beads list", 2), ("help", 2), ("version", 2),
]  # fmt: skip


def _dump(stage: Stage) -> list[Any]:
    with closing(sqlite3.connect(stage.folder / "home" / "halftui.db")) as opened:
        tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [opened.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables]


def _words(stage: Stage, text: str) -> list[str]:
    return [word.replace("''", "").format(**stage.names) for word in text.split()]


def _check(err: str, out: str) -> None:
    assert err.startswith(("error: ", "Usage: ")), err
    assert "Traceback" not in err + out
    assert not set("\x1b\x07\u202e\u2028") & set(err + out)


@pytest.mark.parametrize(("text", "code"), LINES, ids=[line for line, _ in LINES])
def test_a_bad_line(stage: Stage, text: str, code: int) -> None:
    rows = _dump(stage)
    ran = stage.line(*_words(stage, text))
    assert ran.code == code, ran
    assert ran.out == ""
    _check(ran.err, ran.out)
    assert _dump(stage) == rows


@pytest.mark.parametrize("place", PLACES)
def test_hostile_names(stage: Stage, place: str) -> None:
    rows = _dump(stage)
    for name in HOSTILE:
        ran = stage.line(*place.split(), name)
        assert ran.code in (2, 3, 5), (name, ran)
        assert ran.out == "", name
        _check(ran.err, ran.out)
    assert _dump(stage) == rows


def test_there_are_enough_of_them() -> None:
    lines = len(LINES) + len(PLACES) * len(HOSTILE) + len(test_bad_input.BAD)
    assert len(LINES) + len(test_bad_input.BAD) >= 300
    assert lines + len(test_manifests.BAD) >= 600
