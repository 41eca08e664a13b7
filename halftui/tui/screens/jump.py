"""Letters over what can be seen: typing them puts the cursor there."""

from collections.abc import Sequence
from itertools import product
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from halftui.tui.app import half

LETTERS = "asdfghjklqwertyuiopzxcvbnm"  # the easy ones first


class Spot(NamedTuple):
    """A place on the screen, and what it stands for."""

    x: int
    y: int
    value: str


class JumpSheet(ModalScreen[str | None]):
    """Shows a label over each spot; its result is the value of the one that was typed, or None."""

    PLACE = "jump"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = []
    CSS = "JumpSheet { background: transparent; }"
    DEFAULT_CSS = """
    JumpSheet Static {
        position: absolute; overlay: screen; width: auto; height: 1; background: $primary; color: $background;
        text-style: bold;
    }
    """

    def __init__(self, spots: Sequence[Spot]) -> None:
        super().__init__()
        self._spots = dict(zip(labels(len(spots)), spots, strict=False))
        self._typed = ""
        self._room = Size(0, 0)

    def compose(self) -> ComposeResult:
        """Return the labels."""
        self._room = self.app.size
        look = "bold reverse" if half(self).ansi_color else ""
        for label, spot in self._spots.items():
            sign = Static(Text(label, look), markup=False)
            sign.styles.offset = (spot.x, spot.y)
            yield sign

    def on_key(self, event: events.Key) -> None:
        """Take a letter; what is no label's beginning goes back."""
        event.stop()
        event.prevent_default()
        self._typed += event.character or "\0"
        if self._typed in self._spots:
            self.dismiss(self._spots[self._typed].value)
        elif not any(label.startswith(self._typed) for label in self._spots):
            self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        """What the labels stood over is elsewhere now."""
        if event.size != self._room and self.is_current:
            self.dismiss(None)

    def on_click(self) -> None:
        """A click goes back."""
        self.dismiss(None)


def labels(count: int) -> list[str]:
    """Return so many labels: letters, or pairs of letters if there are too few; none begins another."""
    if count <= len(LETTERS):
        return list(LETTERS[:count])
    return ["".join(pair) for pair in product(LETTERS, repeat=2)][:count]
