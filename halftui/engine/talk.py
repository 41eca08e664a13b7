"""What people say to one running agent: carried to its program in order, once each."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from halftui.errors import HalfTUIError
from halftui.runtime.base import Letter, Speaker

log = logging.getLogger(__name__)


@dataclass
class Talk:
    """The way of letters into one attempt; `was_adopted`: an earlier board may have sent the first ones."""

    was_adopted: bool = False
    _letters: "asyncio.Queue[Letter]" = field(default_factory=asyncio.Queue)
    _known: set[str] = field(default_factory=set)
    _speaker: Speaker | None = None
    _hears: asyncio.Event = field(default_factory=asyncio.Event)

    def attend(self, speaker: Speaker | None) -> None:
        """Take note of who passes letters on to the program; None: it hears nothing now."""
        self._speaker = speaker
        if speaker is None:
            self._hears.clear()
        else:
            self._hears.set()

    def hand(self, letters: Sequence[Letter]) -> None:
        """Take letters to be carried; one that is known already is not taken again."""
        for letter in letters:
            if letter.ident not in self._known:
                self._known.add(letter.ident)
                # One that an earlier board sent may be at work now: it must not be broken off for itself.
                self._letters.put_nowait(replace(letter, is_urgent=letter.is_urgent and not self.was_adopted))
        self.was_adopted = False

    async def carry(self) -> None:
        """Carry letters until cancelled; what the program does not take is told at the next start."""
        while True:
            letter = await self._letters.get()
            await self._hears.wait()
            try:
                if self._speaker is not None:
                    await self._speaker.say(letter)
            except HalfTUIError as error:
                log.warning("a message was not passed on", extra={"why": str(error)})
