"""What a runtime can report while an agent works."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How an attempt ended."""

    PASSED = "passed"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"
    LIMITED = "limited"  # the subscription's limit; the bead waits, nothing failed


@dataclass(frozen=True, slots=True)
class Started:
    """The program answers; `session` is the id to resume by."""

    session: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The agent's own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """The agent's reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class Used:
    """The agent calls a tool; `summary` is one line, `detail` the rest (a diff, a command)."""

    call: str
    tool: str
    summary: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """A tool's result."""

    call: str
    is_ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of raw program output; SGR colours are kept."""

    text: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """The provider refused; the program tries again by itself after `delay` seconds."""

    status: int | None
    attempt: int
    delay: float


@dataclass(frozen=True, slots=True)
class Metered:
    """What was used since the last Metered of this process."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    turns: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything up to byte `end` of the program's output has been reported before this."""

    end: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A message has reached the agent; `ident` is its id in this attempt."""

    ident: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Always the last happening. PASSED only if the program said so, said no error, and exited 0."""

    outcome: Outcome
    reason: str  # one word: "", exit, empty, error, limit, auth, credit, transport, garbage, oom, killed…
    summary: str = ""  # the agent's closing words, or the error's
    status: int | None = None  # the provider's HTTP status, if one was the cause
    exit_code: int | None = None


Happening = (
    Started | Said | Thought | Used | Returned | Printed | Retrying | Metered | Heard | Reached | Ended
)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that can be chosen."""

    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent asks of a person. `kind` is question or permission."""

    kind: str
    text: str
    options: tuple[Option, ...] = ()
    tool: str = ""
    detail: str = ""  # the whole command or diff, never cut
    request: str = ""  # the request's id, so that a repeat is not asked twice


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said. For a permission `is_allowed` decides; `text` is the words or choice."""

    text: str = ""
    is_allowed: bool = False
