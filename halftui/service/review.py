"""Looking at a bead's work, and accepting it: the merge first, then the word."""

from collections.abc import Callable

from halftui.domain.actor import Actor
from halftui.domain.shown import BoardRow, Detail, FileRow, Work
from halftui.domain.states import BeadState
from halftui.domain.text import clean
from halftui.errors import Conflict, NotFound, Refused
from halftui.ops import beads, signers, views
from halftui.store.store import Store
from halftui.workspace.diff import Changes
from halftui.workspace.origin import Origin
from halftui.workspace.repository import Clash, Merged, Repository
from halftui.workspace.signing import Signer
from halftui.workspace.tree import Person

TRIES = 5  # merges again when the target moved in between


class Review:
    """The review desk of one board, for one actor. Every method blocks."""

    def __init__(
        self,
        store: Store,
        actor: Actor,
        board: BoardRow,
        repository: Callable[[BoardRow], Repository],
        origin: Callable[[BoardRow], Origin],
        signer: Callable[[str], Signer] | None = None,  # of an agent's id; None: nothing is signed
    ) -> None:
        self._store = store
        self._actor = actor
        self._board = board
        self._repository = repository
        self._origin = origin
        self._signer = signer

    def work(self, bead: str) -> Work:
        """Return what the bead's branch changes. Raises NotFound, Refused if there is no work yet."""
        detail, changes = self._changes(bead)
        files = tuple(
            FileRow(f.path, f.old_path, f.kind.value, f.form.value, f.plus, f.minus) for f in changes.files
        )
        repository = self._repository(self._board)
        is_merged = bool(detail.merged) or repository.is_merged(detail.tip, self._board.branch)
        conflicts = () if is_merged else self._conflicts(repository, detail)
        return Work(bead, changes.base, changes.tip, files, conflicts, is_merged)

    def patch(self, bead: str, path: str, context: int = 3, *, ignores_space: bool = False) -> list[str]:
        """Return the unified diff of one file, a line each, cleaned, without its `diff --git` head.

        `path` is as `work` names it. Raises NotFound.
        """
        detail, changes = self._changes(bead)
        file = next((f for f in changes.files if f.path == path), None)
        if file is None:
            raise NotFound(f"{bead} does not change {path}", f"halftui bead diff {bead} --stat")
        lines = self._repository(self._board).patch(
            changes.base, detail.tip, file.names, context=context, ignore_space=ignores_space
        )
        return [clean(line).replace("\n", "") for line in lines][1:]

    def accept(self, bead: str, *, own: bool = False) -> str:
        """Merge the bead's branch into the target branch, approve it, and return the merged commit.

        "" is returned if there was nothing to merge. On a conflict the bead goes back to its agent
        with the reason, and Refused is raised. `own` is said by whoever accepts what they made.
        """
        detail = self._store.read(views.bead, bead)
        self._store.write(self._actor, beads.may_approve, bead, own=own)
        sha = self._merge(detail) if detail.tip else ""
        self._store.write(self._actor, beads.approve, bead, merged=sha, own=own)
        return sha

    def _merge(self, detail: Detail) -> str:
        repository, origin = self._repository(self._board), self._origin(self._board)
        worker = self._store.read(signers.worker_of, detail.card.id)
        signer = self._signer(worker) if self._signer and worker else None
        for left in reversed(range(TRIES)):
            repository.refresh(origin)
            merged = self._try(repository, detail, signer)
            if isinstance(merged, Clash):
                raise self._send_back(detail, merged)
            try:
                repository.land(merged, origin, self._board.branch)
            except Conflict:
                if not left:
                    raise
            else:
                return merged.sha
        raise AssertionError("the last try returns or raises")

    def _try(self, repository: Repository, detail: Detail, signer: Signer | None = None) -> Merged | Clash:
        message = f"{detail.card.title}\n\n{detail.summary}"
        author = signer.person if signer else Person(detail.card.assignee or "HalfTUI", "agents@localhost")
        committer = Person(self._actor.name or "HalfTUI", "halftui@localhost")
        return repository.merge(
            detail.card.id, detail.tip, self._board.branch, message, author, committer, signer
        )

    def _send_back(self, detail: Detail, clash: Clash) -> Refused:
        paths = ", ".join(clean(path) for path in clash.paths[:5])
        reason = (
            f"Your branch conflicts with {self._board.branch} in: {paths}. "
            f"Merge origin/{self._board.branch} into your branch, settle the conflicts, and hand in again."
        )
        self._store.write(self._actor, beads.reject, detail.card.id, reason)
        return Refused(f"{detail.card.id} conflicts in {paths}", "it went back to its agent with that reason")

    def _conflicts(self, repository: Repository, detail: Detail) -> tuple[str, ...]:
        if BeadState(detail.card.state) is not BeadState.REVIEW:
            return ()
        origin = self._origin(self._board)
        if not origin.is_url:  # an address is asked when it is accepted: looking must not wait for a network
            repository.refresh(origin)
        merged = self._try(repository, detail)
        return tuple(clean(path) for path in merged.paths) if isinstance(merged, Clash) else ()

    def _changes(self, bead: str) -> tuple[Detail, Changes]:
        detail = self._store.read(views.bead, bead)
        if not detail.tip:
            raise Refused(f"{bead} has no work on its branch yet", "it has when an agent committed something")
        return detail, self._repository(self._board).changes(detail.base, detail.tip)
