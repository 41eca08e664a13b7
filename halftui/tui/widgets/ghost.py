"""The ghost: what is dragged, beside the pointer, with the words of what releasing it would do."""

from rich.style import Style
from textual.geometry import Offset
from textual.strip import Strip
from textual.widget import Widget

from halftui.domain.shown import Card
from halftui.tui.cards import mark
from halftui.tui.draw import Row
from halftui.tui.themes import Inks
from halftui.tui.widgets.gliding import glide

WIDTH, HEIGHT = 44, 2
BESIDE = (2, 2)  # from the pointer; the marker is at most one row from it and stays in sight


class Ghost(Widget):
    """Cards in the air."""

    ALLOW_SELECT = False
    DEFAULT_CSS = f"""
    Ghost {{ position: absolute; overlay: screen; }}
    Ghost {{ width: {WIDTH}; max-width: 100%; height: {HEIGHT}; }}
    """

    def __init__(self, inks: Inks) -> None:
        super().__init__(id="ghost")
        self.display = False
        self.inks = inks
        self._cards: tuple[Card, ...] = ()
        self._words = ""
        self._is_refused = False

    def rise(self, cards: tuple[Card, ...]) -> None:
        """Appear with these cards."""
        self._cards, self._words, self._is_refused = cards, "", False
        self.display = True

    def fall(self) -> None:
        """Disappear."""
        self.display = False

    def follow(self, x: int, y: int) -> None:
        """Go beside the pointer, as far as the screen allows."""
        width, height = self.app.size
        left = max(min(x + BESIDE[0], width - WIDTH), 0)
        up = y + BESIDE[1] if y + BESIDE[1] + HEIGHT <= height else y - BESIDE[1] - HEIGHT + 1
        glide(self, Offset(left, max(up, 0)))

    def say(self, words: str, *, is_refused: bool) -> None:
        """Say what releasing does."""
        if (words, is_refused) != (self._words, self._is_refused):
            self._words, self._is_refused = words, is_refused
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a row of it."""
        inks = self.inks
        row = Row(self.size.width, inks["ground"] + inks["chosen"]).put("▌", inks["focus"])
        if y == 0 and self._cards:
            sign, ink = mark(self._cards[0])
            more = f"+{len(self._cards) - 1} " if len(self._cards) > 1 else ""
            row.put(sign, inks[ink]).skip(1).put(more, inks["focus"])
            return row.put(self._cards[0].title, inks["strong"]).strip()
        ink = "failed" if self._is_refused else "text"
        words = f"✗ {self._words}" if self._is_refused else self._words
        return row.skip(2).put(words, inks[ink] + Style(bold=self._is_refused)).strip()
