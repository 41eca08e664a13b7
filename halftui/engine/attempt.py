"""One attempt: a stack of resources in the order lease, worktree, gate, sandbox, conversation."""

import asyncio
import contextlib
import hashlib
import logging
import re
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import (
    Answer,
    Ended,
    Happening,
    Metered,
    Outcome,
    Question,
    Started,
)
from halftui.domain.shown import BoardRow
from halftui.engine import brief
from halftui.engine.report import lines_of, now_of
from halftui.engine.rooms import Rooms
from halftui.errors import AttemptFailed, Conflict, HalfTUIError, Unavailable
from halftui.ops import attempts, questions, views
from halftui.ops.attempts import Claim, Work
from halftui.runtime.base import Command
from halftui.sandbox.base import Places, Process, Sandbox, Spec
from halftui.sandbox.settle import settle
from halftui.service.lines import Lines
from halftui.store.store import Store
from halftui.store.tx import Tx
from halftui.workspace.repository import Repository
from halftui.workspace.salvage import salvage_command
from halftui.workspace.tree import BRANCHES, Person, Tree, branch_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

SALVAGE_SECONDS = 60.0
UNAVAILABLE_SECONDS = 15.0  # before a bead is tried again whose surroundings did not answer
HOME_LABEL = "home"
ATTEMPT_LABEL = "attempt"


@dataclass(frozen=True)
class Settled:
    """What an attempt came to."""

    end: Ended
    work: Work | None = None
    retry_at: float | None = None


