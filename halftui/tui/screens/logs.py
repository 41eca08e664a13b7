"""The agents at work, side by side, each in its own pane that keeps its place."""

from typing import ClassVar

from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import AgentRow, Snapshot
from halftui.tui import bars
from halftui.tui.app import HalfApp, half
from halftui.tui.draw import age, amount, money
from halftui.tui.keys import Action, bindings
from halftui.tui.widgets import pane
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.pane import LinePane

MOST = 4
LAYOUTS = (1, 2, 4)
TWO_FROM, FOUR_FROM, FOUR_ROWS = 100, 120, 30  # columns, columns, rows
SIGNS = {"asking": ("?", "asking"), "working": ("▶", "working")}
NOBODY = "no agent is at work · s on the board lets one take a bead"
LEAVE = "logs.leave"  # all that can be done while nobody is shown
FREE = "the next agent that starts is shown here"

ACTIONS: tuple[Action, ...] = (
    Action("logs.layout", "|", "layout", "One pane, two, or four", "logs", 2),
    Action("logs.next", "]", "next agent", "Show the next agent in this pane", "logs", 2),
    Action("logs.previous", "[", "agent before", "Show the agent before in this pane", "logs", 9),
    Action("logs.search", "ctrl+f", "search all", "Search in all panes at once", "logs", 4),
    Action("logs.answer", "a", "answer", "Answer this pane's agent", "logs", 1),
    Action("logs.review", "d", "changes", "Look at the changes of this pane's bead", "logs", 7),
    Action("logs.open", "enter", "bead", "Open this pane's bead", "logs", 7),
    Action(LEAVE, "escape", "back", "Back to where you were", "logs", 3),
)


