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


async def keep(store: Store, lines: Lines, live: Mapping[str, Worker], patience: Patience) -> None:
    """Do what is due about each agent of this engine that was quiet for long, or is not any more."""
    for one in await asyncio.to_thread(store.read, vigils.watched):
        worker = live.get(one.attempt)
        reached = vigil.stage(one.quiet, patience)
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
