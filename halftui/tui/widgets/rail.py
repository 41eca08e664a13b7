"""A box of the rail: agents, convoys or what waits for an answer, a few rows each, with a cursor."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from halftui.domain.shown import AgentRow, Ask, ConvoyRow, Snapshot
from halftui.tui import draw
from halftui.tui.cards import Fact, tell
from halftui.tui.draw import PLAIN, Row, age, amount, money
from halftui.tui.themes import Inks

BAR = 10


@dataclass(frozen=True, slots=True)
class Item:
    """Two rows about one thing; `key` names it, `kind` says what it is."""

    kind: str  # agent, convoy, ask, review
    key: str
    bead: str
    sign: str
    sign_ink: str
    name: str
    name_ink: str
    facts: tuple[Fact, ...]
    below: tuple[Fact, ...] = ()
    progress: float = -1.0  # of a convoy, 0 to 1


class Box(Widget, can_focus=True):
    """A framed list of items."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Box { height: 1fr; width: 1fr; }"

    class Opened(Message):
        """An item was opened by enter or a double click."""

        def __init__(self, item: Item) -> None:
            super().__init__()
            self.item = item

    def __init__(self, title: str, empty: tuple[str, str], inks: Inks, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.heading = title
        self.empty = empty
        self.inks = inks
        self.items: tuple[Item, ...] = ()
        self.note = ""
        self.cursor = 0
        self.top = 0

    def show(self, items: Sequence[Item], note: str = "") -> None:
        """Take the newest items; drawn again only if they differ."""
        if (tuple(items), note) == (self.items, self.note):
            return
        held = self.item.key if self.item else ""
        self.items, self.note = tuple(items), note
        keys = [i.key for i in self.items]
        self.cursor = keys.index(held) if held in keys else max(min(self.cursor, len(keys) - 1), 0)
        self._keep_in_sight()
        self.refresh()

    def dress(self, inks: Inks) -> None:
        """Draw with other inks."""
        self.inks = inks
        self.refresh()

    @property
    def item(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.items else None

    @property
    def rows(self) -> int:
        """How many rows it would like, with its frame."""
        return max(sum(self._height(i) for i in self.items), 2) + 2

    def move(self, index: int) -> None:
        """Put the cursor on an item."""
        self.cursor = max(min(index, len(self.items) - 1), 0)
        self._keep_in_sight()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line of the box."""
        return self._line(y).apply_style(self.inks["ground"])

    def _line(self, y: int) -> Strip:
        width, height = self.size
        edge = self.inks["focus" if self.has_focus else "edge"]
        if y == 0:
            heading = self.inks["focus" if self.has_focus else "heading"] + Style(bold=True)
            return draw.top(width, self.heading, heading, edge, is_heavy=self.has_focus)
        if y == height - 1:
            return draw.bottom(width, self._note(), self.inks["muted"], edge, is_heavy=self.has_focus)
        return draw.framed(self._content(y - 1, width - 2), edge, is_heavy=self.has_focus)

    def _content(self, row: int, width: int) -> Strip:
        if not self.items:
            key, words = self.empty
            line = Row(width).skip(2)
            return (line.put(key, self.inks["key"]).put(words, self.inks["muted"]) if not row else line).strip()
        index, part = self._item_at(row)
        if index >= len(self.items):
            return Strip.blank(width)
        item = self.items[index]
        is_chosen = self.has_focus and index == self.cursor
        line = Row(width, self.inks["chosen"] if is_chosen else PLAIN)
        line.put("▌" if is_chosen else " ", self.inks["focus"])
        return self._second(line, item) if part else self._first(line, item)

    def _first(self, line: Row, item: Item) -> Strip:
        inks = self.inks
        line.put(item.sign, inks[item.sign_ink]).skip(1).put(item.name, inks[item.name_ink]).skip(2)
        tell(line, item.facts, inks)
        return line.strip()

    def _second(self, line: Row, item: Item) -> Strip:
        line.skip(2)
        if item.progress >= 0:
            full = round(BAR * item.progress)
            line.put("━" * full, self.inks["fill"]).put("─" * (BAR - full), self.inks["rest"]).skip(1)
        tell(line, item.below, self.inks)
        return line.strip()

    def _height(self, item: Item) -> int:
        return 2 if item.below else 1

    def _item_at(self, row: int) -> tuple[int, int]:
        for index in range(self.top, len(self.items)):
            height = self._height(self.items[index])
            if row < height:
                return index, row
            row -= height
        return len(self.items), 0

    def _keep_in_sight(self) -> None:
        self.top = min(self.top, self.cursor)
        while sum(map(self._height, self.items[self.top : self.cursor + 1])) > max(self.size.height - 2, 2):
            self.top += 1

    def _note(self) -> str:
        if self.has_focus and self.items:
            return f"{self.cursor + 1}/{len(self.items)}"
        return self.note

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()

    def on_focus(self) -> None:
        """The frame looks otherwise."""
        self.refresh()

    def on_blur(self) -> None:
        """The frame looks otherwise."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Choose the item under the pointer; twice opens it."""
        self.focus()
        index, _ = self._item_at(event.y - 1)
        if 0 < event.y < self.size.height - 1 and index < len(self.items):
            self.move(index)
            if event.chain == 2:
                self.post_message(self.Opened(self.items[index]))


def agents(snapshot: Snapshot, now: float) -> list[Item]:
    """Return the agents, with what each does."""
    return [_agent(a, now, {q.attempt: q.text for q in snapshot.asks}) for a in snapshot.agents]


def _agent(row: AgentRow, now: float, asked: dict[str, str]) -> Item:
    sign, ink = {"asking": ("?", "asking"), "working": ("▶", "working")}.get(row.status, ("·", "muted"))
    doing = Fact(asked.get(row.attempt, row.now).partition("\n")[0] or row.status, "text", 1, least=6)
    facts = (Fact(row.bead, "muted", 2), doing) if row.bead else (Fact("idle", "muted"),)
    below = ()
    if row.since is not None:
        since = age(now - row.since)
        tokens = Fact(f"{amount(row.tokens)} tokens", rank=3) if row.tokens else None
        spent = Fact(money(row.cost_usd), "money", 2) if row.cost_usd else None
        below = tuple(f for f in (Fact(since, rank=1), tokens, spent, Fact(row.runtime, rank=6)) if f)
    return Item("agent", row.id, row.bead, sign, ink, row.name, "agent", facts, below)


def convoys(snapshot: Snapshot) -> list[Item]:
    """Return the convoys under way, and how far they are."""
    return [_convoy(c) for c in snapshot.convoys if c.state in ("moving", "staged")]


def _convoy(row: ConvoyRow) -> Item:
    counts = dict(row.counts)
    sign, ink = ("▶", "working") if row.state == "moving" else ("○", "ready")
    facts = (Fact(f"{row.finished}/{row.total}", "text", 1),)
    if row.state == "staged":
        facts = (*facts, Fact("S starts it", "ready", 2))
    told = (("active", "working", "▶"), ("review", "review", "✓"), ("blocked", "blocked", "◌"))
    below = tuple(Fact(f"{s}{counts[n]}", i, k) for k, (n, i, s) in enumerate(told) if counts.get(n))
    failed = (Fact(f"✗{row.failed}", "failed", 0),) if row.failed else ()
    done = row.finished / row.total if row.total else 0.0
    return Item("convoy", row.id, "", sign, ink, row.name, "text", facts, (*below, *failed) or (Fact(""),), done)


def inbox(snapshot: Snapshot, now: float) -> list[Item]:
    """Return what waits for a person: questions first, then work to review."""
    reviews = snapshot.lane("review").cards
    return [_ask(q, now) for q in snapshot.asks] + [
        Item("review", f"review {c.id}", c.id, "✓", "review", c.title, "text",
             (), (Fact(c.id, rank=2), Fact(f"to review, +{c.plus} -{c.minus}", "review", 1),
                  Fact(age(now - c.updated_at), rank=3)))
        for c in reviews
    ]  # fmt: skip


def _ask(ask: Ask, now: float) -> Item:
    verb = "asks" if ask.kind == "question" else f"may it use {ask.tool}?"
    words = ask.text.partition("\n")[0] or ask.detail.partition("\n")[0]
    return Item(
        "ask", ask.id, ask.bead, "?", "asking", words, "text", (),
        (Fact(ask.bead, rank=3), Fact(f"{ask.agent} {verb}", "agent", 2), Fact(age(now - ask.asked_at), "asking", 1)),
    )  # fmt: skip
