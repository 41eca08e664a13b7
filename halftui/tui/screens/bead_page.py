"""The page on which a bead is written in full, new or again."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Input, Label, TextArea

from halftui.tui.app import half
from halftui.tui.bars import plain_hints
from halftui.tui.widgets.line import Line


@dataclass(frozen=True, slots=True)
class Written:
    """What stands on the page."""

    title: str
    description: str = ""
    acceptance: str = ""
    priority: int = 2
    labels: tuple[str, ...] = ()


class BeadPage(Screen[Written | None]):
    """Title, description, acceptance, priority, labels; None if it was left."""

    PLACE = "bead page"
    AUTO_FOCUS = "#title"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+o", "save", "save", show=False),
        Binding("escape", "leave", "back", show=False),
    ]
    DEFAULT_CSS = """
    BeadPage VerticalScroll { padding: 1 2; }
    BeadPage Label { color: $text-muted; margin: 1 0 0 0; }
    BeadPage .head { color: $primary; text-style: bold; margin: 0; }
    BeadPage Input, BeadPage TextArea {
        border: round $border; background: $background; height: 3; padding: 0 1; max-width: 110;
    }
    BeadPage TextArea { height: 1fr; min-height: 5; }
    BeadPage Input:focus, BeadPage TextArea:focus { border: heavy $primary; }
    BeadPage Horizontal { height: 4; max-width: 110; }
    BeadPage #priority { width: 16; }
    BeadPage .half { width: auto; }
    BeadPage #labels { width: 1fr; }
    BeadPage .short { margin: 1 2 0 0; }
    BeadPage.-short VerticalScroll { padding: 0 2; }
    BeadPage.-short Label { margin: 0; }
    BeadPage.-short .short { margin: 1 2 0 0; }
    BeadPage.-short TextArea { min-height: 3; }
    BeadPage.-short Horizontal { height: 3; }
    """

    def __init__(self, head: str, written: Written) -> None:
        super().__init__()
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
        self._head, self._start = head, written

    def compose(self) -> ComposeResult:
        """Return the fields."""
        start = self._start
        with VerticalScroll(can_focus=False):
            yield Label(self._head, classes="head", markup=False)
            yield Label("Title")
            yield Input(start.title, id="title", max_length=500, select_on_focus=False)
            yield Label("Description: what and why, as the agent will read it")
            yield TextArea(start.description, id="description", tab_behavior="focus", soft_wrap=True)
            yield Label("Acceptance: how everybody sees that it is done")
            yield TextArea(start.acceptance, id="acceptance", tab_behavior="focus", soft_wrap=True)
            with Horizontal():
                yield Label("Priority 0-4", classes="short")
                yield Input(
                    str(start.priority), id="priority", select_on_focus=False, restrict="[0-4]", max_length=1
                )
                yield Label("Labels", classes="short")
                yield Input(" ".join(start.labels), id="labels", select_on_focus=False)
        keys = [("^o", "save"), ("tab", "next field"), ("esc", "back without saving")]
        yield Line(lambda width: plain_hints(width, keys, half(self).inks), id="hints")

    def on_mount(self) -> None:
        """Let no cursor blink: each blink is a repaint."""
        for line in self.query(Input):
            line.cursor_blink = False
        for text in self.query(TextArea):
            text.cursor_blink = False

    def action_save(self) -> None:
        """Hand back what stands on the page."""
        title = self.query_one("#title", Input).value.strip()
        if not title:
            self.notify("say what is to be done in one line", title="a bead needs a title", markup=False)
            self.query_one("#title").focus()
            return
        description = self.query_one("#description", TextArea).text
        acceptance = self.query_one("#acceptance", TextArea).text
        priority = self.query_one("#priority", Input).value
        labels = tuple(word.lstrip("#~") for word in self.query_one("#labels", Input).value.split())
        self.dismiss(Written(title, description, acceptance, int(priority) if priority else 2, labels))

    def action_leave(self) -> None:
        """Go back without saving."""
        self.dismiss(None)

    def on_input_submitted(self) -> None:
        """Enter in a line saves."""
        self.action_save()
