"""Looking at a bead's work, and accepting it: the merge first, then the word."""

import logging
from collections.abc import Callable

from halftui.domain import results
from halftui.domain.actor import Actor
from halftui.domain.address import scope_of
from halftui.domain.shown import BoardRow, Detail, FileRow, Work
from halftui.domain.states import BeadState
from halftui.domain.text import clean
from halftui.errors import Conflict, Misconfigured, NotFound, Refused, Unauthorized, Unavailable
from halftui.ops import artefacts, beads, convoys, journeys, merges, signers, views
from halftui.ops.journeys import Course, Due
from halftui.service.queue import combined, conflict
from halftui.store.store import Rows, Store
from halftui.workspace.artefacts import store_of
from halftui.workspace.blobs import read_blobs
from halftui.workspace.diff import Changes, Form
from halftui.workspace.merging import Clash, Merged
from halftui.workspace.origin import Origin
from halftui.workspace.repository import Repository
from halftui.workspace.signing import Signer
from halftui.workspace.tree import Person

log = logging.getLogger(__name__)

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
        collab: Callable[[BoardRow], Repository] | None = None,  # of plans and results, if there can be one
    ) -> None:
        self._store = store
        self._actor = actor
        self._board = board
        self._repository = repository
        self._origin = origin
        self._signer = signer
        self._collab = collab

    def work(self, bead: str) -> Work:
        """Return what the bead's branch changes. Raises NotFound, Refused if there is no work yet."""
        detail, changes = self._changes(bead)
        files = tuple(
            FileRow(f.path, f.old_path, f.kind.value, f.form.value, f.plus, f.minus) for f in changes.files
        )
        repository = self._repository(self._board)
        course = self._store.read(journeys.course, bead)
        branch = course.branch if repository.holds(course.branch) else course.home
        is_merged = bool(detail.merged) or repository.is_merged(detail.tip, branch)
        conflicts = () if is_merged else self._conflicts(repository, detail, branch)
        result = result_of(self._collab(self._board), detail) if self._collab and self._board.collab else ""
        return Work(bead, changes.base, changes.tip, files, conflicts, is_merged, result)

    def patch(self, bead: str, path: str, context: int = 3, *, ignores_space: bool = False) -> list[str]:
        """Return the unified diff of one file, a line each, cleaned, without its `diff --git` head.

        `path` is as `work` names it. Raises NotFound.
        """
        detail, changes = self._changes(bead)
        file = next((f for f in changes.files if f.path == path), None)
        if file is None:
            raise NotFound(f"{bead} does not change {path}", f"halftui bead diff {bead} --stat")
        if file.form is Form.LFS:  # its lines are no words of anybody
            return []
        lines = self._repository(self._board).patch(
            changes.base, detail.tip, file.names, context=context, ignores_space=ignores_space
        )
        return [clean(line).replace("\n", "") for line in lines][1:]

    def artefact(self, bead: str, name: str) -> bytes:
        """Return the content of a file that an agent attached. Raises NotFound."""
        row = self._store.read(artefacts.one, bead, name)
        try:
            return (store_of(self._repository(self._board), bead) / row.digest).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"the content of {name} is not on this machine any more") from error

    def accept(self, bead: str, *, own: bool = False) -> str:
        """Merge the bead's branch into its target branch, approve it, and return the merged commit.

        The target is the board's branch or its convoy's own; that lands along with its last bead.
        "" is returned if there was nothing to merge, or if it waits in the queue, where the engine runs
        the board's checks first. On a conflict the bead goes back to its agent with the reason, and
        Refused is raised. `own` is said by whoever accepts what they made.
        """
        detail = self._store.read(views.bead, bead)
        course = self._store.read(journeys.course, bead)
        self._store.write(self._actor, beads.may_approve, bead, own=own)
        if self._board.merge != "direct":
            hint = detail.pull_request or "it is opened as soon as the engine is at work"
            raise Refused(f"{bead} is merged by its pull request", hint)
        if detail.tip and self._board.is_queued:
            self._store.write(self._actor, merges.queue, bead, course.branch, own=own)
            return ""
        try:
            sha = self._merge(detail, course) if detail.tip else ""
        except Unauthorized:  # what was accepted is merged when the server lets git in
            self._store.write(self._actor, merges.queue, bead, course.branch, own=own)
            raise
        self._store.write(self._actor, beads.approve, bead, merged=sha, own=own)
        if course.is_own and self._store.read(journeys.due, course.convoy):
            try:
                self.land(course.convoy)
            except (Refused, Conflict, Unavailable) as error:  # the bead is accepted all the same
                log.warning("a convoy did not land", extra={"convoy": course.convoy, "why": str(error)})
        return sha

    def land(self, convoy: str) -> str:
        """Merge the branch of a convoy whose beads are finished, once, and return the merged commit.

        "" is returned if there was nothing to merge. On a conflict, or if local changes are in the
        way, the convoy keeps moving with the reason, and Refused is raised.
        """
        self._store.write(self._actor, convoys.may_land, convoy)
        found = self._store.read(journeys.due, convoy)
        try:
            sha = self._land(found[0]) if found else ""
        except (Refused, Conflict, Unauthorized) as error:
            self._store.write(self._actor, convoys.stay, convoy, error.message)
            raise
        self._store.write(self._actor, convoys.landed, convoy, sha)
        return sha

    def _merge(self, detail: Detail, course: Course) -> str:
        repository, origin = self._repository(self._board), self._origin(self._board)
        worker = self._store.read(signers.worker_of, detail.card.id)
        signer = self._signer(worker) if self._signer and worker else None

        def once() -> Merged:
            if course.is_own:
                repository.follow(course.branch, course.home)
            merged = self._try(repository, detail, course.branch, signer)
            if isinstance(merged, Clash):
                raise self._send_back(detail, merged, course.branch)
            if course.is_own:
                repository.advance(merged, course.branch)
            else:
                repository.land(merged, origin, course.branch)
            return merged

        return self._until_it_holds(repository, origin, once)

    def _land(self, due: Due) -> str:
        repository, origin = self._repository(self._board), self._origin(self._board)
        if not repository.holds(due.branch):
            if self._store.read(_has_merged, due.convoy):
                raise Unavailable(f"{due.branch} is not on this machine", "the one that has it lands it")
            return ""  # no bead of it changed anything
        committer = Person(self._actor.name or "HalfTUI", "halftui@localhost")

        def once() -> Merged:
            tip, target = repository.tip(due.branch), self._board.branch
            text = f"Land {due.name}"
            merged = repository.merge(due.convoy, tip, target, text, committer, committer, noun="Convoy")
            if isinstance(merged, Clash):
                paths = ", ".join(clean(path) for path in merged.paths[:5])
                raise Refused(
                    f"{due.branch} conflicts with {target} in {paths}",
                    f"add a bead to the convoy that merges origin/{target} and settles that",
                )
            repository.land(merged, origin, target)
            return merged

        return self._until_it_holds(repository, origin, once)

    def _until_it_holds(self, repository: Repository, origin: Origin, once: Callable[[], Merged]) -> str:
        """Merge, and again where the target moved in between; return the merged commit."""
        for left in reversed(range(TRIES)):
            repository.refresh(origin)
            try:
                return once().sha
            except Conflict:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _try(
        self, repository: Repository, detail: Detail, target: str, signer: Signer | None = None
    ) -> Merged | Clash:
        return combined(repository, detail, target, self._actor.name or "HalfTUI", signer)

    def _send_back(self, detail: Detail, clash: Clash, target: str) -> Refused:
        paths = ", ".join(clean(path) for path in clash.paths[:5])
        self._store.write(self._actor, beads.reject, detail.card.id, conflict(clash.paths, target))
        return Refused(f"{detail.card.id} conflicts in {paths}", "it went back to its agent with that reason")

    def _conflicts(self, repository: Repository, detail: Detail, target: str) -> tuple[str, ...]:
        if BeadState(detail.card.state) is not BeadState.REVIEW:
            return ()
        # An address is asked when it is accepted: looking must not wait for a network.
        if not scope_of(self._board.repository) and not (origin := self._origin(self._board)).is_url:
            repository.refresh(origin)
        merged = self._try(repository, detail, target)
        return tuple(clean(path) for path in merged.paths) if isinstance(merged, Clash) else ()

    def _changes(self, bead: str) -> tuple[Detail, Changes]:
        detail = self._store.read(views.bead, bead)
        if not detail.tip:
            raise Refused(f"{bead} has no work on its branch yet", "it has when an agent committed something")
        return detail, self._repository(self._board).changes(detail.base, detail.tip)


def result_of(collab: Repository, detail: Detail) -> str:
    """Return the result that a bead's agent left, in words, "" if it is not on this machine. Blocks."""
    bead, commit = detail.card.id, detail.collab
    try:
        collab.tree(commit)
    except (NotFound, Misconfigured):
        return ""
    return results.shown(bead, read_blobs(collab.path, commit, results.paths(bead), results.LARGEST))


def _has_merged(rows: Rows, convoy: str) -> bool:
    return bool(rows.rows("SELECT 1 FROM bead WHERE convoy_id = :c AND merged <> '' LIMIT 1", c=convoy))
