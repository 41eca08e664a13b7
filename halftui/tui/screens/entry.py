"""The sheet at the foot of the board in which one line is typed; what it means is shown below, live."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, Label

from halftui.tui.app import half
from halftui.tui.draw import Row
from halftui.tui.entry import NOBODY, Entry, lines, parse
from halftui.tui.widgets.line import Line

Chips = list[tuple[str, str]]  # words and their ink


class EntryInput(Input):
    """A line that takes a pasted list as several lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("tab", "more", "more", show=False),
    ]

    class Left(Message):
        """The person went back."""

    class More(Message):
        """The person wants the whole page."""

    class Listed(Message):
        """Several lines were pasted."""

        def __init__(self, found: list[str]) -> None:
            super().__init__()
            self.lines = found

    def on_mount(self) -> None:
        """Let the cursor not blink: each blink is a repaint."""
        self.cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        found = lines(event.text)
        if len(found) > 1:
            event.prevent_default()
            event.stop()
            self.post_message(self.Listed(found))

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(self.Left())

    def action_more(self) -> None:
        """Open the whole page."""
        self.post_message(self.More())


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: one line or a pasted list; `wants_page` if there is more to say."""

    lines: tuple[str, ...]
    wants_page: bool = False


class EntrySheet(ModalScreen[Typed | None]):
    """Asks for one line. `explain` says what it means, as chips; None if it was left."""

    PLACE = "entry"
    DEFAULT_CSS = """
    EntrySheet { background: transparent; }
    EntrySheet Vertical { height: 3; background: $panel; dock: bottom; }
    EntrySheet Horizontal { height: 1; }
    EntrySheet Label { width: auto; padding: 0 1; color: $primary; text-style: bold; }
    EntrySheet EntryInput, EntrySheet EntryInput:focus {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel; color: $foreground;
    }
    """

    def __init__(self, prompt: str, explain: Callable[[str], Chips], keys: Chips, text: str = "") -> None:
        super().__init__()
        self._text = text  # to begin with
        self._prompt, self._explain, self._keys = prompt, explain, keys

    def compose(self) -> ComposeResult:
        """Return a rule, the line, and what it means."""
        with Vertical():
            yield Line(self._rule, id="rule")
            with Horizontal():
                yield Label(self._prompt, markup=False)
                yield EntryInput(self._text, select_on_focus=False)
            yield Line(self._chips, id="chips")

    def on_input_changed(self) -> None:
        """Show what it means now."""
        self.query_one("#chips", Line).refresh()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand back the line; an empty one is as good as leaving."""
        self.dismiss(Typed((event.value.strip(),)) if event.value.strip() else None)

    def on_entry_input_listed(self, event: EntryInput.Listed) -> None:
        """Hand back the list."""
        self.dismiss(Typed(tuple(event.lines)))

    def on_entry_input_more(self) -> None:
        """Hand back the line, and that there is more to say."""
        self.dismiss(Typed((self.query_one(EntryInput).value,), wants_page=True))

    def on_entry_input_left(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _rule(self, width: int) -> Strip:
        inks = half(self).inks
        return Row(width, inks["bar"]).put("▔" * width, inks["focus"]).strip()

    def _chips(self, width: int) -> Strip:
        inks = half(self).inks
        row = Row(width, inks["bar"]).skip(1)
        keys = sum(cell_len(k) + cell_len(w) + 3 for k, w in self._keys)
        for words, ink in self._explain(self.query_one(EntryInput).value):
            if row.left - cell_len(words) >= keys:
                row.put(words, inks[ink]).skip(2)
        row.skip(row.left - keys)
        for key, words in self._keys:
            row.put(key, inks["key"]).put(f" {words}", inks["muted"]).skip(2)
        return row.strip()


def explain_bead(text: str, agents: Mapping[str, str] = NOBODY) -> Chips:
    """Return a new bead's line as chips; `agents` are ids by name in small letters."""
    entry = parse(text, agents)
    if not text.strip():
        return [("#label  !0-4 priority  >bead it waits for" + ("  @agent" if agents else ""), "muted")]
    chips: Chips = [] if entry.title else [("no title yet", "failed")]
    return chips + _parts(entry) + [(f"@{name}", "agent") for name in agents if agents[name] == entry.agent]


def _parts(entry: Entry) -> Chips:
    priority = 2 if entry.priority is None else entry.priority
    chips = [(f"P{priority}", {0: "urgent", 1: "high"}.get(priority, "muted"))]
    chips += [(f"~{label}", "label") for label in entry.labels]
    return chips + ([(f"waits {' '.join(entry.waits_for)}", "blocked")] if entry.waits_for else [])