class LogsScreen(Screen[None]):
    """Live panes; a new agent takes a free place, and nobody ever moves to another."""

    PLACE = "logs"
    AUTO_FOCUS = "LinePane"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("logs", ACTIONS))
    DEFAULT_CSS = """
    LogsScreen #panes { layout: grid; grid-size: 1 1; height: 1fr; }
    LogsScreen #panes.-two { grid-size: 1 2; }
    LogsScreen #panes.-two.-wide { grid-size: 2 1; }
    LogsScreen #panes.-four { grid-size: 2 2; }
    LogsScreen LinePane { height: 1fr; }
    LogsScreen LinePane.-asks { border: round $warning; border-title-color: $warning; }
    LogsScreen LinePane.-asks:focus { border: heavy $warning; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._layout: int | None = None  # chosen; else after the size and the agents there are
        self._places: list[str] = [""] * MOST  # attempts
        self._known: dict[str, AgentRow] = {}  # by attempt, the ended ones as they were last
        self._live: tuple[str, ...] = ()
        self._zoomed: LinePane | None = None
        self._seeks_all = False

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    def compose(self) -> ComposeResult:
        """Return header, agents, panes, hints."""
        yield Line(self._header, id="header")
        yield Line(self._agents, id="who")
        with Container(id="panes"):
            for number in range(MOST):
                yield LinePane(self.half.service, id=f"pane-{number}")
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Show who is at work."""
        self._panes = list(self.query(LinePane))
        self._grid = self.query_one("#panes", Container)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._repaint())
        if self.half.snapshot is not None:
            self.show(self.half.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Give new agents a place; who is shown stays where they are."""
        live = sorted((a for a in snapshot.agents if a.attempt), key=lambda a: (a.since or 0.0, a.name))
        self._known.update({a.attempt: a for a in live})
        self._live = tuple(a.attempt for a in live)
        self._arrange()

    @property
    def _count(self) -> int:
        """How many panes there are."""
        if self._layout is not None:
            return self._layout
        width, height = self.app.size
        fits = 1 if width < TWO_FROM else 4 if width >= FOUR_FROM and height >= FOUR_ROWS else 2
        wanted = next((n for n in LAYOUTS if n >= len(self._live)), MOST)
        return min(fits, wanted)

    def _arrange(self) -> None:
        count = self._count
        places = self._places[:count]
        for attempt in (a for a in self._live if a not in places):
            free = next((n for n, held in enumerate(places) if held not in self._live), None)
            if free is None:
                break
            places[free] = attempt
        self._places[:count] = places
        self._grid.set_class(count == 2 and self._zoomed is None, "-two")
        self._grid.set_class(count == 4 and self._zoomed is None, "-four")
        self._grid.set_class(self.app.size.width >= TWO_FROM, "-wide")
        for number, widget in enumerate(self._panes):
            widget.display = number < count and self._zoomed in (None, widget)
            self._fill(widget, self._places[number] if number < count else "")
        self._repaint()

    def _fill(self, widget: LinePane, attempt: str) -> None:
        row = self._known.get(attempt)
        widget.set_class(row is not None and row.status == "asking" and attempt in self._live, "-asks")
        widget.nobody = FREE if self._live else NOBODY
        widget.show(attempt or None, self._title(row) if row else "")
        widget.spend(" ".join(_used(row)).replace(" tok", "") if row else "")
        widget.refresh()

    def _title(self, row: AgentRow) -> str:
        snapshot, now = self.half.snapshot, self.half.clock()
        card = snapshot.card(row.bead) if snapshot else None
        parts = [row.name, f"{row.bead} {card.title}" if card else row.bead]
        if row.attempt not in self._live:
            return " · ".join([*parts, "ended"])
        asked = [a.asked_at for a in snapshot.asks if a.attempt == row.attempt] if snapshot else []
        if asked:
            parts.append(f"ASKS YOU {age(now - asked[0])}")
        elif row.since is not None:
            parts.append(age(now - row.since))
        return " · ".join([*parts, *_used(row)])

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the panes for another size; none is lost."""
        if self.is_mounted:
            self._arrange()

    def _repaint(self) -> None:
        for line in self.query(Line):
            line.refresh()

    # Its single rows

    def _header(self, width: int) -> Strip:
        inks = self.half.inks
        if self.half.snapshot is None:
            return Strip.blank(width)
        return bars.header(width, self.half.snapshot, "Output", inks).apply_style(inks["ground"])

    def _agents(self, width: int) -> Strip:
        inks, shown = self.half.inks, self._places[: self._count]
        entries, here = [], 0
        for number, attempt in enumerate(self._live):
            agent = self._known[attempt]
            sign, ink = SIGNS.get(agent.status, ("·", "muted"))
            here = number if attempt in shown else here
            name = (agent.name, inks["strong" if attempt in shown else "muted"])
            bead = (f" {agent.bead}", inks["muted"] + Style(bold=False))
            entries.append([(f"{sign} ", inks[ink]), name, bead])
        return bars.reel(width, entries, here, inks)

    def _hints(self, width: int) -> Strip:
        inks = self.half.inks
        is_empty = self._pane.attempt is None
        shown = [a for a in (*ACTIONS, *pane.ACTIONS) if a.rank < 9 and (a.id == LEAVE or not is_empty)]
        return bars.hints(width, shown, inks, self.half.may).apply_style(inks["ground"])

    # Keys

    @property
    def _pane(self) -> LinePane:
        return self.focused if isinstance(self.focused, LinePane) else self._panes[0]

    @property
    def _row(self) -> AgentRow | None:
        return self._known.get(self._pane.attempt or "")

    def action_logs_layout(self) -> None:
        """Take the next layout."""
        self._unzoom()
        self._layout = LAYOUTS[(LAYOUTS.index(self._count) + 1) % len(LAYOUTS)]
        self._arrange()
        if not self._pane.display:
            self._panes[0].focus()

    def action_logs_next(self) -> None:
        """Show the next agent in this pane."""
        self._turn(1)

    def action_logs_previous(self) -> None:
        """Show the agent before in this pane."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        here = self._panes.index(self._pane)
        own = self._places[here]
        others = set(self._places[: self._count]) - {own}
        order = [a for a in self._live if a not in others]
        if order:
            at = order.index(own) + by if own in order else 0
            self._places[here] = order[at % len(order)]
            self._arrange()

    def on_line_pane_zoom(self, event: LinePane.Zoom) -> None:
        """Give a pane the whole screen, or take it back."""
        if self._zoomed is not None:
            self._unzoom()
            return
        self._zoomed = event.pane
        self._arrange()

    def action_logs_search(self) -> None:
        """Search in all panes."""
        self._seeks_all = True
        self._pane.focus()
        self._pane.action_pane_search()

    def on_line_pane_sought(self, event: LinePane.Sought) -> None:
        """Search in the other panes too, if that was wanted."""
        others = [p for p in self._panes if p is not event.pane] if self._seeks_all else []
        self._seeks_all = self._seeks_all and bool(event.text)
        for other in others:
            other.seek(event.text)

    def _unzoom(self) -> None:
        if self._zoomed is not None:
            self._zoomed = None
            self._arrange()

    def action_logs_answer(self) -> None:
        """Answer this pane's agent."""
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        found = next((ask for ask in asks if ask.attempt == self._pane.attempt), None)
        if found is not None:
            self.half.open_ask(found)
        else:
            self.half.say("this agent asks nothing")

    def action_logs_review(self) -> None:
        """Look at what its bead changes."""
        if self._row is not None:
            self.half.open_review(self._row.bead)

    def action_logs_open(self) -> None:
        """Open its bead."""
        if self._row is not None:
            self.half.open_detail(self._row.bead)

    def action_logs_leave(self) -> None:
        """Leave the zoom, then the screen."""
        if self._zoomed is not None:
            self._unzoom()
        else:
            self.dismiss()


def _used(row: AgentRow) -> list[str]:
    """Return what an attempt has used: tokens, money."""
    used = [f"{amount(row.tokens)} tok"] if row.tokens else []
    return [*used, money(row.cost_usd)] if row.cost_usd >= 0.005 else used
