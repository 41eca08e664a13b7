"""What front doors show: frozen values read from the database in one go.

Named tuples, because a frozen dataclass costs 1 ms at import and the first frame needs them all.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from halftui.domain.actor import Role
from halftui.domain.lanes import DEFAULT, Lanes

GOING_ON = " …"  # ends a card's progress while the board is at it


class Card(NamedTuple):
    """A bead as the board shows it."""

    id: str
    title: str
    lane: str
    state: str
    type: str
    priority: int
    rank: str
    labels: tuple[str, ...]
    assignee: str
    convoy: str
    hold: str
    remark: str  # what a reviewer said
    failures: int
    retry_at: float | None
    files: int
    plus: int
    minus: int
    created_at: float
    updated_at: float
    closed_at: float | None
    version: int
    blockers: tuple[str, ...] = ()  # ids, at most three
    attempt: str = ""
    attempt_state: str = ""
    now: str = ""
    started_at: float | None = None
    cost_usd: float = 0.0
    reason: str = ""  # of the newest attempt's end
    pin: str = ""  # the name of the agent that it waits for
    progress: str = ""  # in review: where it stands on its way to the target

    @property
    def is_under_way(self) -> bool:
        """Return True if the board is at it now, so that no person has to look."""
        return self.progress.endswith(GOING_ON)


class Lane(NamedTuple):
    """A column: how many cards it has, and the first of them."""

    name: str
    total: int
    cards: tuple[Card, ...]


class AgentRow(NamedTuple):
    """An agent as the rail shows it; `status` is idle, working or asking."""

    id: str
    name: str
    runtime: str
    status: str
    bead: str = ""
    attempt: str = ""
    now: str = ""
    since: float | None = None
    tokens: int = 0
    cost_usd: float = 0.0


class ConvoyRow(NamedTuple):
    """A convoy as the rail shows it; `counts` are beads by lane."""

    id: str
    name: str
    state: str
    total: int
    finished: int
    counts: tuple[tuple[str, int], ...]
    failed: int = 0
    branch: str = ""  # its own, "" if each bead merges into the board's
    stranded: tuple[str, ...] = ()  # why nothing of it moves though work is left
    leader: str = ""  # the username of the leader whose it is; of several, with commas

    @property
    def says(self) -> str:
        """Return its state in words: a landing with failures is said to be one."""
        if self.state == "landed" and self.failed:
            return f"landed with {self.failed} failure{'s' if self.failed > 1 else ''}"
        return "stranded" if self.stranded else self.state


class Ask(NamedTuple):
    """An open question or permission."""

    id: str
    attempt: str
    bead: str
    bead_title: str
    agent: str
    kind: str
    text: str
    options: tuple[tuple[str, str], ...]
    tool: str
    detail: str
    asked_at: float


class BoardRow(NamedTuple):
    """A board."""

    id: str
    name: str
    repository: str
    branch: str
    prefix: str
    mode: str
    review: str
    runtime: str
    sandbox: str
    model: str
    command: str
    cap: int
    is_paused: bool
    version: int
    created_at: float
    checks: str = ""  # commands that the combined tree must pass, one a line
    batch: int = 1  # the most beads that are merged after one run of the checks
    recipe: str = ""  # what its agents' image has besides the usual, as lines of a Dockerfile
    profile: str = ""  # of its agents
    rounds: int = 2  # times that agents may send one piece of work back
    merge: str = "direct"  # or pull-request: the forge merges
    collab: str = ""  # the repository of plans and results: a folder or an address
    collab_branch: str = ""
    egress: str = ""  # hosts that its agents may reach, with commas; "": none
    lanes: Lanes = DEFAULT

    @property
    def is_queued(self) -> bool:
        """Return True if accepted work waits in the queue of merges: the engine tries it first."""
        return bool(self.checks)


class Snapshot(NamedTuple):
    """All that a board's screens show, of one point in time."""

    seq: int
    at: float
    board: BoardRow
    lanes: tuple[Lane, ...]
    agents: tuple[AgentRow, ...]
    convoys: tuple[ConvoyRow, ...]
    asks: tuple[Ask, ...]
    cost_today: float
    own: tuple[Lane, ...] = ()  # lanes that people made; their beads stand in those of their states, too

    def lane(self, name: str) -> Lane:
        """Return the lane of that name."""
        return next(lane for lane in self.lanes if lane.name == name)

    def card(self, bead: str) -> Card | None:
        """Return the card of a bead if a lane's window holds it."""
        return next((c for lane in self.lanes for c in lane.cards if c.id == bead), None)


class AttemptRow(NamedTuple):
    """An attempt."""

    id: str
    bead: str
    epoch: int
    agent: str
    state: str
    outcome: str
    reason: str
    runtime: str
    sandbox: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    turns: int
    started_at: float
    ended_at: float | None


class ArtefactRow(NamedTuple):
    """A file that an agent attached to a bead."""

    name: str
    size: int  # bytes
    digest: str  # SHA-256 of its content
    attempt: str
    at: float


