"""Runs the checks of a board on work in review, and merges what was accepted, one thing at a time."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import ENGINE
from halftui.domain.shown import BoardRow
from halftui.engine.holding import held
from halftui.engine.naming import HOME_LABEL, home_label, home_name
from halftui.engine.rooms import Rooms
from halftui.errors import Conflict, HalfTUIError, Refused, Unauthorized
from halftui.ops import merges, trials, views
from halftui.sandbox.base import Places, Process, Sandbox, Spec
from halftui.service.queue import Queue, Stack
from halftui.settle import settle
from halftui.store.store import Store
from halftui.store.tx import Tx
from halftui.workspace.threads import in_git
from halftui.workspace.tree import remove

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIAL_LABEL = "trial"  # on a sandbox: the board whose checks it runs
SECONDS = 3_600.0  # that one check may take
TIMED_OUT = 124  # as timeout(1) has it
TELL_SECONDS = 2.0  # between two notes of the output so far
KEPT = 4 * trials.LONGEST_OUTPUT  # bytes


@dataclass
class Merger:
    """The work between handing in and the target, done beside the engine's rounds."""

    store: Store
    rooms: Rooms
    _tasks: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    def attend(self, group: asyncio.TaskGroup, boards: frozenset[str]) -> None:
        """See to it that the work on these boards goes on."""
        for board in boards - self._tasks.keys():
            self._tasks[board] = group.create_task(self._work(board))

    def stop(self) -> None:
        """Break off; what was under way is done again by the next board."""
        for task in tuple(self._tasks.values()):
            task.cancel()

    async def _work(self, board: str) -> None:
        try:
            # Of several homes over one database one alone, so that nothing is tried or landed twice.
            async with held(self.store, f"merge {board}", home_name(self.rooms.home)):
                await self._clear(await asyncio.to_thread(self.store.read, views.board, board))
                while await self._turn(await asyncio.to_thread(self.store.read, views.board, board)):
                    pass
        except HalfTUIError as error:  # tried again in the next round
            log.warning("checks and merges wait", extra={"board": board, "why": str(error)})
        except Exception:  # the edge of this work: a bug in it must not end the engine
            log.exception("a bug stopped checks and merges", extra={"board": board})
        finally:
            del self._tasks[board]

    async def _turn(self, board: BoardRow) -> bool:
        """Do one thing; False if there is nothing that could be done now."""
        queue = await asyncio.to_thread(self.rooms.queue, board)
        for target in await asyncio.to_thread(self.store.read, merges.targets, board.id):
            if await self._merge(board, queue, target):
                return True
        for bead, tip in await asyncio.to_thread(self.store.read, trials.untried, board.id):
            stack = await settle(in_git(queue.combine, bead))
            if stack is not None:
                await self._judge(board, stack, bead, tip)
                return True
        return False

    async def _judge(self, board: BoardRow, stack: Stack, bead: str, tip: str) -> None:
        """Run the checks on work in review."""
        trial, is_green = await self._try(board, stack, 1)
        if trial:
            is_blamed = not is_green and await self._is_target_green(board, stack)
            await self.write(trials.judge, bead, tip, trial, is_blamed=is_blamed)

    async def _merge(self, board: BoardRow, queue: Queue, target: str) -> bool:
        """Merge the first of a queue, or take out what can't be; False if all of it has to wait."""
        try:
            return await self._merge_first(board, queue, target)
        except Unauthorized as error:
            why = f"{error.message}: {error.hint}"
            for entry in await asyncio.to_thread(self.store.read, merges.head, board.id, target):
                await settle(self.write(merges.wait, entry.seq, why))
            return False

    async def _merge_first(self, board: BoardRow, queue: Queue, target: str) -> bool:
        if await settle(in_git(queue.recover, target)):
            return True
        entries = await asyncio.to_thread(self.store.read, merges.head, board.id, target, board.batch)
        stack = await settle(in_git(queue.stack, target, entries))
        if not stack.placed:
            return stack.has_changed
        green, culprit = await self._divide(board, stack)
        if green and not await self._land(queue, stack.upto(green)):
            return False
        if culprit:
            is_blamed = green > 0 or await self._is_target_green(board, stack)
            placed = stack.placed[green]
            await self.write(merges.refuse, placed.entry.seq, "its checks fail", culprit, is_blamed=is_blamed)
        return True

    async def _land(self, queue: Queue, stack: Stack) -> bool:
        try:
            await settle(in_git(queue.land, stack))
        except (Conflict, Refused) as error:
            why = "" if isinstance(error, Conflict) else error.message
            await settle(asyncio.to_thread(queue.wait, stack, why))
            return not why  # a target that moved is tried at once, a person is waited for
        return True

    async def _divide(self, board: BoardRow, stack: Stack) -> tuple[int, str]:
        """Return how many from the first on pass together, and the trial that failed with one more.

        Halving finds that one, so that of a batch of n about log n trials are needed.
        """
        count = len(stack.placed)
        trial, is_green = await self._try(board, stack, count)
        if is_green:
            return count, ""
        green, red = 0, count
        while red - green > 1:
            middle = (green + red) // 2
            found, is_green = await self._try(board, stack, middle)
            green, red, trial = (middle, red, trial) if is_green else (green, middle, found)
        return green, trial

    async def _is_target_green(self, board: BoardRow, stack: Stack) -> bool:
        """Return True if the target by itself passes: else nobody's work is to blame."""
        return (await self._try(board, stack, 0))[1]

    async def _try(self, board: BoardRow, stack: Stack, count: int) -> tuple[str, bool]:
        """Run the checks on the first `count` of a stack; return the trial, and whether they passed.

        A tree on which the same checks passed already is not tried again; without checks all pass.
        """
        checks = trials.commands(board.checks)
        if not checks:
            return "", True
        placed = stack.placed[:count]
        sha, tree = (placed[-1].sha, placed[-1].tree) if placed else (stack.onto, stack.tree)
        if known := await asyncio.to_thread(self.store.read, trials.passed, board.id, tree, board.checks):
            return known, True
        of = [one.entry.bead for one in placed]
        sandbox = await self.rooms.sandbox(board)
        trial = await self.write(trials.begin, board.id, stack.target, tree, board.checks, of)
        folder = self.rooms.home / "trials" / trial
        run = _Run(self, board, sandbox, trial, folder)
        try:
            await in_git(run.prepare, sha)
            code = await run.go(checks)
            state = trials.FAILED if code else trials.PASSED
            await settle(self.write(trials.end, trial, state, code, run.output))
        except asyncio.CancelledError:
            await settle(self.write(trials.end, trial, trials.BROKEN, None, run.output))
            raise
        finally:
            await settle(in_git(remove, folder))
        return trial, not code

    async def _clear(self, board: BoardRow) -> None:
        """Remove what checks of a killed board left."""
        sandbox = await self.rooms.sandbox(board)
        for found in await sandbox.find({HOME_LABEL: home_label(self.rooms.home), TRIAL_LABEL: board.id}):
            await sandbox.remove(found.name)

    async def write(self, op: Callable[Concatenate[Tx, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run an op as the engine."""
        return await asyncio.to_thread(lambda: self.store.write(ENGINE, op, *args, **kwargs))


@dataclass
class _Run:
    """One run of the checks: a fresh checkout, and a sandbox for each of them, one after the other."""

    merger: Merger
    board: BoardRow
    sandbox: Sandbox
    trial: str
    folder: Path
    _out: bytes = b""

    @property
    def output(self) -> str:
        """What the checks printed, the last part."""
        return self._out.decode("utf-8", "replace")

    def prepare(self, sha: str) -> None:
        """Check the combined commit out. Blocks."""
        for name in ("home", "sockets"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        self.merger.rooms.repository(self.board).checkout(sha, self.folder / "work")

    async def go(self, checks: tuple[str, ...]) -> int:
        """Run the checks until one fails; return its code, 0 if all passed."""
        for number, check in enumerate(checks, 1):
            self._add(f"$ {check}\n".encode())
            await self._tell(number)
            code = await self._one(number, check)
            if code:
                return code
        return 0

    async def _one(self, number: int, check: str) -> int:
        rooms = self.merger.rooms
        objects = rooms.repository(self.board).objects
        places = Places(self.folder / "work", self.folder / "home", self.folder / "sockets", objects)
        home = self.sandbox.inside(places).home
        labels = {HOME_LABEL: home_label(rooms.home), TRIAL_LABEL: self.board.id}
        name = f"halftui-{home_label(rooms.home)}-trial-{uuid.uuid4().hex[:12]}"
        command = ["sh", "-c", f"exec 2>&1\n{check}"]
        process = await self.sandbox.start(Spec(name, command, {"HOME": home}, places, labels, rooms.limits))
        try:
            async with asyncio.timeout(SECONDS):
                await self._listen(number, process)
                return (await process.wait()).code
        except TimeoutError:
            self._add(f"\nit took longer than {SECONDS / 60:.0f} minutes\n".encode())
            return TIMED_OUT
        finally:
            await settle(self.sandbox.remove(name))

    async def _listen(self, number: int, process: Process) -> None:
        told = asyncio.get_running_loop().time()
        async for chunk in process.output():
            self._add(chunk)
            if (now := asyncio.get_running_loop().time()) - told > TELL_SECONDS:
                told = now
                await self._tell(number)

    async def _tell(self, number: int) -> None:
        await self.merger.write(trials.step, self.trial, number, self.output)

    def _add(self, chunk: bytes) -> None:
        self._out = (self._out + chunk)[-KEPT:]
