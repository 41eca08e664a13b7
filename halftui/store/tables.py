"""Every table. Times are UTC seconds; lists and free values are JSON text; flags are 0 or 1.

So that a row reads the same through SQLModel, plain sqlite3 and PostgreSQL. Indexes with a condition
stand in `indexes`. What ops read and write are the rows that are made out of this: see `rows`.
"""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, String, Text, text
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
# None is ever validated by pydantic, so what would do that need not be made: that is most of what these
# classes cost at their import.
SQLModel.model_config["defer_build"] = True


def _big() -> Column[int]:
    return Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _bytewise() -> Column[str]:
    return Column(String().with_variant(String(collation="C"), "postgresql"), nullable=False)


def _time(*, nullable: bool = True) -> Column[float]:
    return Column(Double, nullable=nullable)


class Board(SQLModel, table=True):
    """A set of lanes over one project repository."""

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    repository: str = Field(index=True)  # the folder or URL that the work is merged into
    branch: str  # the target branch
    prefix: str  # of its beads' ids
    mode: str = "auto"  # auto | manual
    review: str = "person"  # person | agent | none
    runtime: str = "claude"
    sandbox: str = "auto"
    model: str = ""
    command: str = ""  # what the shell and acp runtimes run
    recipe: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # see sandbox.image
    cap: int = 4  # live attempts at once
    is_paused: int = 0
    notice: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # why no agent can start
    lanes: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # as domain.lanes reads
    created_at: float = Field(sa_column=_time(nullable=False))
    version: int = 1
    # Commands that the combined tree must pass, one a line; "": merged without.
    checks: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    # The most beads that are merged after one run of the checks.
    batch: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    profile: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # of agents
    merge: str = Field(default="direct", sa_column_kwargs={"server_default": text("'direct'")})
    # Times that agents may send one piece of work back, before a person decides.
    rounds: int = Field(default=2, sa_column_kwargs={"server_default": text("2")})
    # The folder or URL of the repository with plans and results, and its branch; "": there is none.
    collab: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    collab_branch: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    egress: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # see domain.egress


class Bead(SQLModel, table=True):
    """One piece of work."""

    __table_args__ = (
        Index("ix_bead_lane", "board_id", "state", "priority", "rank", "created_at", "id"),
        Index("ix_bead_rank", "board_id", "rank"),
        Index("ix_bead_closed", "board_id", "state", "closed_at"),
    )

    id: str = Field(primary_key=True)
    board_id: str = Field(foreign_key="board.id")
    title: str = Field(sa_column=Column(Text, nullable=False))
    description: str = Field(default="", sa_column=Column(Text, nullable=False))
    acceptance: str = Field(default="", sa_column=Column(Text, nullable=False))
    notes: str = Field(default="", sa_column=Column(Text, nullable=False))
    type: str = "task"
    priority: int = 2
    rank: str = Field(sa_column=_bytewise())
    labels: str = "[]"
    state: str = "open"
    blockers: int = 0  # unmet edges of its own, plus blocked parents: 0 means not blocked
    is_inert: int = 0  # 1: held, in a staged convoy, or of a kind that is never dispatched
    assignee: str = ""  # an agent's or person's name for as long as it is theirs
    convoy_id: str | None = Field(default=None, foreign_key="convoy.id", index=True)
    mode: str = ""  # overrides the board's
    runtime: str = ""  # overrides the board's
    not_before: float | None = Field(default=None, sa_column=_time())
    due: float | None = Field(default=None, sa_column=_time())
    hold: str = ""  # a reason: while set, never dispatched
    epoch: int = 0  # counts attempts; the newest one alone may write
    failures: int = 0  # of the task, since the last success; the next three likewise
    start_failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    losses: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    handoffs: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    retry_at: float | None = Field(default=None, sa_column=_time())
    branch: str = ""
    base: str = ""  # the commit that the work started from
    tip: str = ""  # the newest commit of the work
    plus: int = 0
    minus: int = 0
    files: int = 0
    summary: str = Field(default="", sa_column=Column(Text, nullable=False))
    remark: str = Field(default="", sa_column=Column(Text, nullable=False))  # why it came back
    merged: str = ""  # the commit on the target branch
    # What the last agent left to the next one, which starts in a fresh context.
    handover: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    created_by: str = ""
    created_at: float = Field(sa_column=_time(nullable=False))
    updated_at: float = Field(sa_column=_time(nullable=False))
    closed_at: float | None = Field(default=None, sa_column=_time())
    free: str = Field(default="{}", sa_column=Column(Text, nullable=False))  # any other fields
    version: int = 1
    # A word: while set, it is never ready. It is a mark (see domain.graph) or a status from elsewhere.
    aside: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    pin: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # the agent it waits for
    # In review: where it stands on its way to the target, in a line.
    progress: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    tried: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # the tip checked last
    pull_request: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # its address
    pulled: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # the tip it is of
    rounds: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # agents sent it back
    verdict: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # approved | person
    reds: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # failing checks in a row
    profile: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # overrides the board's
    # The newest commit of its work in the collaboration repository, and what that was merged as there.
    collab: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    collab_merged: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    home: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # that has its commits
    egress: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # fewer than the board's


