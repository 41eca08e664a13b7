"""The rows of `store.trust`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row


class SigningKey(Row, table="signing_key", key=("fingerprint",)):
    """An Ed25519 key of an agent (`agent:<id>`) or of the database itself (`house`)."""

    fingerprint: str
    subject: str
    public: str
    sealed: str
    created_at: float
    retired_at: float | None = None


class SpentToken(Row, table="spent_token", key=("jti",)):
    """A token that was used; kept until it would have expired."""

    jti: str
    expires_at: float


class Head(Row, table="head", key=("seq",)):
    """The chain of events up to one event, signed by the database's key."""

    seq: int
    hash: str
    at: float
    previous: int
    fingerprint: str
    signature: str


class Secret(Row, table="secret"):
    """What lets git in at a server, and whether it does."""

    id: str
    scope: str
    username: str = ""
    sealed: str = ""
    refused: str = ""
    refused_at: float = 0.0
    created_at: float
