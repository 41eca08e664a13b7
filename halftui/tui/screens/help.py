"""The keys of a place, made from the registry."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from halftui.tui.app import half
from halftui.tui.keys import GROUPS, Action, shown
from halftui.tui.themes import Inks
from halftui.tui.widgets.cells import broken

MARKS = (
    ("○", "ready", "ready"), ("▶", "working", "at work"), ("?", "asking", "asks you"),
    ("◌", "blocked", "waits for others"), ("‖", "blocked", "held"), ("✓", "review", "handed in, done"),
    ("✗", "failed", "failed"), ("◆", "focus", "marked"),
)  # fmt: skip


WIDE, FRAME, KEYS = 84, 7, 12  # cells: of the page, of its frame and scrollbar, of the keys


class HelpScreen(ModalScreen[None]):
    """Every key that holds in a place, and what the marks mean."""

    PLACE = "help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "leave", "back", show=False),
        Binding("j,down", "down", show=False),
        Binding("k,up", "up", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen VerticalScroll {
        width: 84; max-width: 100%; height: auto; max-height: 92%; padding: 1 2;
        scrollbar-size-vertical: 1;
        background: $surface; border: round $primary; border-subtitle-color: $text-muted;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        """Return the groups."""
        with VerticalScroll() as scroll:
            scroll.border_title = "Keys"
            scroll.border_subtitle = "esc back"
            yield Static(self._words())

    def on_resize(self) -> None:
        """Break the lines for the new width."""
        self._dress()

    def on_mount(self) -> None:
        """Let the keys scroll it."""
        self.query_one(VerticalScroll).focus()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())

    def _dress(self) -> None:
        self.query_one(Static).update(self._words())

    def _words(self) -> Text:
        inks = half(self).inks
        actions = sorted(self._actions, key=lambda a: GROUPS.index(a.group))
        text, room = Text(), min(WIDE, self.app.size.width) - FRAME
        for group in dict.fromkeys(a.group for a in actions):
            text.append(f"{group}\n", inks["heading"])
            _group(text, [a for a in actions if a.group == group], inks, room)
            text.append("\n")
        text.append("Marks\n", inks["heading"])
        for sign, ink, words in MARKS:
            text.append(f"  {sign}", inks[ink]).append(f"  {words}\n", inks["text"])
        return text

    def action_down(self) -> None:
        """Further."""
        self.query_one(VerticalScroll).scroll_down()

    def action_up(self) -> None:
        """Back."""
        self.query_one(VerticalScroll).scroll_up()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)


def _group(text: Text, actions: Sequence[Action], inks: Inks, room: int) -> None:
    for each in actions:
        keys = " ".join(shown(k) for k in each.held)
        text.append(f"  {keys:<{KEYS}}", inks["key"])
        for number, (a, b) in enumerate(broken(each.does, max(room - KEYS - 3, 8), at_words=True)):
            text.append(f"{' ' * (KEYS + 2) if number else ''} {each.does[a:b]}\n", inks["text"])
