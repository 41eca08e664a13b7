"""The table of agents' profiles: every version of each, never altered."""

from sqlalchemy import Column, Text
from sqlmodel import Field, SQLModel

from halftui.store.tables import _time


class ProfileVersion(SQLModel, table=True):
    """One version of a profile of a board; the highest number is the one in use."""

    board_id: str = Field(primary_key=True, foreign_key="board.id")
    name: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    spec: str = Field(sa_column=Column(Text, nullable=False))  # JSON, see domain.profile
    made_by: str
    made_at: float = Field(sa_column=_time(nullable=False))
