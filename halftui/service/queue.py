"""The queue of merges of one board: accepted work is combined in its order, and put on its target at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from halftui.domain.actor import ENGINE
from halftui.domain.names import CONVOY_BRANCHES
from halftui.domain.shown import BoardRow, Detail
from halftui.domain.text import clean
from halftui.errors import NotFound
from halftui.failpoints import failpoint
from halftui.ops import beads, journeys, merges, signers, views
from halftui.ops.merges import Entry
from halftui.service import reaching
from halftui.store.store import Store
from halftui.store.tx import Tx
from halftui.workspace.merging import Clash, Merged
from halftui.workspace.origin import Origin
from halftui.workspace.repository import Repository
from halftui.workspace.signing import Signer
from halftui.workspace.tree import Person

SignerOf = Callable[[str], Signer]


@dataclass(frozen=True, slots=True)
class Placed:
    """Work that was combined with the target and all that stands before it in the stack."""

    entry: Entry
    sha: str
    tree: str


@dataclass(frozen=True, slots=True)
class Stack:
    """The first of a queue, combined one upon another; `onto` is the target below, `tree` the target's."""

    target: str
    onto: str
    tree: str
    placed: tuple[Placed, ...] = ()
    has_changed: bool = False  # something left the queue while it was combined

    def upto(self, count: int) -> "Stack":
        """Return the first `count` of it."""
        return replace(self, placed=self.placed[:count])


class Queue:
    """What the engine does with the queues of one board. Every method blocks."""

    def __init__(
        self,
        store: Store,
        board: BoardRow,
        repository: Callable[[BoardRow], Repository],
        origin: Callable[[BoardRow], Origin],
        signer: SignerOf | None = None,
    ) -> None:
        self._store = store
        self._board = board
        self._repository = repository(board)
        self._place = origin
        self._signer = signer

    def recover(self, target: str) -> bool:
        """Settle what a killed board was about to put on a target; return True if something was."""
        left = [e for e in self._store.read(merges.head, self._board.id, target) if e.state == "landing"]
        if left:
            self._repository.refresh(self._origin)
        has_settled = False
        for entry in left:
            try:
                merged = self._combined(self._store.read(views.bead, entry.bead), target)
            except NotFound:  # another home's, which settles it when it is back
                continue
            has_settled = True
            if isinstance(merged, Merged) and merged.sha == merged.onto:
                self._store.write(ENGINE, merges.landed, entry.seq, merged.sha)
            else:
                self._store.write(ENGINE, merges.wait, entry.seq)
        return has_settled

    def stack(self, target: str, entries: Sequence[Entry]) -> Stack:
        """Combine accepted work in its order with the newest target.

        What conflicts with the target itself goes back to its agent with the reason; what conflicts with
        work before it waits for the next round. Work that another machine holds is passed over.
        """
        repository = self._repository
        repository.refresh(self._origin)
        if entries:
            course = self._store.read(journeys.course, entries[0].bead)
            if course.is_own and course.branch == target:
                repository.follow(course.branch, course.home)
        onto = repository.tip(target)
        stack = Stack(target, onto, repository.tree(onto))
        for entry in entries:
            detail = self._store.read(views.bead, entry.bead)
            try:
                merged = self._combined(detail, target, stack.placed[-1].sha if stack.placed else onto)
            except NotFound:
                continue
            if isinstance(merged, Merged):
                placed = Placed(entry, merged.sha, repository.tree(merged.sha))
                stack = replace(stack, placed=(*stack.placed, placed))
            elif not stack.placed:
                self._send_back(entry, merged)
                stack = replace(stack, has_changed=True)
        return stack

    def combine(self, bead: str) -> Stack | None:
        """Combine work in review with its target, for its checks; None if that can't be done here.

        Work that conflicts with its target goes back to its agent with the reason.
        """
        detail = self._store.read(views.bead, bead)
        course = self._store.read(journeys.course, bead)
        reaching.bring(self._repository, lambda: self._origin, self._board.branch)
        target = course.branch if self._repository.holds(course.branch) else course.home
        onto = self._repository.tip(target)
        try:
            merged = self._combined(detail, target, onto)
        except NotFound:
            return None
        if isinstance(merged, Clash):
            self._store.write(ENGINE, beads.reject, bead, conflict(merged.paths, target))
            return None
        entry = Entry(0, bead, detail.tip, target, "")
        placed = Placed(entry, merged.sha, self._repository.tree(merged.sha))
        return Stack(target, onto, self._repository.tree(onto), (placed,))

    def land(self, stack: Stack) -> None:
        """Put a stack on its target, all of it at once, and close its beads.

        Raises Conflict if the target moved or one of them left the queue, Refused if a person has to make
        room there; then nothing changed but that all of them wait on.
        """
        entries = [placed.entry for placed in stack.placed]
        self._store.write(ENGINE, merges.begin, tuple(entry.seq for entry in entries))
        failpoint("land.before")
        top = Merged(stack.placed[-1].sha, stack.onto)
        if stack.target.startswith(CONVOY_BRANCHES):
            self._repository.advance(top, stack.target)
        else:
            self._repository.land(top, self._origin, stack.target)
        failpoint("land.after")
        self._store.write(ENGINE, _close, stack.placed)

    def wait(self, stack: Stack, why: str = "") -> None:
        """Let a stack wait on, for that reason."""
        for placed in stack.placed:
            self._store.write(ENGINE, merges.wait, placed.entry.seq, why)

    @property
    def _origin(self) -> Origin:
        return self._place(self._board)

    def _send_back(self, entry: Entry, clash: Clash) -> None:
        self._store.write(ENGINE, merges.refuse, entry.seq, conflict(clash.paths, entry.target))

    def _combined(self, detail: Detail, target: str, onto: str = "") -> Merged | Clash:
        worker = self._store.read(signers.worker_of, detail.card.id)
        signer = self._signer(worker) if self._signer and worker else None
        return combined(self._repository, detail, target, "HalfTUI", signer, onto)


def combined(
    repository: Repository, detail: Detail, target: str, committer: str, signer: Signer | None, onto: str = ""
) -> Merged | Clash:
    """Combine a bead's work with its target, or with the commit `onto` in its place."""
    message = f"{detail.card.title}\n\n{detail.summary}"
    author = signer.person if signer else Person(detail.card.assignee or "HalfTUI", "agents@localhost")
    by = Person(committer, "halftui@localhost")
    return repository.merge(
        detail.card.id, detail.tip, target, message, author, by, signer=signer, onto=onto
    )  # fmt: skip


def conflict(paths: Sequence[str], target: str) -> str:
    """Return what an agent is told whose work conflicts with its target."""
    return (
        f"Your branch conflicts with {target} in: {', '.join(clean(path) for path in paths[:5])}. "
        f"Merge origin/{target} into your branch, settle the conflicts, and hand in again."
    )


def _close(tx: Tx, placed: Sequence[Placed]) -> None:
    for one in placed:
        merges.landed(tx, one.entry.seq, one.sha)
