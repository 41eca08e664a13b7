"""The tables of how finished work gets to its target: runs of the checks, and the queue of merges."""

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from halftui.store.tables import _big, _time


class Trial(SQLModel, table=True):
    """A run of a board's checks on one tree."""

    __table_args__ = (Index("ix_trial_tree", "board_id", "tree"),)

    id: str = Field(primary_key=True)
    board_id: str = Field(foreign_key="board.id")
    target: str  # the branch that the work is for
    tree: str  # of the combined commit
    checks: str = Field(sa_column=Column(Text, nullable=False))  # as they stood then, one a line
    beads: str = "[]"  # whose work is in it besides the target's
    state: str = "running"  # running | passed | failed | broken
    step: int = 0  # the check that runs or failed, from 1
    code: int | None = None  # how the failing one ended
    output: str = Field(default="", sa_column=Column(Text, nullable=False))  # its last part
    started_at: float = Field(sa_column=_time(nullable=False))
    ended_at: float | None = Field(default=None, sa_column=_time())


class Merge(SQLModel, table=True):
    """Accepted work on its way to the target, in the order of `seq`."""

    __table_args__ = (Index("ix_merge_target", "board_id", "target", "state", "seq"),)

    seq: int | None = Field(default=None, sa_column=_big())
    board_id: str = Field(foreign_key="board.id")
    bead_id: str
    target: str
    tip: str
    state: str = "waiting"  # waiting | merged | back | dropped
    asked_by: str
    asked_at: float = Field(sa_column=_time(nullable=False))
    ended_at: float | None = Field(default=None, sa_column=_time())
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class Outbox(SQLModel, table=True):
    """Something to be done outside of the database: repeated until it is acknowledged."""

    __table_args__ = (Index("ix_outbox_due", "state", "due_at"),)

    seq: int | None = Field(default=None, sa_column=_big())
    board_id: str = Field(foreign_key="board.id")
    bead_id: str
    act: str  # open | look | close | collab
    tip: str  # the commit that it is about
    state: str = "waiting"  # waiting | done | dropped
    tries: int = 0  # that failed in a row
    due_at: float = Field(sa_column=_time(nullable=False))
    answer: str = Field(default="", sa_column=Column(Text, nullable=False))  # or why it failed
    made_at: float = Field(sa_column=_time(nullable=False))


class Turn(SQLModel, table=True):
    """What one engine alone does, of all that work on this database."""

    name: str = Field(primary_key=True)
    holder: str  # its home's label
    until: float = Field(sa_column=_time(nullable=False))
