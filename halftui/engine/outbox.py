"""Does what waits in the outbox (pull requests, results to merge): each act until it is acknowledged."""

import asyncio
import logging
from dataclasses import dataclass

from halftui.domain.actor import ENGINE
from halftui.domain.names import BEAD_BRANCHES
from halftui.engine import sharing
from halftui.engine.holding import held
from halftui.engine.naming import home_name
from halftui.engine.rooms import Rooms
from halftui.errors import HalfTUIError, Misconfigured, NotFound, Refused, Unauthorized, Unavailable
from halftui.failpoints import failpoint
from halftui.ops import pulls, signers, views
from halftui.ops.pulls import Act
from halftui.service.queue import combined
from halftui.settle import settle
from halftui.store.store import Store
from halftui.workspace.forge import Answer
from halftui.workspace.landing import publish
from halftui.workspace.merging import Merged
from halftui.workspace.threads import in_git

log = logging.getLogger(__name__)

WITH_COMMIT = ("open", "collab")  # acts for which this home has to have the work


@dataclass
class Outbox:
    """Does what waits in the outbox, one thing after the other, beside the engine's rounds."""

    store: Store
    rooms: Rooms
    _task: "asyncio.Task[None] | None" = None

    def attend(self, group: asyncio.TaskGroup, *, is_due: bool) -> None:
        """See to it that what is due is done."""
        if is_due and (self._task is None or self._task.done()):
            self._task = group.create_task(self._work())

    def stop(self) -> None:
        """Break off; what was not acknowledged is done again by the next board."""
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        try:
            async with held(self.store, "outbox", self._home):
                await self._do_all()
        except Unavailable as error:  # the database; asked again in the next round
            log.warning("the outbox waits", extra={"why": str(error)})

    async def _do_all(self) -> None:
        for bead in await asyncio.to_thread(self.store.read, pulls.to_open):
            await asyncio.to_thread(self.store.write, ENGINE, pulls.ask, bead)
        for act in await asyncio.to_thread(self.store.read, pulls.due):
            if act.act not in WITH_COMMIT or await in_git(self._is_here, act):
                await settle(in_git(self._do, act))
            elif why := await asyncio.to_thread(self.store.read, pulls.orphaned, act.bead, self._home):
                await asyncio.to_thread(self.store.write, ENGINE, pulls.failed, act.seq, why)

    @property
    def _home(self) -> str:
        return home_name(self.rooms.home)

    def _is_here(self, act: Act) -> bool:
        """Return False if another home over the same database collected the commit that it is about."""
        board = self.store.read(views.board, act.board)
        try:
            repository = self.rooms.collab(board) if act.act == "collab" else self.rooms.repository(board)
            return bool(repository.tree(act.tip))
        except (NotFound, Misconfigured):
            return False

    def _do(self, act: Act) -> None:
        """Do one act and write down what came of it."""
        try:
            if act.act == "collab":
                sharing.land(self.store, self.rooms, act)
                return
            answer = self._ask(act)
        except HalfTUIError as error:
            why = error.hint if isinstance(error, Misconfigured | Refused | Unauthorized) else ""
            self.store.write(ENGINE, pulls.failed, act.seq, f"{error.message}{f': {why}' if why else ''}")
            return
        failpoint("outbox.after")
        if act.act == "open":
            self.store.write(ENGINE, pulls.opened, act.seq, answer.url)
        elif act.act == "look":
            self.store.write(ENGINE, pulls.seen, act.seq, answer.state, answer.commit)
        else:
            self.store.write(ENGINE, pulls.closed, act.seq)

    def _ask(self, act: Act) -> Answer:
        board = self.store.read(views.board, act.board)
        repository = self.rooms.repository(board)
        given = {
            "verb": act.act, "url": act.url, "repository": board.repository, "git_dir": str(repository.path),
            "branch": f"{BEAD_BRANCHES}{act.bead}", "target": board.branch,
        }  # fmt: skip
        if act.act == "open":
            origin = self.rooms.origin(board)
            repository.refresh(origin)
            detail = self.store.read(views.bead, act.bead)
            worker = self.store.read(signers.worker_of, act.bead)
            signer = self.rooms.signer(worker) if worker else None
            begin = repository.base_of(detail.branch)  # nothing is taken in: only the names are the agent's
            made = combined(repository, detail, board.branch, "HalfTUI", signer, begin)
            commit = made.sha if isinstance(made, Merged) else detail.tip
            given |= {"commit": commit, "title": detail.card.title, "body": detail.summary}
            if publish(repository.path, origin, commit, detail.branch):
                given |= {"pushed": "yes"}
        return self.rooms.forge(given)
