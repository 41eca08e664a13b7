"""A convoy as drawn waves: boxes from left to right, each after all it waits for, and the lines between."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from halftui.domain.shown import Card
from halftui.tui import draw
from halftui.tui.app import half
from halftui.tui.cards import mark
from halftui.tui.draw import Row
from halftui.tui.keys import MOVE, Action, bindings

BOX, GAP, HIGH = 24, 6, 3  # cells of a box, between two waves, rows of a box
MARGIN = 1
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINES = {
    UP | DOWN: "│┃", LEFT | RIGHT: "─━", UP | RIGHT: "╰┗", DOWN | RIGHT: "╭┏", UP | LEFT: "╯┛",
    DOWN | LEFT: "╮┓", UP | DOWN | RIGHT: "├┣", UP | DOWN | LEFT: "┤┫",
    LEFT | RIGHT | DOWN: "┬┳", LEFT | RIGHT | UP: "┴┻",
    UP | DOWN | LEFT | RIGHT: "┼╋", UP: "│┃", DOWN: "│┃", LEFT: "─━", RIGHT: "─━",
}  # fmt: skip
ACTIONS: tuple[Action, ...] = (
    Action("wave.left", "h,left", "wave", "To the wave before", "waves", 9, MOVE),
    Action("wave.right", "l,right", "wave", "To the next wave", "waves", 9, MOVE),
    Action("wave.up", "k,up", "up", "Up in the wave", "waves", 9, MOVE),
    Action("wave.down", "j,down", "down", "Down in the wave", "waves", 9, MOVE),
)

Edges = Iterable[tuple[str, str]]  # a bead, and one that waits for it
Cell = tuple[int, bool]  # directions, and whether it is heavy


class Waves(ScrollView, can_focus=True, inherit_bindings=False):
    """Beads by wave. The cursor moves by wave and within it."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("waves", ACTIONS))
    DEFAULT_CSS = """
    Waves { height: 1fr; scrollbar-size: 1 1; scrollbar-background: $background; }
    """

    class Opened(Message):
        """A box was clicked twice."""

    class Turned(Message):
        """The cursor stands on another bead."""

    def __init__(self) -> None:
        super().__init__()
        self._waves: Sequence[Sequence[Card]] = ()
        self._edges: tuple[tuple[str, str], ...] = ()
        self._at: dict[str, tuple[int, int]] = {}
        self._critical: frozenset[str] = frozenset()
        self._lines: Mapping[tuple[int, int], Cell] = {}
        self.chosen = ""

    def show(self, waves: Sequence[Sequence[Card]], edges: Edges, critical: Iterable[str]) -> None:
        """Draw these waves and the lines between them; those of the chosen bead are heavy."""
        self._waves, self._edges, self._critical = waves, tuple(edges), frozenset(critical)
        self._at = {card.id: (x, y) for x, wave in enumerate(waves) for y, card in enumerate(wave)}
        if self.chosen not in self._at:
            self.chosen = next((card.id for wave in waves for card in wave if card.lane != "done"), "")
        tall = max(map(len, waves), default=0)
        self.virtual_size = Size(max(len(waves) * (BOX + GAP) - GAP, 0) + 2 * MARGIN, tall * (HIGH + 1) + 1)
        self._turn(self.chosen)

    @property
    def card(self) -> Card | None:
        """The chosen bead."""
        at = self._at.get(self.chosen)
        return self._waves[at[0]][at[1]] if at else None

    def _turn(self, bead: str) -> None:
        self.chosen = bead
        self._lines = _routed(self._at, self._edges, bead)
        if (at := self._at.get(bead)) is not None:
            region = Region(at[0] * (BOX + GAP), at[1] * (HIGH + 1), BOX + 2, HIGH + 2)
            self.scroll_to_region(region, animate=False, force=True)
        self.refresh()
        self.post_message(self.Turned())

    # drawing

    def render_line(self, y: int) -> Strip:
        """Return a line of the picture."""
        left, top = int(self.scroll_x), int(self.scroll_y)
        width = self.scrollable_content_region.width
        whole = Strip(self._row(top + y), None)
        return whole.crop_extend(left, left + width, self.rich_style).apply_style(half(self).inks["ground"])

    def _row(self, y: int) -> list[Segment]:
        if y == 0:
            return [Segment(" " * MARGIN), *self._heads()]
        y -= 1
        number, part = divmod(y, HIGH + 1)
        segments: list[Segment] = [Segment(" " * MARGIN)]
        for x, wave in enumerate(self._waves):
            if part < HIGH and number < len(wave):
                segments += self._box(wave[number], part)
            else:
                segments.append(Segment(" " * BOX))
            segments += self._channel(x, y)
        return segments

    def _heads(self) -> list[Segment]:
        inks = half(self).inks
        found = []
        for x, wave in enumerate(self._waves, 1):
            left = sum(card.lane not in ("done", "closed") for card in wave)
            words = f"wave {x}" + (f" · {left} left" if left else " ✓")
            found.append(Segment(words.ljust(BOX + GAP), inks["heading" if left else "muted"]))
        return found

    def _box(self, card: Card, part: int) -> list[Segment]:
        inks, is_here = half(self).inks, card.id == self.chosen
        edge = inks["focus" if is_here else "high" if card.id in self._critical else "edge"]
        if part == 0:
            return list(draw.top(BOX, card.id, inks["muted"], edge, is_heavy=is_here))
        if part == HIGH - 1:
            folded = sum(1 for a, b in self._edges if b == card.id and self._at[b][0] - self._at[a][0] > 1)
            note = f"+{folded}" if folded else ""
            return list(draw.bottom(BOX, note, inks["blocked"], edge, is_heavy=is_here))
        sign, ink = mark(card)
        row = Row(BOX - 2).put(sign, inks[ink]).skip(1)
        row.put(card.title, inks["strong" if is_here else "muted" if card.lane == "done" else "text"])
        return list(draw.framed(row.strip(), edge, is_heavy=is_here))

    def _channel(self, x: int, y: int) -> list[Segment]:
        inks = half(self).inks
        segments = []
        for cell in range(GAP):
            directions, is_heavy = self._lines.get((x * GAP + cell, y), (0, False))
            ink: Style = inks["focus" if is_heavy else "edge"]
            sign = LINES[directions][is_heavy] if directions else " "
            is_end = cell == GAP - 1 and directions
            segments.append(Segment("▶" if is_end else sign, ink))
        return segments

    # keys and mouse

    def _step(self, right: int, down: int) -> None:
        if (at := self._at.get(self.chosen)) is None:
            return
        x = max(min(at[0] + right, len(self._waves) - 1), 0)
        y = max(min(at[1] + down, len(self._waves[x]) - 1), 0)
        self._turn(self._waves[x][y].id)

    def action_wave_left(self) -> None:
        """To the wave before."""
        self._step(-1, 0)

    def action_wave_right(self) -> None:
        """To the next wave."""
        self._step(1, 0)

    def action_wave_up(self) -> None:
        """Up."""
        self._step(0, -1)

    def action_wave_down(self) -> None:
        """Down."""
        self._step(0, 1)

    def on_click(self, event: events.Click) -> None:
        """Choose the box under the pointer; twice opens it."""
        x, cell = divmod(event.x + int(self.scroll_x) - MARGIN, BOX + GAP)
        y = (event.y + int(self.scroll_y) - 1) // (HIGH + 1)
        if cell < BOX and 0 <= x < len(self._waves) and 0 <= y < len(self._waves[x]):
            self._turn(self._waves[x][y].id)
            if event.chain == 2 and event.button == 1:
                self.post_message(self.Opened())


