"""A plain page to change a bead's texts."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static, TextArea

from halftui.domain.shown import Detail
from halftui.errors import HalfTUIError
from halftui.tui.app import HalfApp, half
from halftui.tui.draw import Row
from halftui.tui.screens.confirm import Confirm
from halftui.tui.widgets.line import Line

KEYS = (("^s", "save"), ("tab", "next field"), ("esc", "leave"))


class EditScreen(Screen[bool]):
    """Title, description and acceptance; its result is True if they were saved."""

    PLACE = "edit"
    AUTO_FOCUS = "#title"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", "save", show=False),
        Binding("escape", "leave", "leave", show=False),
    ]
    DEFAULT_CSS = """
    EditScreen VerticalScroll { padding: 0 1; border: heavy $primary; }
    EditScreen Static { color: $text-muted; margin: 1 0 0 0; }
    EditScreen Input, EditScreen TextArea { border: none; background: $surface; padding: 0 1; }
    EditScreen Input { height: 1; }
    EditScreen TextArea { height: auto; min-height: 4; max-height: 14; }
    EditScreen Input:focus, EditScreen TextArea:focus { border: none; background: $panel; }
    """

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self._detail = detail
        self._first = {
            "title": detail.card.title,
            "description": detail.description,
            "acceptance": detail.acceptance,
        }

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    def compose(self) -> ComposeResult:
        """Return three fields."""
        with VerticalScroll(can_focus=False) as page:
            yield Static("Title", markup=False)
            yield Input(self._first["title"], id="title")
            for name in ("description", "acceptance"):
                yield Static(name.title(), markup=False)
                yield TextArea(self._first[name], id=name, soft_wrap=True, tab_behavior="focus")
        page.border_title = Content(f"Edit {self._detail.card.id}")
        yield Line(self._hints, id="hints")

    @property
    def fields(self) -> dict[str, str]:
        """What was changed."""
        now = {
            "title": self.query_one("#title", Input).value,
            "description": self.query_one("#description", TextArea).text,
            "acceptance": self.query_one("#acceptance", TextArea).text,
        }
        return {name: text for name, text in now.items() if text != self._first[name]}

    def on_input_submitted(self) -> None:
        """Go on to the next field."""
        self.focus_next()

    @work(group="save", exclusive=True)
    async def action_save(self) -> None:
        """Save what was changed, unless somebody else changed it meanwhile."""
        fields = self.fields
        if fields:
            from halftui.ops import beads

            card = self._detail.card
            try:
                await self.half.ask(
                    lambda: self.half.service.write(beads.edit, card.id, card.version, **fields)
                )
            except HalfTUIError as error:
                self.half.refuse(error)
                return
            await self.half.renew()
        self.dismiss(bool(fields))

    @work(group="save", exclusive=True)
    async def action_leave(self) -> None:
        """Leave; asks first if something would be lost."""
        if not self.fields or await self.app.push_screen_wait(
            Confirm("Leave without saving?", f"Changed: {', '.join(self.fields)}", "Leave")
        ):
            self.dismiss(False)

    def _hints(self, width: int) -> Strip:
        row = Row(width).skip(1)
        for key, label in KEYS:
            row.put(key, self.half.inks["key"]).put(f" {label}", self.half.inks["muted"]).skip(2)
        return row.strip()
