"""A question before something is lost: what, what is lost, and No unless said otherwise."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Confirm(ModalScreen[bool]):
    """Asks; its result is True only for a plain yes."""

    PLACE = "confirm"
    AUTO_FOCUS = "#no"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", show=False),
        Binding("n,escape", "answer(False)", "no", show=False),
        Binding("left,up,h,k", "app.focus_previous", show=False),
        Binding("right,down,l,j", "app.focus_next", show=False),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm > Vertical {
        width: 64; max-width: 94%; height: auto; padding: 1 2;
        background: $surface; border: round $warning;
    }
    Confirm .asked { text-style: bold; }
    Confirm .loss { color: $text-muted; margin: 1 0 0 0; }
    Confirm Horizontal { height: auto; margin: 1 0 0 0; align-horizontal: right; }
    Confirm Button {
        min-width: 10; margin: 0 0 0 2; border: none; height: 1;
        background: $panel; color: $foreground; text-style: none;
    }
    Confirm Button:focus { background: $primary; color: $background; text-style: bold; }
    Confirm Button:ansi { background: ansi_default; color: ansi_default; }
    Confirm Button:ansi:focus { text-style: bold reverse; }
    """

    def __init__(self, asked: str, loss: str = "", yes: str = "Yes") -> None:
        super().__init__()
        self._asked, self._loss, self._yes = asked, loss, yes

    def compose(self) -> ComposeResult:
        """Return the words and two buttons, No first."""
        with Vertical():
            yield Static(self._asked, classes="asked", markup=False)
            if self._loss:
                yield Static(self._loss, classes="loss", markup=False)
            with Horizontal():
                yield Button("n  No", id="no")
                yield Button(f"y  {self._yes}", id="yes")

    def action_answer(self, is_yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(is_yes)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Close with the pressed answer."""
        self.dismiss(event.button.id == "yes")

    def on_click(self, event: events.Click) -> None:
        """A click beside the question is a No."""
        if event.widget is self:
            self.dismiss(False)