class Detail(NamedTuple):
    """Everything about one bead."""

    card: Card
    board: str
    description: str
    acceptance: str
    notes: str
    summary: str
    branch: str
    base: str
    tip: str
    merged: str
    created_by: str
    why: tuple[str, ...]  # why it is not started, a sentence each
    waits_for: tuple[tuple[str, str, str], ...]  # id, kind, state ("" if missing)
    frees: tuple[tuple[str, str, str], ...]
    attempts: tuple[AttemptRow, ...]
    due: float | None = None
    not_before: float | None = None
    handover: str = ""  # what the last agent left to the next one
    comments: tuple[tuple[str, str], ...] = ()  # who, and what was said; the oldest first
    profile: str = ""  # that its agent has, if not the board's
    pull_request: str = ""  # its address
    collab: str = ""  # the newest commit of its work in the collaboration repository
    collab_merged: str = ""  # and what that was merged as there
    egress: str = ""  # hosts that its agents may reach, with commas; "": none
    artefacts: tuple[ArtefactRow, ...] = ()  # files that its agents attached


class Happened(NamedTuple):
    """An event."""

    seq: int
    at: float
    actor: str
    verb: str
    board: str
    subject: str
    before: Mapping[str, Any] = MappingProxyType({})
    after: Mapping[str, Any] = MappingProxyType({})


class FileRow(NamedTuple):
    """One file of a bead's work."""

    path: str
    old_path: str  # differs from `path` only if it was renamed
    kind: str  # added, modified, deleted, renamed, …
    form: str  # text, binary, symlink, submodule, lfs
    plus: int
    minus: int


class Work(NamedTuple):
    """What a bead's branch changes against where it started, and whether it would merge."""

    bead: str
    base: str
    tip: str
    files: tuple[FileRow, ...]
    conflicts: tuple[str, ...] = ()  # paths that conflict with the target branch now
    is_merged: bool = False
    result: str = ""  # what its agent left in the repository of plans and results, in words

    @property
    def plus(self) -> int:
        """Return how many lines it adds."""
        return sum(f.plus for f in self.files)

    @property
    def minus(self) -> int:
        """Return how many lines it takes away."""
        return sum(f.minus for f in self.files)


class Twig(NamedTuple):
    """A bead in a convoy's outline: it hangs below one bead that it waits for, `more` are the others."""

    card: Card
    depth: int
    more: tuple[str, ...]


class ConvoyDetail(NamedTuple):
    """A convoy and its beads in waves, each after all that it waits for."""

    convoy: ConvoyRow
    waves: tuple[tuple[Card, ...], ...]
    outline: tuple[Twig, ...] = ()
    critical: tuple[str, ...] = ()  # the longest way that is left, from what comes first
    frees: int = 0  # beads that can start when the first of the critical way is done
    started_at: float | None = None
    ended_at: float | None = None
    cost_usd: float = 0.0


class PermitRow(NamedTuple):
    """What agents of a board may do without asking."""

    id: str
    tool: str
    act: str
    granted_by: str
    granted_at: float


class MessageRow(NamedTuple):
    """Something said to or by an agent; `delivered_at` is None while it has not heard it."""

    number: int
    sender: str
    is_from_agent: bool
    text: str
    sent_at: float
    delivered_at: float | None
    attempt: str


class KeyRow(NamedTuple):
    """A person and one key of theirs, or their open invite."""

    person: str
    role: str
    fingerprint: str
    kind: str
    comment: str
    added_by: str
    created_at: float | None
    invited_until: float | None


class Entrance(NamedTuple):
    """In which role and by which keys (fingerprints) somebody may come in by a name."""

    name: str
    role: Role
    keys: frozenset[str]
    is_invited: bool  # may bring a key of their own
    theme: str = ""
    agent: str = ""  # the id, if it is no person


class SubscriptionRow(NamedTuple):
    """An account; what it is opened with never leaves the database."""

    name: str
    kind: str
    base_url: str
    has_token: bool
    cooling_until: float | None
    parked: str
    created_at: float
    live: int  # attempts that use it now
    cap: int = 0  # the most of them; 0: no limit
    headroom: str = ""  # what the provider last told of its windows, as in "5h 91 % used"


class SecretRow(NamedTuple):
    """A server that git is let in at; what lets it in never leaves the database."""

    address: str
    username: str
    has_token: bool
    refused: str  # what the server said of it last, "" if nothing is wrong
    created_at: float


class BudgetRow(NamedTuple):
    """The most that may be used of a thing, by id and name; `used` is None for each one of a scope."""

    scope: str
    subject: str
    measure: str
    most: float
    used: float | None
    name: str = ""


class UsageRow(NamedTuple):
    """What was used, in all."""

    what: str
    tokens_in: int
    tokens_out: int
    cost_usd: float
    turns: int
    minutes: float


class Place(NamedTuple):
    """Where a card is to stand: between these two, None is the board's end."""

    before: str | None
    behind: str | None
    priority: int
