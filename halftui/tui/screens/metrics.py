"""How much gets done, how long it takes and what it costs, as plots of days and tables of who."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from textual.binding import BindingType

from halftui.domain.shown import UsageRow
from halftui.ops import flow, spending
from halftui.ops.flow import Day
from halftui.tui import plots, tables
from halftui.tui.draw import amount, cut, money
from halftui.tui.keys import LOOK, Action, bindings
from halftui.tui.screens.page import Part, Told
from halftui.tui.screens.place import Place
from halftui.tui.tables import Column, Line

SPANS = (7, 14, 30, 90)
TABLES = ("convoy", "subscription", "agent", "bead", "day")
NAMED = {"subscription": "account"}
TALL, GAP = 6, 4  # rows of a plot, cells between two
TWO_FROM = 66
MOST = 40
BAR = 12
DAY_SECONDS = 86_400

ACTIONS: tuple[Action, ...] = (
    Action("metrics.table", "]", "by what", "By convoy, account, agent, bead or day", "metrics", 1, LOOK),
    Action("metrics.table_before", "[", "before", "The table before", "metrics", 9, LOOK),
    Action("metrics.longer", "plus", "more days", "Show more days", "metrics", 2, LOOK),
    Action("metrics.shorter", "minus", "fewer", "Show fewer days", "metrics", 2, LOOK),
    Action("metrics.open", "enter", "bead", "Open the bead of the row", "metrics", 7, LOOK),
    Action("metrics.leave", "escape", "back", "Back to the board", "metrics", 1, LOOK),
)  # fmt: skip


class Plot(NamedTuple):
    """One value a day."""

    title: str
    total: str
    ink: str
    values: Sequence[float]
    most: str  # the highest, as the scale says it


class MetricsScreen(Place):
    """Throughput, cycle time, cost and tokens."""

    PLACE, NAME, ACTIONS = "metrics", "Metrics", ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("metrics", ACTIONS))

    def __init__(self) -> None:
        super().__init__()
        self._span, self._by = 14, 0
        self._days: tuple[Day, ...] = ()
        self._usage: tuple[UsageRow, ...] = ()

    async def _fetch(self) -> None:
        app, by = self.half, TABLES[self._by]
        self._days = await app.ask(app.service.read, flow.days, app.board, self._span)
        self._usage = await app.ask(app.service.read, spending.usage, by, app.board, self._span)

    def _present(self) -> None:
        self.tell(self._told, f"Metrics of {self._span} days", "days are UTC")

    def _told(self, width: int) -> list[Told]:
        plotted = _plots(self._days)
        rows: list[Told] = []
        if width < TWO_FROM:
            for each in plotted:
                rows += [*_drawn([each], self._days, width), Told()]
        else:
            for pair in (plotted[:2], plotted[2:]):
                rows += [*_drawn(pair, self._days, width), Told()]
        by = TABLES[self._by]
        return [*rows, *_table(by, self._usage, width)]

    # Keys

    def copies(self) -> list[tuple[str, str]]:
        """Return the table as text that a sheet takes."""
        head = "what\ttokens in\ttokens out\tusd\tturns\tminutes"
        lines = ["\t".join([u.what, *[f"{v:g}" for v in u[1:]]]) for u in self._usage]
        return [("table", "\n".join([head, *lines]))]

    def action_metrics_table(self) -> None:
        """Tell it by something else."""
        self._turn(1)

    def action_metrics_table_before(self) -> None:
        """Tell it by what was before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        self._by = (self._by + by) % len(TABLES)
        self.read()

    def action_metrics_longer(self) -> None:
        """More days."""
        self._stretch(1)

    def action_metrics_shorter(self) -> None:
        """Fewer days."""
        self._stretch(-1)

    def _stretch(self, by: int) -> None:
        self._span = SPANS[max(min(SPANS.index(self._span) + by, len(SPANS) - 1), 0)]
        self.read()

    def action_metrics_open(self) -> None:
        """Open the bead of the row."""
        if found := self.page.opens:
            self.half.open_detail(found)

    def on_page_opened(self) -> None:
        """Open what was clicked."""
        self.action_metrics_open()

    def action_metrics_leave(self) -> None:
        """Go back."""
        self.dismiss()