class Original(SQLModel, table=True):
    """A line of an imported file, as it was: what no column holds is kept here."""

    board_id: str = Field(primary_key=True, foreign_key="board.id")
    kind: str = Field(primary_key=True)  # issue, tombstone, schema, memory, or what the line says
    key: str = Field(primary_key=True)  # an issue's id
    line: str = Field(sa_column=Column(Text, nullable=False))
    at: float = Field(sa_column=_time(nullable=False))  # when it came: stands for times it does not tell


class Edge(SQLModel, table=True):
    """`source` depends on `target`, which may be missing."""

    source: str = Field(primary_key=True)
    target: str = Field(primary_key=True, index=True)
    kind: str = Field(primary_key=True)
    on_failure: str = "release"
    gate: str = "all-children"
    created_by: str = ""
    created_at: float = Field(sa_column=_time(nullable=False))


class Convoy(SQLModel, table=True):
    """Beads that travel together."""

    id: str = Field(primary_key=True)
    board_id: str = Field(foreign_key="board.id", index=True)
    name: str
    state: str = "staged"
    created_by: str = ""  # whose it is: who made it, until a person gave it to another leader
    created_at: float = Field(sa_column=_time(nullable=False))
    started_at: float | None = Field(default=None, sa_column=_time())
    ended_at: float | None = Field(default=None, sa_column=_time())
    version: int = 1
    # The integration branch; "": each bead merges into the board's branch.
    branch: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    # The commit on the board's branch that it landed as.
    merged: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    remark: str = Field(  # why it could not land
        default="", sa_column=Column(Text, nullable=False, server_default=text("''"))
    )
    stranded_at: float | None = Field(default=None, sa_column=_time())  # while set, that was told


class Subscription(SQLModel, table=True):
    """An account's credential."""

    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    kind: str = "oauth"  # oauth | api-key | openai-key | google-key
    sealed: str = Field(default="", sa_column=Column(Text, nullable=False))
    base_url: str = ""
    cooling_until: float | None = Field(default=None, sa_column=_time())
    parked: str = ""  # a reason: while set, no attempt uses it
    # Live attempts at once; 0: no limit.
    cap: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    limits: str = Field(default="{}", sa_column_kwargs={"server_default": text("'{}'")})  # as last told
    seen_at: float | None = Field(default=None, sa_column=_time())  # when they were told
    created_at: float = Field(sa_column=_time(nullable=False))


class Agent(SQLModel, table=True):
    """A lasting worker, or a person's leader."""

    id: str = Field(primary_key=True)
    board_id: str = Field(foreign_key="board.id", index=True)
    name: str
    kind: str = "worker"
    runtime: str = "claude"
    subscription_id: str | None = Field(default=None, foreign_key="subscription.id")
    created_at: float = Field(sa_column=_time(nullable=False))
    retired_at: float | None = Field(default=None, sa_column=_time())
    username: str = ""  # as which it commits and is called; "" until it has a key
    owner: str = ""  # the person whose agent it is; "" is the board's
    profile: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    profile_version: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # worn last


class Attempt(SQLModel, table=True):
    """One try of an agent at a bead, under a lease."""

    __table_args__ = (
        Index("ix_attempt_agent", "agent_id", "started_at"),
        Index("ix_attempt_board", "board_id", "started_at"),
        Index("ix_attempt_ends", "runtime", "subscription_id", "ended_at"),
    )

    id: str = Field(primary_key=True)  # <bead>@<epoch>
    bead_id: str = Field(index=True)  # which may be deleted
    board_id: str = Field(foreign_key="board.id")
    epoch: int
    agent_id: str = Field(foreign_key="agent.id")
    subscription_id: str | None = Field(default=None, foreign_key="subscription.id")
    state: str = "starting"
    outcome: str = ""
    reason: str = ""
    lease_until: float = Field(sa_column=_time(nullable=False))
    stop_reason: str = ""  # set when somebody wants it stopped
    runtime: str = ""
    sandbox: str = ""  # docker | local
    sandbox_name: str = ""
    session: str = ""
    now: str = ""  # what the agent does at the moment, one line
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = Field(default=0.0, sa_column=_time(nullable=False))
    turns: int = 0
    # Bytes of the program's output that are told by its lines and its usage; kept with them.
    heard: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    started_at: float = Field(sa_column=_time(nullable=False))
    ended_at: float | None = Field(default=None, sa_column=_time())
    # When it last used a tool or waited for its provider, as far as was written down; None: at its start.
    stirred_at: float | None = Field(default=None, sa_column=_time())
    vigil: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})  # see domain.vigil.Stage
    # What the agent handed in by the board's tool; "": its last words count.
    handed_in: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''")))
    # 1: its agent was asked to hand over, so that its end leads to a fresh context.
    is_handoff: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    tallied_at: float | None = Field(default=None, sa_column=_time())  # its minutes count up to here
    profile: str = Field(default="", sa_column_kwargs={"server_default": text("''")})  # name@version
    kind: str = Field(default="work", sa_column_kwargs={"server_default": text("'work'")})  # work | review