def _routed(at: Mapping[str, tuple[int, int]], edges: Edges, chosen: str) -> dict[tuple[int, int], Cell]:
    """Return the lines between neighbouring waves, cell by cell of their gaps; heavy ones lie on top."""
    cells: dict[tuple[int, int], Cell] = {}
    near = [(a, b) for a, b in edges if a in at and b in at and at[b][0] - at[a][0] == 1]
    for before, behind in sorted(near, key=lambda edge: chosen in edge):
        is_heavy = chosen in (before, behind)
        wave, start = at[before]
        _, end = at[behind]
        from_y, to_y, bend = start * (HIGH + 1) + 1, end * (HIGH + 1) + 1, GAP // 2
        for cell in range(GAP):
            if cell != bend:
                y = from_y if cell < bend else to_y
                _lay(cells, (wave * GAP + cell, y), LEFT | RIGHT, is_heavy=is_heavy)
        step = 1 if to_y > from_y else -1
        x = wave * GAP + bend
        if from_y == to_y:
            _lay(cells, (x, from_y), LEFT | RIGHT, is_heavy=is_heavy)
            continue
        down, up = (DOWN, UP) if step > 0 else (UP, DOWN)
        _lay(cells, (x, from_y), LEFT | down, is_heavy=is_heavy)
        for y in range(from_y + step, to_y, step):
            _lay(cells, (x, y), UP | DOWN, is_heavy=is_heavy)
        _lay(cells, (x, to_y), up | RIGHT, is_heavy=is_heavy)
    return cells


def _lay(cells: dict[tuple[int, int], Cell], at: tuple[int, int], directions: int, *, is_heavy: bool) -> None:
    was, was_heavy = cells.get(at, (0, False))
    cells[at] = (was | directions, is_heavy or was_heavy)