def _plots(days: Sequence[Day]) -> list[Plot]:
    done, made = sum(d.done for d in days), sum(d.created for d in days)
    cycles = sorted(d.cycle_hours for d in days if d.cycle_hours)
    middle = _hours(cycles[len(cycles) // 2]) if cycles else "-"
    cost, tokens = sum(d.cost_usd for d in days), sum(d.tokens for d in days)
    each = f" · {money(cost / done)} a bead" if done else ""
    return [
        Plot("Done a day", f"{done} done, {made} written", "done", [d.done for d in days],
             str(max((d.done for d in days), default=0))),
        Plot("Cycle time", f"median {middle}", "working", [d.cycle_hours for d in days],
             _hours(max((d.cycle_hours for d in days), default=0.0))),
        Plot("Cost a day", f"{money(cost)}{each}", "money", [d.cost_usd for d in days],
             money(max((d.cost_usd for d in days), default=0.0))),
        Plot("Tokens a day", amount(tokens), "label", [d.tokens for d in days],
             amount(max((d.tokens for d in days), default=0))),
    ]  # fmt: skip


def _drawn(plotted: Sequence[Plot], days: Sequence[Day], width: int) -> list[Told]:
    """Return plots side by side: a title, the columns with the scale, the first and the last day."""
    wide = (width - GAP * (len(plotted) - 1)) // len(plotted)
    scale = max(len(p.most) for p in plotted) + 1
    room = wide - scale
    rows: list[list[Part]] = [[] for _ in range(TALL + 2)]
    for number, each in enumerate(plotted):
        gap: list[Part] = [(" " * GAP, "text")] if number else []
        total = cut(each.total, max(wide - cell_len(each.title) - 2, 0))
        title = f"  {total}".ljust(wide - cell_len(each.title))
        rows[0] += [*gap, (each.title, "heading"), (title, "muted")]
        for row, text in enumerate(plots.columns(each.values, room, TALL), 1):
            edge = each.most if row == 1 else "0" if row == TALL else ""
            rows[row] += [*gap, (edge.rjust(scale - 1) + " ", "muted"), (text.ljust(room), each.ink)]
        used = max(room // max(len(each.values), 1), 1) * len(each.values)
        first, last = _date(days[0].day) if days else "", "today"
        axis = " " * scale + first + last.rjust(max(min(used, room) - len(first), 0))
        rows[-1] += [*gap, (axis.ljust(wide), "muted")]
    return [Told(tuple(row)) for row in rows]


def _table(by: str, usage: Sequence[UsageRow], width: int) -> list[Told]:
    columns = (
        Column(NAMED.get(by, by), 22, "text", 0), Column("cost", 9, "money", 0, is_right=True),
        Column("", BAR, "money", 3), Column("tokens", 8, "text", 1, is_right=True),
        Column("turns", 6, "muted", 5, is_right=True), Column("minutes", 8, "muted", 4, is_right=True),
        Column("", 0, "muted", 9),
    )  # fmt: skip
    if not usage:
        return [Told((("nothing was used yet: s on the board lets an agent take a bead", "muted"),))]
    most = max(u.cost_usd for u in usage) or 1.0
    none = {"convoy": "no convoy", "subscription": "platform"}.get(by, "?")
    lines = [
        Line([u.what or none, money(u.cost_usd), plots.bar(u.cost_usd / most, BAR),
              amount(u.tokens_in + u.tokens_out), str(u.turns), f"{u.minutes:.0f}", ""],
             u.what if by == "bead" else "")
        for u in usage[:MOST]
    ]  # fmt: skip
    left = len(usage) - MOST
    more = [Told(((f"and {left} more: halftui usage --by {by}", "muted"),))] if left > 0 else []
    return [*tables.told(columns, lines, width), *more]


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f}m"
    return f"{hours:.1f}h" if hours < 48 else f"{hours / 24:.1f}d"


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_SECONDS, UTC).strftime("%-d %b")
