"""The rows of `store.tables`, made by `python -m tests.helpers.rows`: change the tables there."""

from halftui.store.rows import Row


class Board(Row, table="board"):
    """A set of lanes over one project repository."""

    id: str
    name: str
    repository: str
    branch: str
    prefix: str
    mode: str = "auto"
    review: str = "person"
    runtime: str = "claude"
    sandbox: str = "auto"
    model: str = ""
    command: str = ""
    recipe: str = ""
    cap: int = 4
    is_paused: int = 0
    notice: str = ""
    lanes: str = ""
    created_at: float
    version: int = 1
    checks: str = ""
    batch: int = 1
    profile: str = ""
    merge: str = "direct"
    rounds: int = 2
    collab: str = ""
    collab_branch: str = ""
    egress: str = ""


class Bead(Row, table="bead"):
    """One piece of work."""

    id: str
    board_id: str
    title: str
    description: str = ""
    acceptance: str = ""
    notes: str = ""
    type: str = "task"
    priority: int = 2
    rank: str
    labels: str = "[]"
    state: str = "open"
    blockers: int = 0
    is_inert: int = 0
    assignee: str = ""
    convoy_id: str | None = None
    mode: str = ""
    runtime: str = ""
    not_before: float | None = None
    due: float | None = None
    hold: str = ""
    epoch: int = 0
    failures: int = 0
    start_failures: int = 0
    losses: int = 0
    handoffs: int = 0
    retry_at: float | None = None
    branch: str = ""
    base: str = ""
    tip: str = ""
    plus: int = 0
    minus: int = 0
    files: int = 0
    summary: str = ""
    remark: str = ""
    merged: str = ""
    handover: str = ""
    created_by: str = ""
    created_at: float
    updated_at: float
    closed_at: float | None = None
    free: str = "{}"
    version: int = 1
    aside: str = ""
    pin: str = ""
    progress: str = ""
    tried: str = ""
    pull_request: str = ""
    pulled: str = ""
    rounds: int = 0
    verdict: str = ""
    reds: int = 0
    profile: str = ""
    collab: str = ""
    collab_merged: str = ""
    home: str = ""
    egress: str = ""


class Original(Row, table="original", key=("board_id", "kind", "key")):
    """A line of an imported file, as it was: what no column holds is kept here."""

    board_id: str
    kind: str
    key: str
    line: str
    at: float


class Edge(Row, table="edge", key=("source", "target", "kind")):
    """`source` depends on `target`, which may be missing."""

    source: str
    target: str
    kind: str
    on_failure: str = "release"
    gate: str = "all-children"
    created_by: str = ""
    created_at: float


class Convoy(Row, table="convoy"):
    """Beads that travel together."""

    id: str
    board_id: str
    name: str
    state: str = "staged"
    created_by: str = ""
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    version: int = 1
    branch: str = ""
    merged: str = ""
    remark: str = ""
    stranded_at: float | None = None


class Subscription(Row, table="subscription"):
    """An account's credential."""

    id: str
    name: str
    kind: str = "oauth"
    sealed: str = ""
    base_url: str = ""
    cooling_until: float | None = None
    parked: str = ""
    cap: int = 0
    limits: str = "{}"
    seen_at: float | None = None
    created_at: float


class Agent(Row, table="agent"):
    """A lasting worker, or a person's leader."""

    id: str
    board_id: str
    name: str
    kind: str = "worker"
    runtime: str = "claude"
    subscription_id: str | None = None
    created_at: float
    retired_at: float | None = None
    username: str = ""
    owner: str = ""
    profile: str = ""
    profile_version: int = 0


class Attempt(Row, table="attempt"):
    """One try of an agent at a bead, under a lease."""

    id: str
    bead_id: str
    board_id: str
    epoch: int
    agent_id: str
    subscription_id: str | None = None
    state: str = "starting"
    outcome: str = ""
    reason: str = ""
    lease_until: float
    stop_reason: str = ""
    runtime: str = ""
    sandbox: str = ""
    sandbox_name: str = ""
    session: str = ""
    now: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    turns: int = 0
    heard: int = 0
    started_at: float
    ended_at: float | None = None
    stirred_at: float | None = None
    vigil: int = 0
    handed_in: str = ""
    is_handoff: int = 0
    tallied_at: float | None = None
    profile: str = ""
    kind: str = "work"


class Usage(Row, table="usage", key=("attempt_id", "day", "subscription_id")):
    """What an attempt used on one day over one subscription."""

    attempt_id: str
    day: int
    subscription_id: str
    bead_id: str
    board_id: str
    agent_id: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    turns: int = 0
    seconds: float = 0.0


class Budget(Row, table="budget", key=("scope", "subject", "measure")):
    """The most that may be used of something."""

    scope: str
    subject: str
    measure: str
    most: float


class Heartbeat(Row, table="heartbeat"):
    """An engine that is at work."""

    id: str
    seen_at: float
    cap: int
    rules: str = "{}"


class Question(Row, table="question"):
    """What an agent asks of a person, and what the person said."""

    id: str
    attempt_id: str
    bead_id: str
    board_id: str
    kind: str
    text: str
    options: str = "[]"
    tool: str = ""
    detail: str = ""
    asked_at: float
    answer: str = ""
    is_allowed: int = 0
    answered_by: str = ""
    answered_at: float | None = None


class Line(Row, table="line", key=("attempt_id", "number")):
    """One line of an attempt's output, cleaned and redacted."""

    attempt_id: str
    number: int
    at: float
    kind: str
    text: str


class Event(Row, table="event", key=("seq",)):
    """Something changed: history, audit trail and message bus at once; never altered."""

    seq: int | None = None
    at: float
    actor: str
    verb: str
    board_id: str = ""
    subject: str
    before: str = "{}"
    after: str = "{}"
    hash: str = ""


class Person(Row, table="person", key=("name",)):
    """Somebody who may use the boards of this database from elsewhere."""

    name: str
    role: str = "viewer"
    theme: str = ""
    created_at: float


class Key(Row, table="key", key=("fingerprint",)):
    """A public key that a person logs in with."""

    fingerprint: str
    person: str
    kind: str
    blob: str
    comment: str = ""
    added_by: str = ""
    created_at: float


class Invite(Row, table="invite", key=("person",)):
    """A person may bring a key of their own once, until a time; at most one invite a person."""

    person: str
    digest: str
    created_by: str = ""
    created_at: float
    expires_at: float
