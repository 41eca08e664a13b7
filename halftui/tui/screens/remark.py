"""A sheet to write a few lines on: a comment, a reason, an answer."""

from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

WIDE = 60  # columns


class Remark(NamedTuple):
    """What was written; if it was not sent, it is a draft to go on with."""

    text: str
    is_sent: bool


class RemarkSheet(ModalScreen[Remark]):
    """Takes some lines; `enter` sends, `^j` begins a line, `esc` leaves and keeps the text."""

    PLACE = "remark"
    AUTO_FOCUS = "TextArea"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", show=False)]
    # Over the rule for all screens; a terminal's own colours can't be mixed and would hide the board.
    CSS = "RemarkSheet { background: $background 40%; } RemarkSheet:ansi { background: transparent; }"
    DEFAULT_CSS = """
    RemarkSheet { align: center bottom; }
    RemarkSheet > Vertical {
        width: 100%; height: auto; border: heavy $primary; background: $surface; padding: 0 1;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $text-muted;
    }
    RemarkSheet Static { color: $text-muted; height: auto; max-height: 6; }
    RemarkSheet TextArea {
        height: auto; min-height: 3; max-height: 12; border: none; padding: 0; background: $surface;
    }
    RemarkSheet TextArea:focus { border: none; }
    """

    def __init__(self, title: str, about: str = "", text: str = "", sends: str = "send") -> None:
        super().__init__()
        self._title, self._about, self._text, self._sends = title, about, text, sends

    def compose(self) -> ComposeResult:
        """Return what it is about, and the field."""
        with Vertical() as sheet:
            if self._about:
                yield Static(self._about, markup=False)
            yield Field(self._text, soft_wrap=True, show_line_numbers=False, tab_behavior="focus")
        sheet.border_title = Content(self._title)
        kept = " · ^j new line · esc leave, text kept" if self.app.size.width >= WIDE else " · esc leave"
        sheet.border_subtitle = Content(f"enter {self._sends}{kept}")

    def on_mount(self) -> None:
        """Go on at the end of a draft."""
        field = self.query_one(Field)
        field.move_cursor(field.document.end)

    def action_leave(self) -> None:
        """Close; the text is a draft."""
        self.dismiss(Remark(self.query_one(Field).text, is_sent=False))

    def on_field_sent(self) -> None:
        """Close with the text; an empty one is not sent."""
        text = self.query_one(Field).text.strip()
        self.dismiss(Remark(text, is_sent=bool(text)))


class Field(TextArea):
    """Several lines of text; `enter` sends them."""

    class Sent(Message):
        """The text is finished."""

    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "ctrl+j"):
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self.post_message(self.Sent())
            else:
                self.insert("\n")
            return
        await super()._on_key(event)
