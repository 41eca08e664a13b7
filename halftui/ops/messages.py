"""Messages between people and agents: stored, in order, delivered once."""

import uuid

from halftui.domain.states import AttemptState
from halftui.domain.text import clean
from halftui.errors import Misconfigured, Refused
from halftui.ops import scope
from halftui.ops.access import verb
from halftui.store.rows.tables import Agent, Attempt
from halftui.store.rows.talk import Message
from halftui.store.store import Rows
from halftui.store.tx import Tx

LONGEST = 16_384
TALKS = ("claude", "codex", "gemini", "acp")  # runtimes whose agents hear people while they work
MUTE = ("shell",)  # those that never do
HAND_OFF = """\
You hand this work over now. Commit what you have. Then answer with all that your successor, who starts \
without your memory, has to know: what is done, what is left, what you learnt, and what you would do next."""

Pending = tuple[str, str, str, bool]  # attempt, the message's id there, text, is it urgent

# What an agent has not heard yet.
_PENDING = "m.delivered_at IS NULL AND m.is_from_agent = 0"


@verb("message.send")
def send(tx: Tx, text: str) -> int:
    """Tell the people something, as an agent at work; return the message's number."""
    attempt = scope.own(tx)
    message = Message(
        board_id=attempt.board_id, agent_id=attempt.agent_id, attempt_id=attempt.id, is_from_agent=1,
        sender=str(tx.actor), text=_said(text), sent_at=tx.now, delivered_at=tx.now,
    )  # fmt: skip
    return _store(tx, message, "message.send")


@verb("message.tell")
def tell(tx: Tx, agent_id: str, text: str, *, is_urgent: bool = False) -> int:
    """Say something to an agent: it hears it between two of its turns, or at its next start.

    With `is_urgent` what it does now is broken off for it. Raises Refused if it can't hear that.
    """
    agent = tx.get(Agent, agent_id)
    if agent.retired_at is not None or agent.runtime in MUTE:
        raise Refused(f"{agent.name} hears nothing", "write it into the bead instead")
    if is_urgent:
        _refuse_interruption(tx, agent)
    message = Message(
        board_id=agent.board_id, agent_id=agent_id, sender=str(tx.actor), text=_said(text),
        is_urgent=int(is_urgent), sent_at=tx.now,
    )  # fmt: skip
    return _store(tx, message, "message.tell")


@verb("agent.handoff")
def hand_off(tx: Tx, agent_id: str, text: str = "") -> None:
    """Let an agent at work end with a summary, and its bead go on in a fresh context. Raises Refused."""
    agent = tx.get(Agent, agent_id)
    row = _refuse_interruption(tx, agent)
    if row.is_handoff:
        return
    row.is_handoff = 1
    tx.add(row)
    message = Message(
        board_id=agent.board_id, agent_id=agent_id, sender=str(tx.actor), is_urgent=1, sent_at=tx.now,
        text="\n\n".join(filter(None, (HAND_OFF, clean(text).strip()[:LONGEST]))),
    )  # fmt: skip
    tx.record("agent.handoff", agent_id, agent.board_id, attempt=row.id)
    _store(tx, message, "message.tell")


@verb("message.deliver")
def deliver(tx: Tx, attempt: str, ident: str) -> None:
    """Note that a message has reached an attempt's agent; nothing happens if that is known."""
    row = tx.get(Attempt, attempt)
    for seq, *_ in _unheard(tx, row.agent_id):
        if ident_of(attempt, seq) == ident:
            message = tx.get(Message, seq)
            message.delivered_at, message.attempt_id = tx.now, attempt
            tx.add(message)
            tx.record("message.deliver", row.agent_id, row.board_id, message=seq, attempt=attempt)


def told(rows: Rows, attempt: str, ident: str) -> str:
    """Return as the agent reads it the message that has reached it; "" if that is known, or it is none."""
    agent = rows.rows("SELECT agent_id FROM attempt WHERE id = :a", a=attempt)[0][0]
    found = (spoken(who, text) for seq, who, text in _unheard(rows, agent) if ident_of(attempt, seq) == ident)
    return next(found, "")


def deliver_first(tx: Tx, row: Attempt) -> None:
    """Note that an attempt has begun with all that its agent was told before."""
    if tx.change(
        f"UPDATE message AS m SET delivered_at = :n, attempt_id = :a WHERE m.agent_id = :g AND {_PENDING}"
        " AND m.sent_at <= :s",
        n=tx.now, a=row.id, g=row.agent_id, s=row.started_at,
    ):  # fmt: skip
        tx.record("message.deliver", row.agent_id, row.board_id, attempt=row.id)


def first(rows: Rows, attempt: str) -> list[tuple[str, str]]:
    """Return what an attempt's agent was told before it began, and has not heard: senders and texts."""
    found = rows.rows(
        "SELECT m.sender, m.text FROM message m JOIN attempt t ON t.agent_id = m.agent_id"
        f" WHERE t.id = :a AND m.sent_at <= t.started_at AND {_PENDING} ORDER BY m.seq",
        a=attempt,
    )
    return [(str(sender), str(text)) for sender, text in found]


def pending(rows: Rows) -> list[Pending]:
    """Return what agents at work are to hear."""
    found = rows.rows(
        "SELECT t.id, m.seq, m.sender, m.text, m.is_urgent FROM message m JOIN attempt t"
        " ON t.agent_id = m.agent_id AND t.state IN ('working', 'asking') AND m.sent_at > t.started_at"
        f" WHERE {_PENDING} ORDER BY m.seq"
    )
    return [(str(a), ident_of(str(a), int(n)), spoken(w, t), bool(u)) for a, n, w, t, u in found]


def spoken(sender: str, text: str) -> str:
    """Return a message as the agent reads it: who says it, from the sender's credential, and what."""
    return f"{sender.partition(':')[2] or sender} says: {text}"


def ident_of(attempt: str, seq: int) -> str:
    """Return a message's id in an attempt, the same for every board."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{attempt} message {seq}"))


def _unheard(rows: Rows | Tx, agent: str) -> list[tuple[int, str, str]]:
    found = rows.rows(
        f"SELECT m.seq, m.sender, m.text FROM message m WHERE m.agent_id = :g AND {_PENDING}", g=agent
    )
    return [(int(seq), str(sender), str(text)) for seq, sender, text in found]


def _refuse_interruption(tx: Tx, agent: Agent) -> Attempt:
    found = tx.rows("SELECT id FROM attempt WHERE agent_id = :a AND state <> 'ended'", a=agent.id)
    if not found:
        raise Refused(f"{agent.name} is not at work", "tell it something: it reads that at its next start")
    row = tx.get(Attempt, str(found[0][0]))
    if row.runtime not in TALKS:
        raise Refused(f"{agent.name} ({row.runtime}) can't be interrupted", "stop its attempt instead")
    if row.state == AttemptState.ASKING:
        raise Refused(f"{agent.name} waits for an answer", "answer it: halftui inbox")
    return row


def _store(tx: Tx, message: Message, done: str) -> int:
    tx.add(message)
    tx.flush()
    tx.record(done, message.agent_id, message.board_id, message=message.seq, text=message.text[:500])
    return int(message.seq or 0)


def _said(text: str) -> str:
    if not (said := clean(text).strip()[:LONGEST]):
        raise Misconfigured("a message needs words", "say something")
    return said
