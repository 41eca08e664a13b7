"""A bead's page: what is wanted, what happened, what it waits for, and every attempt at it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import Detail, Happened, Snapshot
from halftui.errors import HalfTUIError, NotFound
from halftui.ops import views
from halftui.tui import bars
from halftui.tui.app import HalfApp, half
from halftui.tui.draw import Row
from halftui.tui.keys import Action, bindings
from halftui.tui.screens import output, page
from halftui.tui.screens.page import Told
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.pane import LinePane
from halftui.tui.widgets.told import Page

if TYPE_CHECKING:
    from halftui.ops.trials import TrialRow

TABS = ("Spec", "Activity", "Deps", "Attempts")

ACTIONS: tuple[Action, ...] = (
    Action("detail.next_tab", "],tab", "tab", "Go to the next tab", "detail", 1),
    Action("detail.previous_tab", "[,shift+tab", "tab before", "Go to the tab before", "detail", 9),
    Action("detail.edit", "e", "edit", "Change its title, description, acceptance", "detail", 2),
    Action("detail.editor", "E", "editor", "Change its words in your own editor", "detail", 6),
    Action("detail.review", "d", "review", "Look at its changes", "detail", 3),
    Action("detail.output", "o", "output", "What its newest agent printed", "detail", 3),
    Action("detail.answer", "a", "answer", "Answer its agent", "detail", 4),
    Action("detail.comment", "c", "comment", "Say something about it; its next agent reads it", "detail", 4),
    Action("detail.open", "enter", "open", "Open the attempt or bead under the cursor", "detail", 2),
    Action("detail.leave", "escape", "back", "Back to where you were", "detail", 1),
)


class DetailScreen(Screen[None]):
    """Everything about one bead."""

    PLACE = "detail"
    AUTO_FOCUS = "Page"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("detail", ACTIONS))
    DEFAULT_CSS = """
    DetailScreen #frame {
        border: heavy $primary; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $text-muted; background: $background;
    }
    DetailScreen #detail-tabs { margin: 0 0 1 0; }
    """

    def __init__(self, bead: str) -> None:
        super().__init__()
        self.bead = bead
        self._detail: Detail | None = None
        self._events: tuple[Happened, ...] = ()
        self._trial: TrialRow | None = None
        self._tab = 0
        self._seq = -1

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    def compose(self) -> ComposeResult:
        """Return header, tabs, page, hints."""
        yield Line(self._header, id="header")
        with Vertical(id="frame"):
            yield Line(self._tabs, id="detail-tabs")
            yield Page()
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Read the bead."""
        self._page = self.query_one(Page)
        self._frame = self.query_one("#frame", Vertical)
        self._frame.border_title = Content(self.bead)
        self.app.theme_changed_signal.subscribe(self, lambda _: self.refresh(recompose=False))
        self._read()

    def show(self, snapshot: Snapshot) -> None:
        """Read again if something happened."""
        if self.is_mounted:
            self.query_one("#header", Line).refresh()
            if snapshot.seq != self._seq:
                self._read()

    @work(group="reading", exclusive=True)
    async def _read(self) -> None:
        self._seq = self.half.snapshot.seq if self.half.snapshot else -1
        try:
            detail = await self.half.ask(self.half.service.read, views.bead, self.bead)
            happened = await self.half.ask(self.half.service.read, views.events, 0, self.bead)
            found = await self.half.ask(self._newest_trial, detail.board)
        except HalfTUIError as error:
            self.half.refuse(error)
            if isinstance(error, NotFound):
                self.dismiss()
            return
        is_first = self._detail is None
        self._detail, self._events, self._trial = detail, happened, found
        self._present(keeps_place=not is_first)

    def _newest_trial(self, board: str) -> "TrialRow | None":
        from halftui.ops import trials

        return next(iter(self.half.service.read(trials.listed, board, self.bead, 1)), None)

    def _present(self, *, keeps_place: bool) -> None:
        if (detail := self._detail) is None:
            return
        card = detail.card
        told = [f"{card.id} {card.title}", card.lane, f"P{card.priority}"]
        self._frame.border_title = Content(
            " · ".join(told + ([f"convoy {card.convoy}"] if card.convoy else []))
        )
        asks = [a for a in (self.half.snapshot.asks if self.half.snapshot else ()) if a.bead == card.id]
        now = self.half.clock()
        tellers: tuple[Callable[[int], list[Told]], ...] = (
            lambda width: page.spec(detail, asks, now, width, self._trial),
            lambda width: page.activity(self._events, now, width),
            lambda width: page.deps(detail, width),
            lambda width: page.attempts(detail, now, width),
        )
        self._page.show(tellers[self._tab], keeps_place=keeps_place)
        self.query_one("#detail-tabs", Line).refresh()
        self.query_one("#hints", Line).refresh()

    def _header(self, width: int) -> Strip:
        if self.half.snapshot is None:
            return Strip.blank(width)
        return bars.header(width, self.half.snapshot, "Board", self.half.inks).apply_style(
            self.half.inks["ground"]
        )

    def _tabs(self, width: int) -> Strip:
        inks, row = self.half.inks, Row(width, self.half.inks["ground"]).skip(2)
        counts = {}
        if self._detail is not None:
            edges = len(self._detail.waits_for) + len(self._detail.frees)
            counts = {"Deps": edges, "Attempts": len(self._detail.attempts)}
        for number, name in enumerate(TABS):
            is_here = number == self._tab
            row.put(name, inks["strong"] + Style(underline=True) if is_here else inks["muted"])
            row.put(f" {counts[name]}" if counts.get(name) else "", inks["muted"]).skip(3)
        return row.end("[ ] switch ", inks["muted"]).strip()

    def _hints(self, width: int) -> Strip:
        inks = self.half.inks
        shown = [a for a in ACTIONS if a.rank < 9 and a.id not in self._idle]
        return bars.hints(width, shown, inks, self.half.may).apply_style(inks["ground"])

    @property
    def _idle(self) -> set[str]:
        """The actions that there is nothing for."""
        tries = self._detail.attempts if self._detail else ()
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        idle = set() if any(ask.bead == self.bead for ask in asks) else {"detail.answer"}
        return idle if tries else idle | {"detail.review", "detail.output"}

    # Keys

    def action_detail_next_tab(self) -> None:
        """Go to the next tab."""
        self._switch(1)

    def action_detail_previous_tab(self) -> None:
        """Go to the tab before."""
        self._switch(-1)

    def _switch(self, by: int) -> None:
        self._tab = (self._tab + by) % len(TABS)
        self._present(keeps_place=False)

    def action_detail_open(self) -> None:
        """Open the attempt or bead under the cursor."""
        opens = self._page.opens
        if "@" in opens:
            self.app.push_screen(AttemptScreen(opens, self.bead))
        elif opens:
            self.half.open_detail(opens)

    def on_page_opened(self) -> None:
        """Open what was clicked."""
        self.action_detail_open()

    @work(group="editing", exclusive=True)
    async def action_detail_edit(self) -> None:
        """Change its texts; who changed it meanwhile is not overwritten."""
        from halftui.tui import writing

        await writing.edit(self.half, self.bead)

    @work(group="editing", exclusive=True)
    async def action_detail_editor(self) -> None:
        """Change its texts in the person's own editor."""
        from halftui.tui import writing

        await writing.edit_outside(self.half, self.bead)

    @work(group="editing", exclusive=True)
    async def action_detail_comment(self) -> None:
        """Say something about it."""
        from halftui.tui import writing

        await writing.comment_on(self.half, self.bead, self._detail.card.title if self._detail else "")
        self._read()

    def copies(self) -> list[tuple[str, str]]:
        """Return what of the bead can be copied."""
        from halftui.tui import menus

        if (detail := self._detail) is None:
            return [("id", self.bead)]
        texts = [("description", detail.description), ("acceptance", detail.acceptance),
                 ("summary", detail.summary), ("merged", detail.merged),
                 ("pull request", detail.pull_request)]  # fmt: skip
        return [*menus.of_card(detail.card), *texts]

    def action_detail_review(self) -> None:
        """Look at its changes."""
        self.half.open_review(self.bead)

    def action_detail_output(self) -> None:
        """Show what its newest agent printed."""
        if self._detail is not None and self._detail.attempts:
            self.app.push_screen(AttemptScreen(self._detail.attempts[0].id, self.bead))
        else:
            self.half.say("no agent has tried it yet", self.bead)

    def action_detail_answer(self) -> None:
        """Answer its agent."""
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        found = next((ask for ask in asks if ask.bead == self.bead), None)
        if found is not None:
            self.half.open_ask(found)
        else:
            self.half.say("its agent asks nothing", self.bead)

    def action_detail_leave(self) -> None:
        """Go back."""
        self.dismiss()


class AttemptScreen(Screen[None]):
    """The lines of one attempt, as large as the screen."""

    PLACE = "pane"
    AUTO_FOCUS = "LinePane"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back", show=False)]

    def __init__(self, attempt: str, bead: str) -> None:
        super().__init__()
        self._attempt, self._bead = attempt, bead

    def compose(self) -> ComposeResult:
        """Return a pane and hints."""
        yield LinePane(half(self).service)
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Show the lines."""
        self.query_one(LinePane).show(self._attempt, self._attempt)

    def _hints(self, width: int) -> Strip:
        return output.told(width, half(self), has_lines=True)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()
