"""Live lines: one entrance that cleans and redacts, a ring for those who look, a journal for later.

The ring is the bounded fan-out: whoever reads too slowly misses the oldest lines and is told how
many; the agent is never held up. The journal is written in batches.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from halftui.domain.actor import ENGINE
from halftui.domain.redaction import Redactor
from halftui.domain.text import clean
from halftui.errors import Unavailable
from halftui.ops import transcripts
from halftui.ops.transcripts import Entry
from halftui.store.store import Store

log = logging.getLogger(__name__)

RING = 5_000  # lines kept in memory for each live attempt
FLUSH_SECONDS = 0.15  # a transaction costs more than its lines
FRAME_SECONDS = 0.04  # a follower is woken at most 25 times a second
POLL_SECONDS = 0.4  # for attempts that another process runs
LONGEST = 8_192
PENDING = 50_000  # lines kept while the database does not answer; beyond that the oldest are lost
BATCH = 2_000  # lines a transaction
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines in order; `missed` lines before them were dropped from the ring."""

    entries: tuple[Entry, ...]
    missed: int = 0
    is_over: bool = False


class Ring:
    """The newest lines of one live attempt."""

    def __init__(self, last: int) -> None:
        self.entries: deque[Entry] = deque(maxlen=RING)
        self.last = last  # the newest line's number
        self.pending: deque[Entry] = deque(maxlen=PENDING)  # not in the journal yet
        self.now = ""
        self.changed = asyncio.Event()

    def since(self, number: int) -> Batch:
        """Return the lines with a number above `number`."""
        count = min(self.last - number, len(self.entries))
        if count <= 0:
            return Batch(())
        start = len(self.entries) - count
        wanted = tuple(self.entries[i] for i in range(start, len(self.entries)))
        return Batch(wanted, missed=self.last - number - count)


class Lines:
    """All live lines of this process. `add` is called on the event loop."""

    def __init__(self, store: Store, redact: Callable[[str], str] | None = None) -> None:
        self._store = store
        self.redact = redact or Redactor()
        self._rings: dict[str, Ring] = {}
        self._stirred = asyncio.Event()
        self._writing = asyncio.Lock()

    def open(self, attempt: str, last: int = 0) -> None:
        """Begin an attempt's lines after number `last`."""
        self._rings[attempt] = Ring(last)

    def add(self, attempt: str, kind: str, text: str) -> None:
        """Take in output of an attempt, one or several lines; this is the one entrance."""
        ring = self._rings[attempt]
        at = time.time()
        for line in self.redact(clean(text, keeps_colours=kind == "out")).split("\n"):
            ring.last += 1
            entry = (ring.last, at, kind, line if len(line) <= LONGEST else line[:LONGEST] + "…")
            ring.entries.append(entry)
            ring.pending.append(entry)
        ring.changed.set()
        self._stirred.set()

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

    async def _wait(self, attempt: str, ring: Ring | None, after: int, *, had_some: bool) -> None:
        if ring is None:
            await asyncio.sleep(0 if had_some else POLL_SECONDS)
            return
        await asyncio.sleep(FRAME_SECONDS)
        # Another follower may have cleared the event, so it alone does not say that nothing is new.
        if ring.last <= after and self._rings.get(attempt) is ring:
            await ring.changed.wait()

    async def _flush(self, attempts: Sequence[str]) -> None:
        """Write the pending lines; after a cancellation some may be written twice, which changes nothing.

        All attempts' lines go in one transaction, whose cost is larger than theirs.
        """
        async with self._writing:
            while batches := self._batches(attempts):
                stretches = [(attempt, batch, ring.now) for attempt, ring, batch in batches]
                await asyncio.to_thread(self._store.write, ENGINE, transcripts.append_each, stretches)
                for _, ring, batch in batches:
                    while ring.pending and ring.pending[0][0] <= batch[-1][0]:
                        ring.pending.popleft()
                if all(len(batch) < BATCH for _, _, batch in batches):
                    return  # what came meanwhile waits for the next time, else slow disks never rest

    def _batches(self, attempts: Sequence[str]) -> list[tuple[str, Ring, tuple[Entry, ...]]]:
        found = [(a, self._rings[a]) for a in attempts if a in self._rings]
        return [(a, ring, tuple(islice(ring.pending, BATCH))) for a, ring in found if ring.pending]
