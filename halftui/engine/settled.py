"""What an attempt came to, worked out from what its program and its clone left."""

from dataclasses import dataclass

from halftui.domain.happenings import Ended, Outcome
from halftui.errors import AttemptFailed, HalfTUIError, Unavailable
from halftui.ops.attempts import Shared, Work
from halftui.sandbox.base import Process
from halftui.workspace.repository import Repository
from halftui.workspace.tree import Tree


@dataclass(frozen=True)
class Settled:
    """What an attempt came to."""

    end: Ended
    work: Work | None = None
    retry_at: float | None = None
    shared: Shared | None = None

    @property
    def is_handed_in(self) -> bool:
        """True if the agent came to its end, and nothing that it has to leave is missing."""
        is_whole = self.shared is None or not self.shared.fault
        return self.end.outcome is Outcome.PASSED and is_whole


def overruled(end: Ended, process: Process | None) -> Ended:
    """Return how an attempt ended whose program told of `end`, where the sandbox may have broken it off."""
    if process is None or not process.fault:
        return end
    return Ended(Outcome.FAILED, "output", process.fault)


def measured(repository: Repository, tree: Tree, tip: str) -> Work:
    """Return what a branch changes. Blocks."""
    base = repository.base_of(tree.branch)
    changes = repository.changes(base, tip)
    return Work(base, tip, len(changes.files), changes.plus, changes.minus)


def ended(error: HalfTUIError) -> Ended:
    """Return how an attempt ended that an error broke off."""
    if isinstance(error, AttemptFailed):
        return Ended(Outcome.FAILED, error.reason, str(error))
    if isinstance(error, Unavailable):
        return Ended(Outcome.LOST, "unavailable", str(error))
    return Ended(Outcome.FAILED, "start", str(error))
