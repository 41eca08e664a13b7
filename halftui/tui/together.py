"""What screens tell each other in one process: who is there, whose cursor stands where, who answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.dom import DOMNode

if TYPE_CHECKING:
    from halftui.service.presence import Looker
    from halftui.tui.app import HalfApp

STIR_SECONDS = 0.2  # how late others' cursors are drawn


class Company:
    """One app among the others of the process; until it arrives it is alone."""

    def __init__(self, app: HalfApp) -> None:
        self._app = app
        self._looker: Looker | None = None
        self._is_stirred = False
        self._is_whole = False  # more than cursors changed
        self._beads: set[str] = set()  # where cursors were or are

    def arrive(self) -> None:
        """Join the others."""
        person, presence = self._app.service.actor.name, self._app.service.presence
        self._looker = presence.arrive(person, self._app.board, self._stir, self._hear)
        self._app.call_after_refresh(self.look)

    def leave(self) -> None:
        """Leave the others."""
        if self._looker is not None:
            self._app.service.presence.leave(self._looker)

    @property
    def names(self) -> tuple[str, ...]:
        """The others who look at this board."""
        return self._looker.names if self._looker is not None else ()

    def at(self, bead: str) -> str:
        """Return the initials of the others whose cursors stand on a bead."""
        return self._looker.at(bead) if self._looker is not None else ""

    def look(self) -> None:
        """Let the others see where the cursor stands on the board."""
        if self._looker is not None and self._app.screen_stack:
            card = getattr(self._app.screen_stack[0], "card", None)
            self._looker.look(card.id if card is not None else "")

    def answer(self, question: str) -> None:
        """Let the others see that this person has a question open; "" ends that."""
        if self._looker is not None and self._app.may("question.answer"):
            self._looker.do(question)

    def answering(self, question: str) -> str:
        """Return who else has a question open, as `ann is answering`, or nothing."""
        names = self._looker.who(question) if self._looker is not None else ""
        return f"{names} {'are' if ',' in names else 'is'} answering" if names else ""

    def _stir(self, beads: tuple[str, ...]) -> None:
        self._beads.update(beads)
        self._is_whole = self._is_whole or not beads
        if not self._is_stirred:
            self._is_stirred = True
            asyncio.get_running_loop().call_later(STIR_SECONDS, self._draw)  # another's app calls this

    def _draw(self) -> None:
        beads, is_whole = frozenset(self._beads), self._is_whole
        self._beads.clear()
        self._is_stirred = self._is_whole = False
        if not self._app.is_running:
            return
        if is_whole:
            self._app.redraw()
        if beads and (lanes := getattr(self._app.screen_stack[0], "lanes", None)) is not None:
            with self._app._context():
                lanes.touch(beads)

    def _hear(self, title: str, words: str) -> None:
        self._app.call_later(self._app.say, words, title)


def initials(node: DOMNode, bead: str) -> str:
    """Return the initials of the others whose cursors stand on a bead; widgets may have another app."""
    found: Company | None = getattr(node.app, "company", None)
    return found.at(bead) if found is not None else ""
