"""Messages between people and agents: stored, in order, delivered once."""

from halftui.domain.text import clean
from halftui.errors import Misconfigured
from halftui.ops import scope
from halftui.ops.access import verb
from halftui.store.tables import Message
from halftui.store.tx import Tx

LONGEST = 16_384


@verb("message.send")
def send(tx: Tx, text: str) -> int:
    """Tell the people something, as an agent at work; return the message's number."""
    attempt = scope.own(tx)
    return _store(tx, attempt.board_id, attempt.agent_id, attempt.id, text, is_from_agent=True)


def _store(tx: Tx, board: str, agent: str, attempt: str, text: str, *, is_from_agent: bool) -> int:
    said = clean(text).strip()[:LONGEST]
    if not said:
        raise Misconfigured("a message needs words", "say something")
    message = tx.add(Message(
        board_id=board, agent_id=agent, attempt_id=attempt, sender=str(tx.actor), text=said,
        is_from_agent=int(is_from_agent), sent_at=tx.now, delivered_at=tx.now if is_from_agent else None,
    ))  # fmt: skip
    tx.session.flush()
    verb_name = "message.send" if is_from_agent else "message.tell"
    tx.record(verb_name, agent, board, message=message.seq, text=said[:500])
    return int(message.seq or 0)
