"""What an agent asks of a person, and the answer."""

import json
import uuid

from halftui.domain.happenings import Answer
from halftui.domain.happenings import Question as Asked
from halftui.domain.states import ATTEMPT_MOVES, AttemptState, AttemptVerb, after
from halftui.domain.text import clean, clean_line
from halftui.errors import Misconfigured, Refused
from halftui.ops import permits
from halftui.ops.access import verb
from halftui.store.rows.tables import Attempt, Question
from halftui.store.store import Rows
from halftui.store.tx import Tx

KINDS = ("question", "permission")
ALARM = "alarm"  # asked by the board itself, of an agent that seems to stand still
GO_ON, STOP = "Let it go on", "Stop it"
LONGEST = 16_384
LONGEST_OPTION = 1_000
MOST_OPEN = 50  # of one attempt: nobody answers more, and each is shown to everybody


@verb("question.ask")
def ask(tx: Tx, attempt: str, asked: Asked) -> str:
    """Store an agent's question and return its id; a repeated request of an attempt is the same question.

    Raises Refused if too many of its questions are open.
    """
    ident = _ident(attempt, asked.request)
    if tx.find(Question, ident) is not None:
        return ident
    row = tx.get(Attempt, attempt)
    waiting = (
        "SELECT count(*) FROM question WHERE attempt_id = :a AND answered_at IS NULL AND kind <> 'alarm'"
    )
    if tx.rows(waiting, a=attempt)[0][0] >= MOST_OPEN:
        raise Refused(f"{MOST_OPEN} questions of yours are open", "wait for an answer")
    options = [[clean(text)[:LONGEST_OPTION] for text in (o.label, o.description)] for o in asked.options]
    question = Question(
        id=ident,
        attempt_id=attempt,
        bead_id=row.bead_id,
        board_id=row.board_id,
        kind=_kind(asked.kind),
        text=clean(asked.text)[:LONGEST],
        options=json.dumps(options),
        tool=clean_line(asked.tool, longest=80),
        detail=clean(asked.detail)[:LONGEST],
        asked_at=tx.now,
    )
    tx.add(question)
    row.state = after(ATTEMPT_MOVES, AttemptState(row.state), AttemptVerb.ASK, attempt).value
    tx.add(row)
    tx.record("question.ask", question.id, row.board_id, bead=row.bead_id, kind=question.kind)
    return question.id


def given(rows: Rows, attempt: str, asked: Asked) -> tuple[bool, Answer | None]:
    """Return whether an agent's request is a question already, and the answer if somebody gave it."""
    sql = "SELECT answer, is_allowed, answered_at FROM question WHERE id = :i"
    found = rows.rows(sql, i=_ident(attempt, asked.request)) if asked.request else ()
    if not found:
        return False, None
    text, is_allowed, answered_at = found[0]
    return True, Answer(str(text), bool(is_allowed)) if answered_at is not None else None


def has_untold(rows: Rows, attempt: str) -> bool:
    """Return True if the attempt's lines tell fewer answers than were given."""
    sql = (
        "SELECT (SELECT count(*) FROM question WHERE attempt_id = :a AND answered_at IS NOT NULL"
        " AND kind <> 'alarm') > (SELECT count(*) FROM line WHERE attempt_id = :a AND kind = 'answer')"
    )
    return bool(rows.rows(sql, a=attempt)[0][0])


@verb("question.answer")
def answer(
    tx: Tx, question_id: str, text: str = "", *, is_allowed: bool = False, is_always: bool = False
) -> None:
    """Answer a question or a permission. Raises Refused if somebody did already.

    With `is_always` what is allowed is from now on allowed on this board without asking.
    """
    question = tx.get(Question, question_id)
    if question.answered_at is not None:
        raise Refused(f"this was answered by {question.answered_by}", "nothing is left to do")
    question.answer, question.is_allowed = clean(text)[:LONGEST], int(is_allowed)
    question.answered_by, question.answered_at = str(tx.actor), tx.now
    tx.add(question)
    if is_allowed and is_always:
        permits.grant(tx, question_id)
    row = tx.get(Attempt, question.attempt_id)
    open_ones = "SELECT 1 FROM question WHERE attempt_id = :a AND answered_at IS NULL AND kind <> 'alarm'"
    if question.kind == ALARM:
        _heed(tx, row, question)
    if row.state == AttemptState.ASKING and not tx.rows(open_ones, a=row.id):
        row.state = after(ATTEMPT_MOVES, AttemptState(row.state), AttemptVerb.RESUME, row.id).value
        tx.add(row)
    tx.record(
        "question.answer", question_id, question.board_id,
        bead=question.bead_id, answer=question.answer, is_allowed=is_allowed,
    )  # fmt: skip


def _heed(tx: Tx, row: Attempt, alarm: Question) -> None:
    """Let a quiet attempt go on as if it had just begun, or stop it."""
    row.vigil = 0
    tx.add(row)
    if alarm.answer == STOP:
        row.stop_reason = alarm.text
        tx.record("attempt.stop", row.id, row.board_id, reason=row.stop_reason)


def _ident(attempt: str, request: str) -> str:
    """Return an id that only this attempt's request gets, since the program that asks chose the request."""
    name = f"{attempt} {request}".encode("utf-8", "backslashreplace").decode()
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name) if request else uuid.uuid4())


def _kind(asked: str) -> str:
    if asked not in KINDS:
        raise Misconfigured(
            f"an agent can't ask a {clean_line(asked, longest=50)}", f"it is one of {', '.join(KINDS)}"
        )
    return asked