@dataclass
class Running:
    """A claimed bead on its way; `halt` ends it early."""

    claim: Claim
    board: BoardRow
    rooms: Rooms
    store: Store
    lines: Lines
    lease: float  # seconds
    max_turns: int
    answers: dict[str, "asyncio.Future[Answer]"]
    process: Process | None = None
    halted: Ended | None = None

    async def run(self) -> None:
        """Work on the bead until it ended; every outcome is written down, and nothing is raised."""
        last = await asyncio.to_thread(self.store.read, views.last_line, self.claim.attempt)
        self.lines.open(self.claim.attempt, last)
        try:
            settled = await self._under_lease()
        except Exception as error:  # the edge of an attempt: a bug ends it, not the board
            log.exception("a bug ended an attempt", extra={"attempt": self.claim.attempt})
            settled = Settled(Ended(Outcome.FAILED, "bug", f"{type(error).__name__}: {error}"))
        finally:
            await asyncio.to_thread(shutil.rmtree, self._sockets, ignore_errors=True)
        await self._settle(settled)

    async def halt(self, outcome: Outcome, reason: str) -> None:
        """End the attempt with this outcome; what it did so far is kept."""
        if self.halted is None:
            self.halted = Ended(outcome, reason, reason)
            if self.process is not None:
                await self.process.stop()

    async def ask(self, question: Question) -> Answer:
        """Put an agent's question on the board and return the answer when somebody gave it."""
        self.lines.add(self.claim.attempt, "ask", question.text)
        ident = await self._write(questions.ask, self.claim.attempt, question)
        future = self.answers.setdefault(ident, asyncio.get_running_loop().create_future())
        try:
            answer = await future
        finally:
            self.answers.pop(ident, None)
        self.lines.add(self.claim.attempt, "answer", answer.text or _yes_or_no(answer))
        return answer

    async def _under_lease(self) -> Settled:
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._keep_lease())
            try:
                return await self._work()
            except HalfTUIError as error:
                is_outside = isinstance(error, Unavailable)
                later = self.store.clock() + UNAVAILABLE_SECONDS if is_outside else None
                return Settled(_ended(error), retry_at=later)
            finally:
                keeper.cancel()

    async def _keep_lease(self) -> None:
        """Renew the lease at half life, and write down what was used."""
        while True:
            await asyncio.sleep(self.lease / 2)
            try:
                await self._write(attempts.renew, self.claim.attempt, self.claim.epoch, self.lease)
            except Conflict:
                await self.halt(Outcome.LOST, "fenced")
                return
            except Unavailable as error:
                log.warning("a lease was not renewed", extra={"why": str(error)})

    async def _work(self) -> Settled:
        repository = self.rooms.repository(self.board)
        sandbox = await self.rooms.sandbox(self.board)
        tree = await asyncio.to_thread(self._clone, repository)
        bead = await asyncio.to_thread(self.store.read, views.bead, self.claim.bead)
        async with AsyncExitStack() as stack:
            gate = await stack.enter_async_context(self.rooms.gate(self.claim, self._sockets, sandbox))
            runtime = await self.rooms.runtime(self.claim.runtime, gate.kind)
            can_resume = self.claim.is_resumed and runtime.abilities.resume
            told = brief.write(
                replace(self.claim, is_resumed=can_resume), self.board, bead,
                is_free=self.rooms.is_free(sandbox), max_turns=self.max_turns,
            )  # fmt: skip
            places = self._places(tree, repository, runtime.program())
            command = runtime.command(told, sandbox.inside(places))
            spec = self._spec(command, places)
            process = await self._start(sandbox, spec, stack)
            await self._write(attempts.start, self.claim.attempt, self.claim.epoch, sandbox.kind, spec.name)
            end = await self._listen(runtime.converse(told, process, self))
        settled = await self._harvest(end, tree, repository, sandbox, spec)
        return replace(settled, retry_at=gate.until) if end.outcome is Outcome.LIMITED else settled

    def _clone(self, repository: Repository) -> Tree:
        origin = self.rooms.origin(self.board)
        repository.create(origin)
        author = Person(self.claim.agent, f"{self.claim.agent.lower()}@agents.localhost")
        (self._folder / "home").mkdir(parents=True, exist_ok=True, mode=0o700)
        return repository.clone(self.claim.bead, self._folder / "work", self.board.branch, author)

    async def _start(self, sandbox: Sandbox, spec: Spec, stack: AsyncExitStack) -> Process:
        if self.halted is not None:
            raise AttemptFailed("it was stopped before it started", reason="stopped")
        self.process = process = await sandbox.start(spec)
        stack.push_async_callback(sandbox.remove, spec.name)
        await self._stop_if_halted(process)
        return process

    async def _stop_if_halted(self, process: Process) -> None:
        """Stop what just started, if the wish to stop came while it started."""
        if self.halted is not None:
            await process.stop()

    async def _listen(self, happenings: AsyncIterator[Happening]) -> Ended:
        end = Ended(Outcome.FAILED, "transport", "the runtime said nothing at its end")
        async for happening in happenings:
            await self._take(happening)
            if isinstance(happening, Ended):
                end = happening
        return self.halted or end

    async def _take(self, happening: Happening) -> None:
        attempt = self.claim.attempt
        if isinstance(happening, Metered):
            used = (happening.tokens_in, happening.tokens_out, happening.cost_usd, happening.turns)
            await self._write(attempts.meter, attempt, self.claim.epoch, *used)
        elif isinstance(happening, Started):
            await self._write(attempts.greet, attempt, self.claim.epoch, happening.session)
        if not isinstance(happening, Ended):  # its end is told when it is known to the last
            for kind, text in lines_of(happening):
                self.lines.add(attempt, kind, text)
        if now := now_of(happening):
            self.lines.note_now(attempt, now)

    async def _harvest(
        self, end: Ended, tree: Tree, repository: Repository, sandbox: Sandbox, spec: Spec
    ) -> Settled:
        """Bring what the agent left into the board's repository, whatever its outcome."""
        try:
            await self._salvage(tree, sandbox, spec)
            tip = await asyncio.to_thread(repository.collect, tree, self.claim.epoch)
            work = await asyncio.to_thread(_measure, repository, tree, tip) if tip else None
        except HalfTUIError as error:
            self.lines.add(self.claim.attempt, "error", f"the work could not be collected: {error}")
            if end.outcome is not Outcome.PASSED:
                return Settled(end)
            return Settled(Ended(Outcome.FAILED, "collect", str(error)))
        return Settled(end, work)

    async def _salvage(self, tree: Tree, sandbox: Sandbox, spec: Spec) -> None:
        """Commit what the agent left uncommitted, inside its own sandbox: its clone is hostile."""
        rescue = Spec(
            f"{spec.name}-keep", salvage_command(self.claim.bead), {"HOME": spec.env["HOME"]},
            spec.places, spec.labels, spec.limits,
        )  # fmt: skip
        process = await sandbox.start(rescue)
        try:
            async with asyncio.timeout(SALVAGE_SECONDS):
                left = await process.wait()
            if left.code:
                tail = (await process.error_tail()).strip()
                self.lines.add(self.claim.attempt, "note", f"nothing could be salvaged: {tail}")
        except TimeoutError:
            self.lines.add(self.claim.attempt, "note", "salvaging took too long and was given up")
        finally:
            await sandbox.remove(rescue.name)

    async def _settle(self, settled: Settled) -> None:
        end = settled.end
        for kind, text in lines_of(end):
            self.lines.add(self.claim.attempt, kind, text)
        await self.lines.close(self.claim.attempt)
        await settle(self._close(settled))
        if end.outcome is Outcome.PASSED and self.board.review == "none":
            await asyncio.to_thread(self._accept)

    async def _close(self, settled: Settled) -> None:
        end = settled.end
        with contextlib.suppress(Conflict):  # fenced: a newer attempt owns the bead
            await self._write(
                attempts.end, self.claim.attempt, self.claim.epoch, end.outcome, end.reason,
                end.summary, settled.work, settled.retry_at,
            )  # fmt: skip
        log.info(
            "attempt ended",
            extra={"attempt": self.claim.attempt, "outcome": end.outcome, "reason": end.reason},
        )

    def _accept(self) -> None:
        try:
            self.rooms.accept(self.board, self.claim.bead)
        except HalfTUIError as error:
            log.warning("not merged", extra={"bead": self.claim.bead, "why": str(error)})

    async def _write(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(lambda: self.store.write(ENGINE, op, *args, **kwargs))

    @property
    def _folder(self) -> Path:
        return self.rooms.home / "beads" / branch_of(self.claim.bead).removeprefix(BRANCHES)

    @property
    def _sockets(self) -> Path:
        return self.rooms.home / "run" / _short(self.claim.attempt)

    def _places(self, tree: Tree, repository: Repository, tool: Path | None) -> Places:
        self._sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Places(tree.path, self._folder / "home", self._sockets, repository.objects, tool)

    def _spec(self, command: Command, places: Places) -> Spec:
        labels = {
            HOME_LABEL: home_label(self.rooms.home),
            ATTEMPT_LABEL: self.claim.attempt,
            "board": self.board.id,
            "bead": self.claim.bead,
            "epoch": str(self.claim.epoch),
        }
        name = f"halftui-{labels[HOME_LABEL]}-{_short(self.claim.attempt)}"
        return Spec(name, command.argv, command.env, places, labels, self.rooms.limits)


def home_label(home: Path) -> str:
    """Return what tells this installation's sandboxes from another's."""
    return hashlib.sha256(str(home.absolute()).encode()).hexdigest()[:8]


def _short(attempt: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_.-]", "-", attempt)[:40]
    is_faithful = plain == attempt.replace("@", "-")
    return plain if is_faithful else f"{plain}-{hashlib.sha256(attempt.encode()).hexdigest()[:6]}"


def _measure(repository: Repository, tree: Tree, tip: str) -> Work:
    base = repository.base_of(tree.branch)
    changes = repository.changes(base, tip)
    return Work(base, tip, len(changes.files), changes.plus, changes.minus)


def _ended(error: HalfTUIError) -> Ended:
    if isinstance(error, AttemptFailed):
        return Ended(Outcome.FAILED, error.reason, str(error))
    if isinstance(error, Unavailable):
        return Ended(Outcome.LOST, "unavailable", str(error))
    return Ended(Outcome.FAILED, "start", str(error))


def _yes_or_no(answer: Answer) -> str:
    return "allowed" if answer.is_allowed else "refused"
