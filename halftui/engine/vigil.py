"""Keeps the vigil over agents that use no tool: warns, tells a person, stops."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from halftui.domain import vigil
from halftui.domain.actor import PATROL
from halftui.domain.happenings import Happening, Printed, Retrying, Returned, Said, Used
from halftui.domain.vigil import MINUTE, Patience, Stage
from halftui.ops import vigils
from halftui.ops.vigils import Watched
from halftui.service.lines import Lines
from halftui.store.store import Store

log = logging.getLogger(__name__)

SLEEP_SECONDS = 60.0  # by which the clock is ahead of the time that went by here: the machine slept


class Worker(Protocol):
    """What the vigil needs to know of an attempt that this engine runs."""

    @property
    def uses_tools(self) -> bool: ...


def stirs(happening: Happening, *, uses_tools: bool) -> bool:
    """Return True if this is a sign of work, or of waiting for the provider, which is no idleness.

    A program that tells of no tools shows by its output that it works.
    """
    signs = (Used, Returned, Retrying) if uses_tools else (Printed, Said, Used, Returned, Retrying)
    return isinstance(happening, signs)


class Awake:
    """For how long somebody has listened: while no engine ran, or its machine slept, nobody was quiet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = self._now()
        self._since = self._last[1]

    def seconds(self) -> float:
        """Return the seconds since the engine began, its machine woke up, or its clock was set."""
        then, self._last = self._last, self._now()
        if (self._last[0] - then[0]) - (self._last[1] - then[1]) > SLEEP_SECONDS:
            self._since = self._last[1]
        return self._last[1] - self._since

    def _now(self) -> tuple[float, float]:
        return self._store.clock(), self._store.flow()


async def keep(
    store: Store, lines: Lines, live: Mapping[str, Worker], patience: Patience, awake: float
) -> None:
    """Do what is due about each agent of this engine that was quiet for long, or is not any more.

    Nobody is quiet for longer than those `awake` seconds; what was done about it before stands.
    """
    for one in await asyncio.to_thread(store.read, vigils.watched):
        worker = live.get(one.attempt)
        so_far = min(one.stage, vigil.stage(one.quiet, patience))
        reached = max(so_far, vigil.stage(min(one.quiet, awake), patience))
        if worker is not None and reached != one.stage:
            await _act(store, lines, one, reached, _sentence(reached, patience, uses_tools=worker.uses_tools))


async def _act(store: Store, lines: Lines, one: Watched, stage: Stage, sentence: str) -> None:
    log.info("vigil", extra={"attempt": one.attempt, "stage": stage.name, "quiet": round(one.quiet)})
    reason = f"{one.agent}: {sentence}" if stage is Stage.TOLD else sentence
    if sentence and lines.is_open(one.attempt):
        lines.add(one.attempt, "note", sentence)
        lines.note_now(one.attempt, sentence)
    await asyncio.to_thread(store.write, PATROL, vigils.watch, one.attempt, stage, reason)


def _sentence(stage: Stage, patience: Patience, *, uses_tools: bool) -> str:
    minutes = {Stage.WARNED: patience.warn, Stage.TOLD: patience.tell, Stage.STOPPED: patience.stop}
    return vigil.sentence(minutes[stage] * MINUTE, uses_tools=uses_tools) if stage in minutes else ""
