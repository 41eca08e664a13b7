"""The tables of what passes between agents and people besides questions: permits, tool calls, messages."""

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from halftui.store.tables import _big, _time


class Permit(SQLModel, table=True):
    """What agents of a board may do without asking."""

    id: str = Field(primary_key=True)
    board_id: str = Field(foreign_key="board.id", index=True)
    tool: str
    act: str = Field(sa_column=Column(Text, nullable=False))  # the whole command or change, exactly
    granted_by: str
    granted_at: float = Field(sa_column=_time(nullable=False))


class ToolCall(SQLModel, table=True):
    """A call of a board's tool by an agent, so that a repeated one is answered as before."""

    attempt_id: str = Field(primary_key=True)
    request: str = Field(primary_key=True)
    tool: str
    answer: str = Field(sa_column=Column(Text, nullable=False))
    at: float = Field(sa_column=_time(nullable=False))


class Artefact(SQLModel, table=True):
    """A file that an agent attached to a bead; its content lies in the home folder."""

    bead_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    digest: str  # SHA-256 of the content
    size: int = Field(sa_type=BigInteger)
    attempt_id: str
    at: float = Field(sa_column=_time(nullable=False))


class Message(SQLModel, table=True):
    """What a person says to an agent, or an agent to the people."""

    __table_args__ = (Index("ix_message_agent", "agent_id", "delivered_at"),)

    seq: int | None = Field(default=None, sa_column=_big())
    board_id: str
    agent_id: str
    attempt_id: str = ""  # that it was told to, or that told it
    sender: str  # the actor
    is_from_agent: int = 0
    is_urgent: int = 0  # what the agent does is broken off for it
    text: str = Field(sa_column=Column(Text, nullable=False))
    sent_at: float = Field(sa_column=_time(nullable=False))
    delivered_at: float | None = Field(default=None, sa_column=_time())
