"""The tables of trust: keys that sign, tokens that were used, signed heads, and credentials for servers."""

from sqlalchemy import BigInteger, Column, Double, Text
from sqlmodel import Field, SQLModel


class SigningKey(SQLModel, table=True):
    """An Ed25519 key of an agent (`agent:<id>`) or of the database itself (`house`)."""

    __tablename__ = "signing_key"

    fingerprint: str = Field(primary_key=True)
    subject: str
    public: str
    sealed: str = Field(sa_column=Column(Text, nullable=False))  # for the row of that fingerprint
    created_at: float = Field(sa_column=Column(Double, nullable=False))
    retired_at: float | None = Field(default=None, sa_column=Column(Double))


class SpentToken(SQLModel, table=True):
    """A token that was used; kept until it would have expired."""

    __tablename__ = "spent_token"

    jti: str = Field(primary_key=True)
    expires_at: float = Field(sa_column=Column(Double, nullable=False))


class Head(SQLModel, table=True):
    """The chain of events up to one event, signed by the database's key."""

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: str
    at: float = Field(sa_column=Column(Double, nullable=False))
    previous: int = Field(sa_column=Column(BigInteger, nullable=False))  # the head before it, 0 is none
    fingerprint: str
    signature: str  # in hexadecimal


class Secret(SQLModel, table=True):
    """What lets git in at a server, and whether it does."""

    id: str = Field(primary_key=True)
    scope: str = Field(unique=True)  # scheme, host and port
    username: str = ""
    sealed: str = Field(default="", sa_column=Column(Text, nullable=False))  # "": none was given
    refused: str = ""  # what the server said of it; while set, it is not asked again for a while
    refused_at: float = Field(default=0.0, sa_column=Column(Double, nullable=False))
    created_at: float = Field(sa_column=Column(Double, nullable=False))
