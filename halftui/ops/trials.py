"""What may be done to a trial: a run of a board's checks on one tree."""

import json
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from halftui.domain.shown import GOING_ON
from halftui.domain.states import BeadState
from halftui.domain.text import clean, clean_line
from halftui.ops import beads
from halftui.ops.access import verb
from halftui.store.rows.judged import Trial
from halftui.store.rows.tables import Bead
from halftui.store.store import Rows
from halftui.store.tx import Tx

RUNNING, PASSED, FAILED, BROKEN = "running", "passed", "failed", "broken"
MOST_REDS = 3  # times in a row that failing checks send work back; then a person looks
LONGEST_OUTPUT = 64 * 1024  # characters, the last ones
TOLD_LINES = 60  # of a failing check, to the agent


class TrialRow(NamedTuple):
    """A run of the checks."""

    id: str
    target: str
    state: str
    beads: tuple[str, ...]
    checks: tuple[str, ...]
    step: int  # which of them runs or failed, from 1
    code: int | None  # how the failing one ended
    output: str
    started_at: float
    ended_at: float | None

    @property
    def check(self) -> str:
        """Return the command that runs or failed, "" before the first."""
        return self.checks[self.step - 1] if 0 < self.step <= len(self.checks) else ""

    @property
    def says(self) -> str:
        """Return how it stands in a line."""
        if self.state == RUNNING:
            return f"checks {self.step}/{len(self.checks)}: {self.check}" if self.step else "checks begin"
        words = {PASSED: "checks passed", FAILED: f"checks fail: {self.check}"}
        return words.get(self.state, "checks were broken off")


class Untried(NamedTuple):
    """Work in review on which no checks ran yet."""

    bead: str
    tip: str


def commands(checks: str) -> tuple[str, ...]:
    """Return the single checks of a board's setting, one a line."""
    return tuple(line.strip() for line in checks.split("\n") if line.strip())


@verb("trial.begin")
def begin(tx: Tx, board_id: str, target: str, tree: str, checks: str, of: Sequence[str]) -> str:
    """Record that the checks begin on a tree that holds the work `of` these beads; return the trial's id.

    What a killed board left running on this target is broken off by that.
    """
    left = "UPDATE trial SET state = 'broken', ended_at = :n WHERE board_id = :b AND target = :t"
    tx.change(f"{left} AND state = 'running'", n=tx.now, b=board_id, t=target)
    row = Trial(
        id=str(uuid.uuid4()), board_id=board_id, target=target, tree=tree, checks=checks,
        beads=json.dumps(list(of)), started_at=tx.now,
    )  # fmt: skip
    tx.add(row)
    tx.record("trial.begin", row.id, board_id, target=target, beads=list(of))
    _say(tx, row)
    return row.id


@verb("trial.step")
def step(tx: Tx, trial: str, number: int, output: str) -> None:
    """Record which check runs now, from 1, and the output so far; only a new number is an event."""
    row = tx.get(Trial, trial)
    is_next = row.step != number
    row.step, row.output = number, clean(output)[-LONGEST_OUTPUT:]
    tx.add(row)
    if is_next:
        tx.record("trial.step", trial, row.board_id, check=clean_line(commands(row.checks)[number - 1]))
        _say(tx, row)


@verb("trial.end")
def end(tx: Tx, trial: str, state: str, code: int | None, output: str) -> None:
    """Record how a trial ended: passed, failed with the code of its last check, or broken off; once."""
    row = tx.get(Trial, trial)
    if row.state != RUNNING:
        return
    row.state, row.code, row.ended_at = state, code, tx.now
    row.output = clean(output)[-LONGEST_OUTPUT:]
    tx.add(row)
    tx.record("trial.end", trial, row.board_id, state=state, code=code)
    _say(tx, row)


