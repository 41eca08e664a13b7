"""Real exports: what is ready, what is blocked and in which waves all drains is known from elsewhere.

HALFTUI_EXPORTS names the folder that holds NAME.jsonl, NAME.ready.json and NAME.dynamics.json.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from halftui.domain.graph import MARKS
from halftui.domain.states import BeadState
from halftui.ops import beads
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx
from tests.helpers.exports import ANN, by_record, desk, shuffled

FOLDER = os.environ.get("HALFTUI_EXPORTS", "")
FILES = sorted(Path(FOLDER).glob("*.jsonl")) if FOLDER else []


def test_the_real_exports_are_there() -> None:
    if not FOLDER:
        pytest.skip("NO REAL EXPORT IS TRIED: set HALFTUI_EXPORTS to the folder that holds them")
    assert FILES, f"{FOLDER} holds no export"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_ready_and_blocked_are_the_known_ones(file: Path) -> None:
    known = _oracle(file, "ready")["file"]
    with desk() as at:
        at.take(_lines(file))
        assert at.ready() == sorted(known["ready_by_priority"])
        assert at.blocked() == sorted(known["blocked"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_drains_in_the_known_waves(file: Path) -> None:
    known = _oracle(file, "dynamics")
    with desk() as at:
        at.take(_lines(file))
        waves = []
        while wave := at.ready():
            waves.append(wave)
            at.store.write(ANN, _finish, wave)
        assert waves == known["drain_waves"]
        is_open = {"", *MARKS}  # other words stand for a status that is not open
        rest = [r["id"] for r in at.rows("bead") if r["state"] == "open" and r["aside"] in is_open]
        assert sorted(rest) == sorted(known["open_never_ready"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_closing_one_frees_the_known_ones(file: Path) -> None:
    for ident, freed in _oracle(file, "dynamics")["newly_ready_if_closed"].items():
        with desk() as at:
            at.take(_lines(file))
            before = at.ready()
            at.store.write(ANN, _finish, [ident])
            assert sorted(set(at.ready()) - set(before)) == sorted(freed)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_comes_out_as_it_went_in(file: Path) -> None:
    lines = _lines(file)
    with desk() as at:
        at.take(lines)
        given = at.give()
        assert by_record(given) == by_record(lines)
        assert sorted(given) == sorted(line for line in lines if line.strip())  # to the letter


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_twice_is_once_and_the_order_says_nothing(file: Path) -> None:
    lines = _lines(file)
    with desk() as at, desk() as other:
        at.take(lines)
        state = at.state()
        at.take(lines)
        at.take(at.give())
        assert at.state() == state
        other.take(shuffled(lines))
        assert other.state() == state


def _finish(tx: Tx, idents: list[str]) -> None:
    for ident in idents:
        row = tx.get(Bead, ident)
        row.state, row.closed_at = BeadState.DONE.value, tx.now
        beads.close(tx, row)


def _lines(file: Path) -> list[str]:
    return file.read_bytes().decode().split("\n")


def _oracle(file: Path, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.with_suffix(f".{name}.json").read_text("utf-8"))
    return told
