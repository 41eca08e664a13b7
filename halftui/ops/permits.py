"""Standing permissions of a board: what agents may do without asking again, until somebody takes it back."""

import uuid

from halftui.domain.happenings import Question as Asked
from halftui.domain.text import clean
from halftui.errors import Refused
from halftui.ops.access import verb
from halftui.store.rows.tables import Attempt, Question
from halftui.store.rows.talk import Permit
from halftui.store.store import Rows
from halftui.store.tx import Tx

LONGEST = 16_384


@verb("permit.grant")
def grant(tx: Tx, question_id: str) -> str:
    """Allow from now on, on the question's board, exactly what it asks for; return the permit's id."""
    question = tx.get(Question, question_id)
    if question.kind != "permission":
        raise Refused("this asks for words, not for a permission", "answer it")
    act = _act(question.text, question.detail)
    found = tx.rows(
        "SELECT id FROM permit WHERE board_id = :b AND tool = :t AND act = :a",
        b=question.board_id, t=question.tool, a=act,
    )  # fmt: skip
    if found:
        return str(found[0][0])
    permit = tx.add(Permit(
        id=uuid.uuid4().hex[:8], board_id=question.board_id, tool=question.tool, act=act,
        granted_by=str(tx.actor), granted_at=tx.now,
    ))  # fmt: skip
    tx.record("permit.grant", permit.id, permit.board_id, tool=permit.tool, act=act[:500])
    return permit.id


@verb("permit.revoke")
def revoke(tx: Tx, permit_id: str) -> None:
    """Take a permit back: agents are asked about again."""
    permit = tx.get(Permit, permit_id)
    tx.delete(permit)
    before = {"tool": permit.tool, "act": permit.act}
    tx.record("permit.revoke", permit_id, permit.board_id, before)


@verb("permit.use")
def use(tx: Tx, attempt: str, permit_id: str) -> None:
    """Note that a permit spared a person a question."""
    board = tx.get(Attempt, attempt).board_id
    tx.record("permit.use", permit_id, board, attempt=attempt)


def granted(rows: Rows, attempt: str, asked: Asked) -> str:
    """Return the permit that allows exactly what an attempt's agent asks for; "" if none does."""
    if asked.kind != "permission":
        return ""
    act = _act(clean(asked.text)[:LONGEST], clean(asked.detail)[:LONGEST])
    found = rows.rows(
        "SELECT p.id FROM permit p JOIN attempt t ON t.board_id = p.board_id"
        " WHERE t.id = :i AND p.tool = :t AND p.act = :a",
        i=attempt, t=clean(asked.tool)[:80], a=act,
    )  # fmt: skip
    return str(found[0][0]) if found else ""


def _act(text: str, detail: str) -> str:
    """Return all of what is asked for: the line names the file, the detail is the whole command or change."""
    return "\n".join(filter(None, (text, detail)))