@verb("trial.judge")
def judge(tx: Tx, bead: str, tip: str, trial: str, *, is_blamed: bool) -> None:
    """Draw the conclusion of a trial for one bead's work: failing sends it back, if it is to blame.

    After MOST_REDS times in a row it stays in review for a person. Nothing happens if the bead left
    review, or holds other work by now.
    """
    row, found = tx.get(Bead, bead), _row(tx.get(Trial, trial))
    if row.state != BeadState.REVIEW or row.tip != tip:
        return
    row.tried, row.progress = tip, clean_line(found.says)
    if found.state == PASSED:
        row.reds = 0
    elif is_blamed:
        row.reds += 1
    else:
        row.progress = clean_line(f"{found.says}, on {found.target} alone too")
    tx.touch(row, None)
    tx.record("trial.judge", bead, row.board_id, trial=trial, state=found.state, blamed=is_blamed)
    if found.state == FAILED and is_blamed and row.reds < MOST_REDS:
        beads.reject(tx, bead, reason(found))


def reason(trial: TrialRow) -> str:
    """Return what an agent is told of a failing trial."""
    lines = trial.output.rstrip("\n").split("\n")
    told = [f"… {len(lines) - TOLD_LINES} lines before", *lines[-TOLD_LINES:]]
    tail = "\n".join(told if len(lines) > TOLD_LINES else lines)
    return (
        f"The check `{trial.check}` ended with {trial.code} on your work combined with {trial.target}. "
        f"Put that right and hand in again. Its output:\n\n{tail}"
    )


def passed(rows: Rows, board_id: str, tree: str, checks: str) -> str:
    """Return the trial in which these checks passed on this very tree, "" if there is none."""
    found = rows.rows(
        "SELECT id FROM trial WHERE board_id = :b AND tree = :t AND checks = :c AND state = 'passed' LIMIT 1",
        b=board_id,
        t=tree,
        c=checks,
    )
    return str(found[0][0]) if found else ""


def untried(rows: Rows, board_id: str) -> list[Untried]:
    """Return unqueued work in review on which no checks ran, the oldest first."""
    found = rows.rows(
        "SELECT b.id, b.tip FROM bead b JOIN board o ON o.id = b.board_id WHERE b.board_id = :b"
        " AND b.state = 'review' AND o.checks <> '' AND (o.review <> 'none' OR o.merge <> 'direct')"
        " AND b.tip <> '' AND b.tried <> b.tip"
        " AND NOT EXISTS (SELECT 1 FROM merge m WHERE m.bead_id = b.id AND m.state IN ('waiting', 'landing'))"
        " ORDER BY b.updated_at, b.id",
        b=board_id,
    )
    return [Untried(str(bead), str(tip)) for bead, tip in found]


def listed(rows: Rows, board_id: str, bead: str = "", most: int = 50) -> tuple[TrialRow, ...]:
    """Return the trials of a board, the newest first; only those with the work of `bead` if it is named."""
    only = " AND beads LIKE :like" if bead else ""
    values = {"like": f'%"{bead}"%'} if bead else {}
    found = rows.rows(
        f"SELECT {_COLUMNS} FROM trial WHERE board_id = :b{only} ORDER BY started_at DESC, id LIMIT :m",
        b=board_id,
        m=most,
        **values,
    )
    return tuple(_shown(*row) for row in found)


_COLUMNS = "id, target, state, beads, checks, step, code, output, started_at, ended_at"


def _shown(ident: str, target: str, state: str, of: str, checks: str, *rest: Any) -> TrialRow:
    return TrialRow(ident, target, state, tuple(json.loads(of)), commands(checks), *rest)


def _row(row: Trial) -> TrialRow:
    return _shown(
        row.id, row.target, row.state, row.beads, row.checks, row.step, row.code, row.output, row.started_at,
        row.ended_at,
    )  # fmt: skip


def _say(tx: Tx, row: Trial) -> None:
    """Let the cards of the beads say how their trial stands."""
    says = clean_line(_row(row).says) + (GOING_ON if row.state == RUNNING else "")
    for bead in json.loads(row.beads):
        tx.run("UPDATE bead SET progress = :p WHERE id = :i AND state = 'review'", p=says, i=bead)
