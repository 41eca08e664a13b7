"""A menu at the pointer or the cursor: choices with their keys, one of which is taken."""

from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from halftui.tui import draw
from halftui.tui.app import half
from halftui.tui.draw import PLAIN, Row

WIDEST, NARROWEST = 78, 24
ROOM = 2  # rows above and below that stay visible


class Choice(NamedTuple):
    """One line of a menu; `key` takes it at once if it is a single character."""

    value: str
    words: str
    key: str = ""
    ink: str = "text"
    short: str = ""  # words for where there is no room


class Menu(ModalScreen[str | None]):
    """Lets a person take one of some choices; its result is the value of that, None if none.

    One that `narrows` leaves those that hold what is typed. `turned` hears each value that the cursor
    comes to, for a preview.
    """

    PLACE = "menu"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("enter", "take", "take", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("up", "move(-1)", "up", show=False),
    ]
    CSS = "Menu { background: transparent; }"

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice],
        at: tuple[int, int] | None = None,
        *,
        chosen: str = "",
        turned: Callable[[str], None] | None = None,
        narrows: bool = False,
    ) -> None:
        super().__init__()
        self._all, self._narrows, self._typed = tuple(choices), narrows, ""
        self._title, self._choices, self._at, self._turned = title, tuple(choices), at, turned
        values = [c.value for c in choices]
        self._cursor = values.index(chosen) if chosen in values else 0

    def compose(self) -> ComposeResult:
        """Return the frame."""
        yield MenuBox(self._title, self._choices, "type to narrow · esc" if self._narrows else "esc")

    def on_mount(self) -> None:
        """Stand where there is room."""
        self.query_one(MenuBox).turn(self._cursor)
        self._stand(self.app.size.width, self.app.size.height)

    def on_resize(self, event: events.Resize) -> None:
        """Stand in the new room."""
        self._stand(event.size.width, event.size.height)

    def _stand(self, width: int, height: int) -> None:
        box = self.query_one(MenuBox)
        wide, high = min(box.wanted, width), min(len(self._choices) + 2, height - ROOM)
        x, y = self._at or ((width - wide) // 2, (height - high) // 2)
        box.styles.width, box.styles.height = wide, high
        box.styles.offset = (max(min(x, width - wide), 0), max(min(y, height - high), 0))

    def on_key(self, event: events.Key) -> None:
        """A choice's own key takes it; j and k move where they are no choice's, unless letters narrow."""
        if self._narrows:
            if event.key == "backspace" or (event.character and event.is_printable):
                event.stop()
                self._narrow(
                    self._typed[:-1] if event.key == "backspace" else self._typed + str(event.character)
                )
            return
        found = next((c for c in self._choices if event.character and c.key == event.character), None)
        if found is not None:
            event.stop()
            self.dismiss(found.value)
        elif event.character in ("j", "k"):
            event.stop()
            self.action_move(1 if event.character == "j" else -1)

    def _narrow(self, typed: str) -> None:
        """Leave the choices that hold every word of what is typed."""
        self._typed, words = typed, typed.casefold().split()
        self._choices = tuple(c for c in self._all if all(w in c.words.casefold() for w in words))
        self._cursor = 0
        self.query_one(MenuBox).show(self._choices, f"{self._title}  {typed}" if typed else self._title)
        self._stand(self.app.size.width, self.app.size.height)

    def on_click(self, event: events.Click) -> None:
        """A click beside the menu closes it."""
        if event.widget is self:
            self.dismiss(None)

    def on_mouse_scroll_down(self) -> None:
        """The wheel moves the cursor, not around the ends."""
        if self._cursor + 1 < len(self._choices):
            self.action_move(1)

    def on_mouse_scroll_up(self) -> None:
        """The other way."""
        if self._cursor:
            self.action_move(-1)

    def on_menu_box_taken(self, event: "MenuBox.Taken") -> None:
        """A click on a choice takes it."""
        self.dismiss(self._choices[event.index].value)

    def action_move(self, by: int) -> None:
        """Move the cursor, around the ends."""
        if not self._choices:
            return
        self._cursor = (self._cursor + by) % len(self._choices)
        self.query_one(MenuBox).turn(self._cursor)
        if self._turned is not None:
            self._turned(self._choices[self._cursor].value)

    def action_take(self) -> None:
        """Take the choice under the cursor."""
        if self._choices:
            self.dismiss(self._choices[self._cursor].value)

    def action_leave(self) -> None:
        """Take none."""
        self.dismiss(None)


class MenuBox(Widget):
    """The choices in a frame."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "MenuBox { position: absolute; }"

    class Taken(Message):
        """A choice was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, title: str, choices: Sequence[Choice], note: str) -> None:
        super().__init__()
        self._title, self._choices, self._note = title, choices, note
        self._cursor = self._top = 0
        self._keys = max((cell_len(c.key) for c in choices), default=0)

    @property
    def wanted(self) -> int:
        """How wide it would like to be."""
        words = max((cell_len(c.words) for c in self._choices), default=0)
        return min(max(words + self._keys + 7, cell_len(self._title) + 8, NARROWEST), WIDEST)

    def show(self, choices: Sequence[Choice], title: str) -> None:
        """Show other choices, from the first one, as wide as before."""
        self._title, self._choices = title, choices
        self.turn(0)

    def turn(self, cursor: int) -> None:
        """Put the cursor on a choice."""
        self._cursor = cursor
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a row of it."""
        inks, (width, height) = half(self).inks, self.size
        edge = inks["focus"]
        rows = max(height - 2, 1)
        self._top = max(min(self._top, self._cursor), self._cursor - rows + 1)
        if y == 0:
            strip = draw.top(width, self._title, inks["heading"], edge, is_heavy=False)
        elif y == height - 1:
            left = len(self._choices) - self._top - rows
            note = f"↓ {left} more · {self._note}" if left > 0 else self._note
            strip = draw.bottom(width, note, inks["muted"], edge, is_heavy=False)
        else:
            strip = draw.framed(self._choice(self._top + y - 1, width - 2), edge, is_heavy=False)
        return strip.apply_style(inks["bar"])

    def _choice(self, index: int, width: int) -> Strip:
        inks = half(self).inks
        if index >= len(self._choices):
            return Strip.blank(width)
        each, is_here = self._choices[index], index == self._cursor
        row = Row(width, inks["chosen"] if is_here else PLAIN).put("▌" if is_here else " ", inks["focus"])
        if self._keys:
            row.put(each.key.ljust(self._keys), inks["key"]).skip(2)
        words = each.short if each.short and cell_len(each.words) > row.left else each.words
        return row.put(words, inks[each.ink]).strip()

    def on_click(self, event: events.Click) -> None:
        """Take the choice under the pointer."""
        index = self._top + event.y - 1
        if 0 < event.y < self.size.height - 1 and index < len(self._choices):
            event.stop()
            self.post_message(self.Taken(index))
