"""The rows of `store.talk`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row


class Permit(Row, table="permit"):
    """What agents of a board may do without asking."""

    id: str
    board_id: str
    tool: str
    act: str
    granted_by: str
    granted_at: float


class ToolCall(Row, table="toolcall", key=("attempt_id", "request")):
    """A call of a board's tool by an agent, so that a repeated one is answered as before."""

    attempt_id: str
    request: str
    tool: str
    answer: str
    at: float


class Artefact(Row, table="artefact", key=("bead_id", "name")):
    """A file that an agent attached to a bead; its content lies in the home folder."""

    bead_id: str
    name: str
    digest: str
    size: int
    attempt_id: str
    at: float


class Message(Row, table="message", key=("seq",)):
    """What a person says to an agent, or an agent to the people."""

    seq: int | None = None
    board_id: str
    agent_id: str
    attempt_id: str = ""
    sender: str
    is_from_agent: int = 0
    is_urgent: int = 0
    text: str
    sent_at: float
    delivered_at: float | None = None
