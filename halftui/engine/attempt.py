"""One attempt: a stack of resources in the order lease, worktree, gate, sandbox, conversation.

What an attempt leaves behind is written down before anything of it is cleared away, so that after a
crash there is either the result, or the program that has it, or the session to go on with.
"""

import asyncio
import logging
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import ENGINE
from halftui.domain.happenings import (
    Answer,
    Ended,
    Happening,
    Heard,
    Metered,
    Outcome,
    Reached,
    Started,
)
from halftui.domain.shown import BoardRow
from halftui.engine import brief, clones
from halftui.engine.accepting import accept
from halftui.engine.attachments import Attachments
from halftui.engine.clones import Clones
from halftui.engine.desk import Desk
from halftui.engine.holding import elapsed
from halftui.engine.naming import (
    ATTEMPT_LABEL,
    HOME_LABEL,
    SESSION_LABEL,
    home_label,
    home_name,
    sandbox_name,
    socket_folder,
)
from halftui.engine.report import lines_of, now_of
from halftui.engine.rooms import Rooms
from halftui.engine.settled import Settled, ended, overruled
from halftui.engine.talk import Talk
from halftui.engine.tally import Tally
from halftui.engine.vigil import stirs
from halftui.errors import AttemptFailed, Conflict, HalfTUIError, Unavailable
from halftui.failpoints import failpoint
from halftui.ops import attempts, messages, transcripts
from halftui.ops.attempts import Claim
from halftui.ops.transcripts import Standing
from halftui.runtime import board_server
from halftui.runtime.base import Command
from halftui.sandbox.base import Places, Process, Sandbox, Spec
from halftui.service.lines import Lines, Told
from halftui.settle import settle
from halftui.store.store import Store
from halftui.store.tx import Tx
from halftui.workspace.salvage import salvage_command
from halftui.workspace.threads import in_git

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

SALVAGE_SECONDS = 60.0
UNAVAILABLE_SECONDS = 15.0  # before a bead is tried again whose surroundings did not answer
LAG_SECONDS = 2.0  # in which a program tells of what its provider answered
KEEP = "-keep"  # ends the name of the sandbox that saves what was not committed


