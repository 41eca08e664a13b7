"""Live lines: one entrance that cleans and redacts, a ring for those who look, a journal for later.

The ring is the bounded fan-out: whoever reads too slowly misses the oldest lines and is told how
many; the agent is never held up. The journal is written in batches, all attempts in one transaction,
and with an attempt's lines how far its program's output is told by them: so the next board begins
exactly there.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from halftui.domain.actor import ENGINE
from halftui.domain.redaction import Redactor
from halftui.domain.text import clean
from halftui.errors import Conflict, Unavailable
from halftui.ops import transcripts
from halftui.ops.transcripts import Entry, Standing
from halftui.store.store import Store

if TYPE_CHECKING:
    from halftui.store.tx import Tx

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Told = list[tuple[str, str]]  # kind, text

RING = 5_000  # lines kept in memory for each live attempt
FLUSH_SECONDS = 0.2  # a transaction costs more than its lines; what a crash takes is read again
FRAME_SECONDS = 0.04  # a follower is woken at most 25 times a second
POLL_SECONDS = 0.4  # for attempts that another process runs
LONGEST = 8_192
PENDING = 50_000  # lines that wait for the database; who would bring more waits, or loses the oldest
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines in order; `missed` lines before them were dropped from the ring."""

    entries: tuple[Entry, ...]
    missed: int = 0
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """What goes into the journal of one attempt at once; `standing` is None if it has no engine."""

    attempt: str
    entries: tuple[Entry, ...]
    now: str
    standing: Standing | None


class Ring:
    """The newest lines of one live attempt."""

    def __init__(self, last: int, standing: Standing | None = None) -> None:
        self.entries: deque[Entry] = deque(maxlen=RING)
        self.last = last  # the newest line's number
        self.pending: deque[Entry] = deque(maxlen=PENDING)  # not in the journal yet
        self.standing = standing  # as told by all lines so far
        self.written = standing
        self.is_taken = False  # True once another board has the attempt: nothing is written any more
        self.now = ""
        self.changed = asyncio.Event()
        self.has_room = asyncio.Event()
        self.has_room.set()

    def page(self, attempt: str) -> Page | None:
        """Return all that is not in the journal yet, None if that is nothing."""
        if self.is_taken or (not self.pending and self.written == self.standing):
            return None
        return Page(attempt, tuple(self.pending), self.now, self.standing)

    def settle(self, page: Page) -> None:
        """Take note that a page is in the journal."""
        while self.pending and page.entries and self.pending[0][0] <= page.entries[-1][0]:
            self.pending.popleft()
        self.written = page.standing
        if len(self.pending) < PENDING // 2:
            self.has_room.set()

    def since(self, number: int) -> Batch:
        """Return the lines with a number above `number`."""
        count = min(self.last - number, len(self.entries))
        if count <= 0:
            return Batch(())
        wanted = tuple(islice(reversed(self.entries), count))[::-1]
        return Batch(wanted, missed=self.last - number - count)


