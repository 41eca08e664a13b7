"""The vigil over agents that use no tool: what is known of each, and what is done about it."""

import json
import uuid
from dataclasses import dataclass

from halftui.domain.vigil import Stage
from halftui.ops.access import verb
from halftui.ops.questions import ALARM, GO_ON, STOP
from halftui.store.rows.tables import Attempt, Question
from halftui.store.store import Rows
from halftui.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Watched:
    """An agent at work: for how many seconds it was quiet, and what was done about that."""

    attempt: str
    agent: str
    quiet: float
    stage: Stage


def watched(rows: Rows) -> list[Watched]:
    """Return the agents at work; who waits for a person's answer is not among them.

    What a person answered begins the time anew, be it the agent's question or the board's own alarm.
    """
    found = rows.rows(
        "SELECT t.id, g.name, t.vigil, t.started_at, coalesce(t.stirred_at, 0), coalesce((SELECT"
        " max(q.answered_at) FROM question q WHERE q.attempt_id = t.id), 0)"
        " FROM attempt t JOIN agent g ON g.id = t.agent_id WHERE t.state = 'working' AND t.stop_reason = ''"
    )
    return [Watched(str(i), str(name), rows.now - max(times), Stage(s)) for i, name, s, *times in found]


@verb("attempt.watch")
def watch(tx: Tx, attempt: str, stage: Stage, reason: str) -> None:
    """Take the vigil over an attempt to a stage: a person is told by a question, then it is stopped.

    Back at calm, the question is withdrawn.
    """
    row = tx.get(Attempt, attempt)
    if row.state == "ended" or row.vigil == stage:
        return
    row.vigil = int(stage)
    tx.add(row)
    if stage is Stage.TOLD:
        tx.add(_alarm(tx, row, reason))
    elif stage is Stage.STOPPED:
        row.stop_reason = reason
    elif stage is Stage.CALM:
        tx.run(
            "UPDATE question SET answered_at = :n, answered_by = :w, answer = 'it is at work again'"
            " WHERE attempt_id = :a AND kind = 'alarm' AND answered_at IS NULL",
            n=tx.now, w=str(tx.actor), a=attempt,
        )  # fmt: skip
    tx.record("attempt.watch", attempt, row.board_id, stage=stage.name.lower(), reason=reason)


def _alarm(tx: Tx, row: Attempt, reason: str) -> Question:
    options = [[GO_ON, "its time begins anew"], [STOP, "what it did is kept, the bead is held"]]
    return Question(
        id=str(uuid.uuid4()), attempt_id=row.id, bead_id=row.bead_id, board_id=row.board_id,
        kind=ALARM, text=reason, options=json.dumps(options), asked_at=tx.now,
    )  # fmt: skip
