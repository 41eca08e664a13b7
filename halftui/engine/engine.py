"""The engine: gives ready beads to agents, runs their attempts, repairs what a crash left."""

import asyncio
import logging
from dataclasses import dataclass, field

from halftui.domain.actor import ENGINE
from halftui.domain.assign import CLOSED, Rules
from halftui.domain.happenings import Answer, Outcome
from halftui.domain.shown import BoardRow
from halftui.domain.vigil import Patience
from halftui.engine import convoys, disk, patrol, vigil
from halftui.engine.attempt import Running
from halftui.engine.look import Look, is_calm, look
from halftui.engine.merger import Merger
from halftui.engine.naming import home_name
from halftui.engine.outbox import Outbox
from halftui.engine.rooms import Rooms
from halftui.errors import HalfTUIError, Unavailable
from halftui.failpoints import failpoint
from halftui.ops import attempts, boards, heartbeats, reviews, slots
from halftui.ops.attempts import Claim
from halftui.runtime.base import Letter
from halftui.service.lines import Lines
from halftui.settle import settle
from halftui.store.feed import Feed
from halftui.store.store import Rows, Store

log = logging.getLogger(__name__)

BUSY_TICK = 5.0  # seconds between patrols while attempts run
IDLE_TICK = 30.0
BEAT_SECONDS = 10.0