class Lines:
    """All live lines of this process. `add` is called on the event loop."""

    def __init__(self, store: Store, redact: Callable[[str], str] | None = None) -> None:
        self._store = store
        self.redact = redact or Redactor()
        self._rings: dict[str, Ring] = {}
        self._stirred = asyncio.Event()
        self._writing = asyncio.Lock()

    def open(self, attempt: str, last: int = 0, standing: Standing | None = None) -> None:
        """Begin an attempt's lines after number `last`."""
        self._rings[attempt] = Ring(last, standing)

    def is_open(self, attempt: str) -> bool:
        """Return True between `open` and the end of an attempt's lines."""
        return attempt in self._rings

    def add(self, attempt: str, kind: str, text: str) -> None:
        """Take in output of an attempt, one or several lines; this is the one entrance."""
        ring = self._rings[attempt]
        at = time.time()
        for line in self.redact(clean(text, keeps_colours=kind == "out")).split("\n"):
            ring.last += 1
            entry = (ring.last, at, kind, line if len(line) <= LONGEST else line[:LONGEST] + "…")
            ring.entries.append(entry)
            ring.pending.append(entry)
        if len(ring.pending) >= PENDING // 2:
            ring.has_room.clear()
        ring.changed.set()
        self._stirred.set()

    def tell(self, attempt: str, told: Told, standing: Standing) -> None:
        """Take in output, and that with it the attempt stands so; both are kept together or not at all."""
        for kind, text in told:
            self.add(attempt, kind, text)
        self._rings[attempt].standing = standing
        self._stirred.set()

    async def room(self, attempt: str) -> None:
        """Wait until the database has kept up, so that no line has to be given up."""
        await self._rings[attempt].has_room.wait()

    async def write(
        self,
        attempt: str,
        told: Told,
        op: "Callable[Concatenate[Tx, P], R]",
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Add lines and run an op, in one transaction with all lines before; return the op's result.

        Raises what the op raises; the lines are then written later.
        """
        async with self._writing:
            for kind, text in told:
                self.add(attempt, kind, text)
            page = self._rings[attempt].page(attempt)

            def act(tx: "Tx") -> R:
                if page is not None:
                    _keep(tx, page)
                return op(tx, *args, **kwargs)

            result = await asyncio.to_thread(self._store.write, ENGINE, act)
            if page is not None and attempt in self._rings:
                self._rings[attempt].settle(page)
            return result

    def note_now(self, attempt: str, text: str) -> None:
        """Say in one line what the agent does at the moment."""
        ring = self._rings[attempt]
        ring.now = self.redact(clean(text)).partition("\n")[0][:200]

    async def close(self, attempt: str) -> None:
        """Write what is left to the journal and let go of the ring.

        Raises Unavailable if the database does not answer; what is left is lost then.
        """
        try:
            await self._flush([attempt])
        finally:
            self._rings.pop(attempt).changed.set()

    def drop(self, attempt: str) -> None:
        """Let go of the ring; what is not in the journal yet is the next board's to tell."""
        self._rings.pop(attempt).changed.set()

    async def run(self) -> None:
        """Keep the journal up to date until cancelled; what is pending then is written by `close`."""
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self._flush(list(self._rings))
            except Unavailable as error:
                log.warning("the journal waits: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._stirred.set()

    async def follow(self, attempt: str, after: int = 0) -> AsyncIterator[Batch]:
        """Yield the lines after number `after` as they come; the last batch says that it is over."""
        while True:
            ring = self._rings.get(attempt)
            if ring is not None and after >= ring.last - len(ring.entries):
                ring.changed.clear()
                batch = ring.since(after)
            else:
                ring = None
                found = await asyncio.to_thread(self._store.read, transcripts.read, attempt, after)
                batch = Batch(found.entries, is_over=found.is_over)
            if batch.entries or batch.is_over:
                after = batch.entries[-1][0] if batch.entries else after
                yield batch
            if batch.is_over:
                return
            await self._wait(attempt, ring, after, had_some=bool(batch.entries))

    async def last(self, attempt: str, most: int) -> tuple[Entry, ...]:
        """Return the newest `most` lines."""
        if most <= 0:
            return ()
        if (ring := self._rings.get(attempt)) is not None and len(ring.entries) >= min(most, ring.last):
            return tuple(ring.entries)[-most:]
        found = await asyncio.to_thread(self._store.read, transcripts.last, attempt, most)
        return found.entries

    async def before(self, attempt: str, number: int, most: int) -> tuple[Entry, ...]:
        """Return the `most` lines that stand before a number, the oldest first."""
        after = max(number - most - 1, 0)
        found = await asyncio.to_thread(self._store.read, transcripts.read, attempt, after, most)
        return tuple(entry for entry in found.entries if entry[0] < number)

    async def _wait(self, attempt: str, ring: Ring | None, after: int, *, had_some: bool) -> None:
        if ring is None:
            await asyncio.sleep(0 if had_some else POLL_SECONDS)
            return
        await asyncio.sleep(FRAME_SECONDS)
        # Another follower may have cleared the event, so it alone does not say that nothing is new.
        if ring.last <= after and self._rings.get(attempt) is ring:
            await ring.changed.wait()

    async def _flush(self, attempts: list[str]) -> None:
        """Write what is pending; after a cancellation some may be written twice, which changes nothing."""
        async with self._writing:
            rings = [(name, self._rings[name]) for name in attempts if name in self._rings]
            pages = [page for name, ring in rings if (page := ring.page(name)) is not None]
            if not pages:
                return
            taken = await asyncio.to_thread(self._store.write, ENGINE, _keep_all, pages)
            for page in pages:
                ring = self._rings.get(page.attempt)
                if ring is not None:
                    ring.is_taken = page.attempt in taken
                    ring.settle(page)


def _keep_all(tx: "Tx", pages: list[Page]) -> set[str]:
    """Put pages into the journal; return the attempts that another board has taken over."""
    taken = set()
    for page in pages:
        try:
            _meter(tx, page)
        except Conflict:
            taken.add(page.attempt)
    stretches = [(p.attempt, p.entries, p.now) for p in pages if p.attempt not in taken]
    transcripts.append_each(tx, stretches)
    return taken


def _keep(tx: "Tx", page: Page) -> None:
    _meter(tx, page)
    transcripts.append(tx, page.attempt, page.entries, page.now)


def _meter(tx: "Tx", page: Page) -> None:
    from halftui.ops import attempts  # the first frame goes without

    at = page.standing
    if at is not None:
        attempts.meter(
            tx, page.attempt, at.epoch, at.tokens_in, at.tokens_out, at.cost_usd, at.turns, at.heard
        )