@dataclass
class Running:
    """A claimed bead on its way; `halt` ends it early, `let_go` leaves it to another board."""

    claim: Claim
    board: BoardRow
    rooms: Rooms
    store: Store
    lines: Lines
    lease: float  # seconds
    max_turns: int
    answers: dict[str, "asyncio.Future[Answer]"]
    process: Process | None = None
    talk: Talk = field(default_factory=Talk)
    halted: Ended | None = None
    is_listening: bool = False  # True while the program works and can be left alone
    is_let_go: bool = False
    uses_tools: bool = True  # its program tells of each tool
    has_left_something: bool = False  # True if the sandbox could not be removed
    _held_since: float = field(default_factory=elapsed)
    _stirred: float | None = None  # when it last used a tool or waited for its provider, by the store's clock
    _told: Told = field(default_factory=list)  # lines since the last Heard
    _tally: Tally = field(default_factory=lambda: Tally(Standing(0)))
    _worker: "asyncio.Task[Settled] | None" = None

    async def run(self) -> None:
        """Work on the bead until it ended or was let go; what came of it is written down, nothing raised."""
        last, own, standing = 0, self.claim.attempt, Standing(0)
        if self.claim.heard is not None:  # else it is new, and nothing is told of it
            last, standing = await asyncio.to_thread(self.store.read, transcripts.standing, own)
        self._tally = Tally(replace(standing, epoch=self.claim.epoch))
        self.lines.open(own, last, self._tally.standing)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._clear_sockets)
            settled = await self._under_lease(stack)
            if settled is not None:
                await self._settle(settled)
            if self.is_let_go:
                self.lines.drop(self.claim.attempt)
        is_due = (self.board.review == "none" or self.claim.is_review) and not self.is_let_go
        if is_due and settled is not None and settled.is_handed_in:
            await in_git(accept, self.store, self.rooms, self.board, self.claim.bead)

    async def halt(self, outcome: Outcome, reason: str, grace: float = 5.0) -> None:
        """End the attempt with this outcome; what it did so far is kept. Its program has `grace` seconds."""
        if self.halted is None:
            self.halted = Ended(outcome, reason, reason)
            if self.process is not None:
                await self.process.stop(grace)

    def let_go(self) -> None:
        """Touch nothing of the attempt any more: its program goes on, another board takes it over."""
        self.is_let_go = True
        if self._worker is not None:
            self._worker.cancel()

    def holds(self) -> bool:
        """Return True while no other board can have taken the attempt over, by this machine's own clock."""
        return not self.is_let_go and elapsed() < self._held_since + self.lease

    async def _under_lease(self, stack: AsyncExitStack) -> Settled | None:
        """Return what the work came to, or None if it was let go."""
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._keep_lease())
            courier = group.create_task(self.talk.carry())
            self._worker = group.create_task(self._try(stack))
            try:
                return await self._worker
            except asyncio.CancelledError:
                if not self.is_let_go:
                    raise
                return None
            finally:
                keeper.cancel()
                courier.cancel()

    async def _try(self, stack: AsyncExitStack) -> Settled:
        try:
            return await self._work(stack)
        except HalfTUIError as error:
            is_outside = isinstance(error, Unavailable)
            later = self.store.clock() + UNAVAILABLE_SECONDS if is_outside else None
            return Settled(ended(error), retry_at=later)
        except Exception as error:  # the edge of an attempt: a bug ends it, not the board
            log.exception("a bug ended an attempt", extra={"attempt": self.claim.attempt})
            return Settled(Ended(Outcome.FAILED, "bug", f"{type(error).__name__}: {error}"))

    async def _keep_lease(self) -> None:
        """Renew the lease at half life; a board that finds another one in its place lets go."""
        while True:
            await asyncio.sleep(self.lease / 2)
            now = elapsed()
            try:
                await self._write(
                    attempts.renew, self.claim.attempt, self.claim.epoch, self.lease, self._stirred
                )
            except Conflict:
                log.warning("another board has the attempt", extra={"attempt": self.claim.attempt})
                self.let_go()
                return
            except Unavailable as error:
                log.warning("a lease was not renewed", extra={"why": str(error)})
            else:
                self._held_since = now

    async def _work(self, stack: AsyncExitStack) -> Settled:
        sandbox = await self.rooms.sandbox(self.board)
        failpoint("clone.before")
        here = await in_git(clones.prepare, self.rooms, self.store, self.claim, self.board)
        failpoint("clone.after")
        self._told += [("note", sentence) for sentence in here.stale]
        failpoint("socket.before")
        gate = await stack.enter_async_context(
            self.rooms.gate(self.claim, self._sockets, sandbox, self.holds)
        )
        failpoint("socket.after")
        runtime = await self.rooms.runtime(self.claim.runtime, gate.kind)
        gate.meter = self._see if runtime.abilities.cost else self._tally.tell
        gate.unbooked = self._tally.unbooked
        self.uses_tools = runtime.abilities.tools
        if here.is_new and self.claim.is_resumed:  # its session belongs to a folder that is not there
            self.claim = replace(self.claim, session=str(uuid.uuid4()))
        can_resume = self.claim.is_resumed and runtime.abilities.resume and _has_session(here)
        letters, has_pointers = await asyncio.to_thread(self._prospect, here)
        told = brief.write(
            replace(self.claim, is_resumed=can_resume), self.board, here.bead, letters,
            is_free=self.rooms.is_free(sandbox), max_turns=self.max_turns,
            has_tools=runtime.abilities.questions, has_pointers=has_pointers,
            is_confined=sandbox.is_confined, result=here.result,
        )  # fmt: skip
        self._sockets.mkdir(parents=True, exist_ok=True, mode=0o700)
        places = here.places(self._sockets, runtime.program())
        command = runtime.command(told, sandbox.inside(places))
        command = Command([*gate.before, *command.argv], {**command.env, **gate.env})
        spec = self._spec(command, places)
        attachments = Attachments.of(self.store, here.repository, self.claim.bead, places, sandbox)
        desk = Desk(
            self.claim.attempt, self.claim.epoch, self.claim.agent_id, self.store, self.lines, self.answers,
            self.talk, here.fault, attachments,
        )  # fmt: skip
        if runtime.abilities.bridge:
            await stack.enter_async_context(board_server.serve(self._sockets, desk))
        process = await self._start(sandbox, spec, stack)
        end = await self._listen(runtime.converse(told, process, desk))
        await gate.shut()
        settled = await self._harvest(end, here, sandbox, spec)
        return replace(settled, retry_at=gate.until) if end.outcome is Outcome.LIMITED else settled

    def _prospect(self, here: Clones) -> tuple[list[tuple[str, str]], bool]:
        """Return what its agent was told before, and whether the clone has pointers for files. Blocks."""
        return self.store.read(messages.first, self.claim.attempt), here.has_pointers()

    async def _start(self, sandbox: Sandbox, spec: Spec, stack: AsyncExitStack) -> Process:
        """Start the program, or take over the one that an earlier board started."""
        if self.claim.heard is not None:
            self.process = process = await sandbox.adopt(spec.name)
            stack.push_async_callback(self._clear, sandbox, spec.name)
            await sandbox.remove(spec.name + KEEP)
        elif self.halted is None:
            self.process = process = await sandbox.start(spec)
            stack.push_async_callback(self._clear, sandbox, spec.name)
            start = (self.claim.attempt, self.claim.epoch, sandbox.kind, spec.name)
            await self._write(attempts.start, *start)
        else:
            raise AttemptFailed("it was stopped before it started", reason="stopped")
        await self._stop_if_halted(process)
        return process

    async def _stop_if_halted(self, process: Process) -> None:
        """Stop what just started, if the wish to stop came while it started."""
        if self.halted is not None:
            await process.stop()

    async def _listen(self, happenings: AsyncIterator[Happening]) -> Ended:
        end = Ended(Outcome.FAILED, "transport", "the runtime said nothing at its end")
        self.is_listening = True
        async for happening in happenings:
            if isinstance(happening, Ended):
                self.is_listening = False
                end = happening
            else:
                await self._take(happening)
        if self.claim.heard is not None and end.reason == "transport":
            # Its requests went unanswered while no board was there; that is no failure of its own.
            end = replace(end, outcome=Outcome.LOST)
        return self.halted or overruled(end, self.process)

    async def _take(self, happening: Happening) -> None:
        attempt = self.claim.attempt
        if stirs(happening, uses_tools=self.uses_tools):
            self._stirred = self.store.clock()
        match happening:
            case Heard(end):
                self._tally.hear(end)
                self.lines.tell(attempt, self._told, self._tally.book())
                self._told = []
                failpoint("streaming.after")
                await self.lines.room(attempt)
                return
            case Metered():
                self._tally.tell(happening)
            case Started(session):
                await self._write(attempts.greet, attempt, self.claim.epoch, session)
            case Reached(ident):
                # Its line is kept with its being delivered: a message that was told is never told again.
                said = await asyncio.to_thread(self.store.read, messages.told, attempt, ident)
                if said:
                    await self.lines.write(attempt, [("note", said)], messages.deliver, attempt, ident)
        told = lines_of(happening)
        if told:
            failpoint("streaming.before")
        self._told += told
        if now := now_of(happening):
            self.lines.note_now(attempt, now)

    def _see(self, used: Metered) -> None:
        """Take in what the provider answered; the program has a moment to tell of it."""
        asyncio.get_running_loop().call_later(LAG_SECONDS, self._book, self._tally.see(used))

    def _book(self, passed: Metered) -> None:
        self._tally.expect(passed)
        if self.is_listening and self._tally.owed() != self._tally.standing:
            self.lines.tell(self.claim.attempt, [], self._tally.book())

    async def _harvest(self, end: Ended, here: Clones, sandbox: Sandbox, spec: Spec) -> Settled:
        """Bring what the agent left into the board's repository, whatever its outcome."""
        if self.claim.is_review:
            await in_git(clones.clear, here)
            return Settled(end)
        try:
            failpoint("collect.before")
            await self._salvage(sandbox, spec)
            work, shared = await in_git(clones.collect, here, self.claim.epoch)
            failpoint("collect.after")
        except HalfTUIError as error:
            self._told.append(("error", f"the work could not be collected: {error}"))
            if end.outcome is not Outcome.PASSED:
                return Settled(end)
            return Settled(Ended(Outcome.FAILED, "collect", str(error)))
        return Settled(end, work, shared=shared)

    async def _salvage(self, sandbox: Sandbox, spec: Spec) -> None:
        """Commit what the agent left uncommitted, inside its own sandbox: its clone is hostile."""
        command = salvage_command(self.claim.bead, sandbox.inside(spec.places).collab)
        rescue = Spec(
            spec.name + KEEP, command, {"HOME": spec.env["HOME"]}, spec.places, spec.labels, spec.limits,
        )  # fmt: skip
        process = await sandbox.start(rescue)
        try:
            async with asyncio.timeout(SALVAGE_SECONDS):
                left = await process.wait()
            if left.code:
                tail = (await process.error_tail()).strip()
                self._told.append(("note", f"nothing could be salvaged: {tail}"))
        except TimeoutError:
            self._told.append(("note", "salvaging took too long and was given up"))
        finally:
            await self._clear(sandbox, rescue.name)

    async def _settle(self, settled: Settled) -> None:
        """Write the end and the last lines in one transaction; on failure the next board does it."""
        end = settled.end
        told = [*self._told, *lines_of(end)]
        if self._tally.close():
            self.lines.tell(self.claim.attempt, [], self._tally.standing)
        failpoint("commit.before")
        try:
            await settle(
                self.lines.write(
                    self.claim.attempt, told, attempts.end, self.claim.attempt, self.claim.epoch,
                    end.outcome, end.reason, end.summary, settled.work, settled.retry_at, settled.shared,
                    home_name(self.rooms.home),
                )
            )  # fmt: skip
        except (Conflict, Unavailable) as error:  # a newer epoch owns the bead, or nobody answers
            log.warning("an end was not written", extra={"attempt": self.claim.attempt, "why": str(error)})
            self.is_let_go = True
            return
        failpoint("commit.after")
        self.lines.drop(self.claim.attempt)
        log.info(
            "attempt ended",
            extra={"attempt": self.claim.attempt, "outcome": end.outcome, "reason": end.reason},
        )

    async def _clear(self, sandbox: Sandbox, name: str) -> None:
        """Remove a sandbox, unless another board has it."""
        if self.is_let_go:
            return
        failpoint("remove.before")
        try:
            await sandbox.remove(name)
        except HalfTUIError as error:
            log.warning("a sandbox was not removed", extra={"sandbox": name, "why": str(error)})
            self.has_left_something = True
        failpoint("remove.after")

    async def _clear_sockets(self) -> None:
        if not self.is_let_go:
            await asyncio.to_thread(shutil.rmtree, self._sockets, ignore_errors=True)

    async def _write(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(lambda: self.store.write(ENGINE, op, *args, **kwargs))

    @property
    def _sockets(self) -> Path:
        return socket_folder(self.rooms.home, self.claim.attempt)

    def _spec(self, command: Command, places: Places) -> Spec:
        labels = {
            HOME_LABEL: home_label(self.rooms.home),
            ATTEMPT_LABEL: self.claim.attempt,
            "board": self.board.id,
            "bead": self.claim.bead,
            "epoch": str(self.claim.epoch),
            SESSION_LABEL: self.claim.session,
        }
        name = sandbox_name(self.rooms.home, self.claim.attempt)
        return Spec(name, command.argv, command.env, places, labels, self.rooms.limits)


def _has_session(here: Clones) -> bool:
    """Return False if the home with the agent's sessions, or the folder that they are of, is not there."""
    return not here.is_new and any((here.folder / "home").iterdir())