@dataclass
class Engine:
    """One engine a database. `notices` say in a sentence a board what keeps it from starting agents."""

    store: Store
    lines: Lines
    rooms: Rooms
    cap: int
    lease: float  # seconds
    max_turns: int
    pool: tuple[str, ...]
    leaves_agents: bool = False  # at `stop` working agents are left to the next board
    rules: Rules = field(default_factory=Rules)
    patience: Patience = field(default_factory=Patience)  # with agents that use no tool
    is_draining: bool = False  # no new attempt; `run` ends with the last live one
    notices: dict[str, HalfTUIError] = field(default_factory=dict)
    live: dict[str, Running] = field(default_factory=dict)
    _answers: dict[str, "asyncio.Future[Answer]"] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _seen: Look | None = None  # what was due at the last look
    _is_urgent: bool = False  # something changed that no event tells
    _convoys: "asyncio.Task[None] | None" = None  # of convoys
    _taken_over: set[str] = field(default_factory=set)  # boards where nothing of another is left

    def __post_init__(self) -> None:
        self._merger, self._outbox = Merger(self.store, self.rooms), Outbox(self.store, self.rooms)
        self._awake = vigil.Awake(self.store)

    async def run(self) -> None:
        """Work until `stop`; then every agent has ended with its work kept, or was left at work."""
        async with asyncio.TaskGroup() as group:
            journal = group.create_task(self.lines.run())
            beating = group.create_task(self._beat())
            watching = group.create_task(self._keep_room())
            try:
                await patrol.clear(self.store, self.rooms)
                async with Feed(self.store) as feed, asyncio.TaskGroup() as running:
                    is_due = True
                    while not self._is_over():
                        if is_due:
                            await self._round(running)
                        is_due = not await feed.wait(self._tick()) or not await self._is_calm()
                    self._merger.stop()
                    self._outbox.stop()
                    await self._halt_all()
            finally:
                journal.cancel()
                beating.cancel()
                watching.cancel()
                await settle(self._fall_silent())

    def drain(self) -> None:
        """Start nothing more, and let `run` come to its end when the last live attempt ended by itself."""
        self.is_draining = self._is_urgent = True
        self.store.wake()

    def stop(self) -> None:
        """Let `run` come to its end: no new attempt, the live ones stopped with their work kept."""
        self._stopping.set()
        self._is_urgent = True
        self.store.wake()

    async def _round(self, group: asyncio.TaskGroup) -> None:
        """Do all that is due; a database that does not answer is asked again at the next tick."""
        self._is_urgent = False
        try:
            await self._deliver_answers()
            seen = self._seen = await asyncio.to_thread(self.store.read, look, frozenset(self.live), self.cap)
            if seen.has_stops:
                await self._heed_stops()
            self._hand_letters(seen)
            await self._take_over(group, seen)
            if seen.has_repairs:
                await patrol.repair(self.store)
            if self.live:
                await vigil.keep(self.store, self.lines, self.live, self.patience, self._awake.seconds())
            self._merger.attend(group, seen.to_merge)
            self._outbox.attend(group, is_due=seen.has_outbox)
            if seen.has_convoys and (self._convoys is None or self._convoys.done()):
                self._convoys = group.create_task(convoys.attend(self.store, self.rooms))
            for board in seen.boards:
                if board.id in seen.with_work:
                    await self._dispatch(group, board)
        except Unavailable as error:
            log.warning("a round was cut short", extra={"why": str(error)})

    async def _take_over(self, group: asyncio.TaskGroup, seen: Look) -> None:
        """Go on with the agents that outlived the board that started them."""
        mine = frozenset(self.live)
        for board in seen.boards:
            is_first = board.id not in self._taken_over
            if not is_first and board.id not in seen.expired:
                continue
            try:
                claims = await patrol.take_over(
                    self.store, self.rooms, board, mine, self.lease, is_first=is_first
                )
            except HalfTUIError as error:  # its sandbox is away: asked again in the next round
                self.notices[board.id] = error
                continue
            self._taken_over.add(board.id)
            for claim in claims:
                log.info("an agent is adopted", extra={"attempt": claim.attempt})
                self._open(group, claim, board)
            if is_first:
                group.create_task(patrol.finish(self.store, self.rooms, board))

    async def _dispatch(self, group: asyncio.TaskGroup, board: BoardRow) -> None:
        while not (self._stopping.is_set() or self.is_draining) and await self._is_able(board):
            failpoint("claim.before")
            claim, has_room = await asyncio.to_thread(self._claim, board.id)
            if claim is None:
                return
            failpoint("claim.after")
            self._open(group, claim, board)
            if not has_room:
                return

    def _claim(self, board: str) -> tuple[Claim | None, bool]:
        """Return the next bead in the hands of an agent, to make or else to review, and if there is room."""
        common = (board, self.lease, self.cap, self.pool)
        claim = self.store.write(ENGINE, attempts.claim, *common, self.rules, self._home)
        claim = claim or self.store.write(ENGINE, reviews.claim, *common, self._home)
        return claim, claim is not None and not self.store.read(slots.refusal, board, self.cap)

    def _open(self, group: asyncio.TaskGroup, claim: Claim, board: BoardRow) -> None:
        running = Running(
            claim, board, self.rooms, self.store, self.lines, self.lease, self.max_turns, self._answers
        )
        running.talk.was_adopted = claim.heard is not None
        self.live[claim.attempt] = running
        task = group.create_task(running.run(), name=claim.attempt)
        task.add_done_callback(self._forget)

    async def _is_able(self, board: BoardRow) -> bool:
        """Return False, and note why, if this board's agents could not start now."""
        try:
            await asyncio.to_thread(self.rooms.check, board)
            await self.rooms.sandbox(board)
        except HalfTUIError as error:
            self.notices[board.id] = error
            await self._tell(board, error.message)
            return False
        self.notices.pop(board.id, None)
        await self._tell(board, "")
        return True

    async def _tell(self, board: BoardRow, sentence: str) -> None:
        """Write down what keeps a board from starting agents, so that every card can say it."""
        if self._told.get(board.id) != sentence:
            await asyncio.to_thread(self.store.write, ENGINE, boards.notice, board.id, sentence)
            self._told[board.id] = sentence

    async def _beat(self) -> None:
        """Show that an engine is at work."""
        while True:
            try:
                await asyncio.to_thread(
                    self.store.write, ENGINE, heartbeats.beat, self._home, self.cap, self.rules
                )
            except Unavailable as error:
                log.warning("no heartbeat was written", extra={"why": str(error)})
            await asyncio.sleep(BEAT_SECONDS)

    async def _keep_room(self) -> None:
        """Stop all agents when the disk is nearly full; their beads go on when there is room again."""
        while True:
            await asyncio.sleep(disk.LOOK_SECONDS)
            if not self.live:
                continue
            try:
                await asyncio.to_thread(self.rooms.require_room)
            except Unavailable as error:
                async with asyncio.TaskGroup() as group:
                    for running in tuple(self.live.values()):
                        group.create_task(_make_room(running, error.message))

    async def _fall_silent(self) -> None:
        try:
            await asyncio.to_thread(self.store.write, ENGINE, heartbeats.end, self._home)
        except Unavailable as error:
            log.warning("the heartbeat was not ended", extra={"why": str(error)})

    def _is_over(self) -> bool:
        return self._stopping.is_set() or (self.is_draining and not self.live)

    @property
    def _home(self) -> str:
        return home_name(self.rooms.home)

    async def _heed_stops(self) -> None:
        for attempt, reason in await asyncio.to_thread(self.store.read, _stops):
            if (running := self.live.get(attempt)) is not None:
                await running.halt(Outcome.STOPPED, reason)

    def _hand_letters(self, seen: Look) -> None:
        for attempt, ident, text, is_urgent in seen.letters:
            if (running := self.live.get(attempt)) is not None:
                running.talk.hand([Letter(ident, text, is_urgent)])

    async def _deliver_answers(self) -> None:
        if not self._answers:
            return
        for question, text, is_allowed in await asyncio.to_thread(
            self.store.read, _answered, tuple(self._answers)
        ):
            future = self._answers.get(question)
            if future is not None and not future.done():
                future.set_result(Answer(text, is_allowed))

    async def _halt_all(self) -> None:
        for running in tuple(self.live.values()):
            if self.leaves_agents and running.is_listening:
                running.let_go()
            else:
                await running.halt(Outcome.LOST, CLOSED)

    async def _is_calm(self) -> bool:
        """Return True if what woke it is nothing to an engine."""
        if self._is_urgent or self._seen is None:
            return False
        try:
            return await asyncio.to_thread(self.store.read, is_calm, self._seen.seq)
        except Unavailable:
            return False

    def _tick(self) -> float:
        due = self._seen.next_due if self._seen else None
        tick = BUSY_TICK if self.live else IDLE_TICK
        return tick if due is None else min(tick, max(0.05, due - self.store.clock()))

    def _forget(self, task: "asyncio.Task[None]") -> None:
        running = self.live.pop(task.get_name(), None)
        if running is not None and running.has_left_something:
            self._taken_over.discard(running.board.id)
        self._is_urgent = True
        self.store.wake()  # a slot is free


def _stops(rows: Rows) -> list[tuple[str, str]]:
    found = rows.rows("SELECT id, stop_reason FROM attempt WHERE state <> 'ended' AND stop_reason <> ''")
    return [(str(attempt), str(reason)) for attempt, reason in found]


def _answered(rows: Rows, questions: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    found = []
    for question in questions:
        sql = "SELECT answer, is_allowed FROM question WHERE id = :i AND answered_at IS NOT NULL"
        for text, is_allowed in rows.rows(sql, i=question):
            found.append((question, str(text), bool(is_allowed)))
    return found


async def _make_room(running: Running, reason: str) -> None:
    try:
        await running.halt(Outcome.LOST, reason, disk.GRACE_SECONDS)
    except HalfTUIError as error:  # its sandbox does not answer: it is asked again with the next look
        running.halted = None
        log.warning("an agent was not stopped", extra={"why": str(error)})