class Usage(SQLModel, table=True):
    """What an attempt used on one day over one subscription."""

    __table_args__ = (Index("ix_usage_day", "day"), Index("ix_usage_subscription", "subscription_id", "day"))

    attempt_id: str = Field(primary_key=True)
    day: int = Field(primary_key=True)  # since 1970, UTC
    subscription_id: str = Field(primary_key=True)  # "": the platform's own credential
    bead_id: str = Field(index=True)
    board_id: str
    agent_id: str
    tokens_in: int = Field(default=0, sa_type=BigInteger)
    tokens_out: int = Field(default=0, sa_type=BigInteger)
    cost_usd: float = Field(default=0.0, sa_column=_time(nullable=False))
    turns: int = 0
    seconds: float = Field(default=0.0, sa_column=_time(nullable=False))


class Budget(SQLModel, table=True):
    """The most that may be used of something."""

    scope: str = Field(primary_key=True)  # attempt, bead, convoy, subscription, day
    subject: str = Field(primary_key=True)  # its id; "": each one of that scope
    measure: str = Field(primary_key=True)  # tokens, usd, turns, minutes
    most: float = Field(sa_column=_time(nullable=False))


class Heartbeat(SQLModel, table=True):
    """An engine that is at work."""

    id: str = Field(primary_key=True)  # of its home folder
    seen_at: float = Field(sa_column=_time(nullable=False))
    cap: int  # live attempts over all boards
    rules: str = Field(default="{}", sa_column=Column(Text, nullable=False))


class Question(SQLModel, table=True):
    """What an agent asks of a person, and what the person said."""

    id: str = Field(primary_key=True)
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    bead_id: str
    board_id: str = Field(foreign_key="board.id", index=True)
    kind: str  # question | permission | alarm
    text: str = Field(sa_column=Column(Text, nullable=False))
    options: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    tool: str = ""
    detail: str = Field(default="", sa_column=Column(Text, nullable=False))
    asked_at: float = Field(sa_column=_time(nullable=False))
    answer: str = Field(default="", sa_column=Column(Text, nullable=False))
    is_allowed: int = 0
    answered_by: str = ""
    answered_at: float | None = Field(default=None, sa_column=_time())


class Line(SQLModel, table=True):
    """One line of an attempt's output, cleaned and redacted."""

    attempt_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    at: float = Field(sa_column=_time(nullable=False))
    kind: str
    text: str = Field(sa_column=Column(Text, nullable=False))


class Event(SQLModel, table=True):
    """Something changed: history, audit trail and message bus at once; never altered."""

    __table_args__ = (Index("ix_event_subject", "subject", "seq"),)

    seq: int | None = Field(default=None, sa_column=_big())
    at: float = Field(sa_column=_time(nullable=False))
    actor: str
    verb: str
    board_id: str = ""
    subject: str
    before: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    after: str = Field(default="{}", sa_column=Column(Text, nullable=False))
    hash: str = ""  # of this row and the hash before it, see domain.history


class Person(SQLModel, table=True):
    """Somebody who may use the boards of this database from elsewhere."""

    name: str = Field(primary_key=True)
    role: str = "viewer"
    theme: str = ""  # what they chose last
    created_at: float = Field(sa_column=_time(nullable=False))


class Key(SQLModel, table=True):
    """A public key that a person logs in with."""

    fingerprint: str = Field(primary_key=True)
    person: str = Field(foreign_key="person.name", index=True)
    kind: str
    blob: str = Field(sa_column=Column(Text, nullable=False))  # base64, as in a .pub file
    comment: str = ""
    added_by: str = ""
    created_at: float = Field(sa_column=_time(nullable=False))


class Invite(SQLModel, table=True):
    """A person may bring a key of their own once, until a time; at most one invite a person."""

    person: str = Field(primary_key=True, foreign_key="person.name")
    digest: str  # SHA-256 of the code, which is stored nowhere
    created_by: str = ""
    created_at: float = Field(sa_column=_time(nullable=False))
    expires_at: float = Field(sa_column=_time(nullable=False))
