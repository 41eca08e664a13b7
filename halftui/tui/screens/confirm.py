"""A question before something is lost: what, what is lost, and No unless said otherwise."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from halftui.tui.app import half


class Confirm(ModalScreen[bool]):
    """Asks; its result is True only for a plain yes."""

    PLACE = "confirm"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False),
        Binding("n,enter,escape", "answer(False)", "no", show=False),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm > Vertical {
        width: 64; max-width: 94%; height: auto; padding: 1 2;
        background: $surface; border: round $warning;
    }
    Confirm .asked { text-style: bold; }
    Confirm .loss { color: $text-muted; margin: 1 0 0 0; }
    Confirm Horizontal { height: 1; margin: 1 0 0 0; align-horizontal: right; }
    Confirm .choice { width: auto; margin: 0 0 0 3; }
    """

    def __init__(self, asked: str, loss: str = "", yes: str = "Yes") -> None:
        super().__init__()
        self._asked, self._loss, self._yes = asked, loss, yes

    def compose(self) -> ComposeResult:
        """Return the words and two choices."""
        with Vertical():
            yield Static(self._asked, classes="asked", markup=False)
            if self._loss:
                yield Static(self._loss, classes="loss", markup=False)
            with Horizontal():
                yield Static(classes="choice", id="no")
                yield Static(classes="choice", id="yes")

    def on_mount(self) -> None:
        """Write the choices, in the colours of the theme that is worn."""
        self._dress()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())

    def _dress(self) -> None:
        key = half(self).inks["key"]
        self.query_one("#no", Static).update(Text.assemble(("n", key), " No (enter)"))
        self.query_one("#yes", Static).update(Text.assemble(("y", key), f" {self._yes}"))

    def action_answer(self, is_yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(is_yes)

    def on_click(self, event: events.Click) -> None:
        """A click on a choice is that choice, and one beside the question is a No."""
        if event.widget is self or (event.widget is not None and event.widget.id in ("no", "yes")):
            self.dismiss(event.widget is not self and event.widget.id == "yes")


def leaving(names: Sequence[str]) -> Confirm:
    """Return the question whether to leave while agents of those names work."""
    asked = f"Leave while {', '.join(names)} {'is' if len(names) == 1 else 'are'} at work?"
    loss = "They stop; their branches are kept and the beads go on at the next start."
    return Confirm(asked, loss, "Leave")
