"""The first screen of somebody who has no board yet: what is there, what is missing, and two ways on."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from textual import events, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip

from halftui.domain.text import clean_line
from halftui.tui import themes
from halftui.tui.draw import Row
from halftui.tui.widgets.cells import broken

DEMO, INIT = "demo", "init"
NAME = 14
FOOT = ("nothing is sent anywhere; halftui doctor prints this list", "nothing is sent anywhere")
REPOSITORY = ("git", "repository")  # what a board needs; the rest can come later
HEAD = "  a board for work and agents"
WAYS = (  # a key, words for it, words for a narrow terminal, what it is the way to
    ("enter", "make a board over this repository", "a board for this folder", INIT),
    ("d", "look at the demo: agents at work, no account", "the demo, no account", DEMO),
    ("r", "check again", "check again", "again"), ("q", "leave", "leave", ""),
)  # fmt: skip
UNFIT = ("make a board, once this folder is a git repository", "not without a repository")


class Check(Protocol):
    """One finding, as `halftui doctor` prints it."""

    @property
    def name(self) -> str:
        """What was looked at."""

    @property
    def is_ok(self) -> bool:
        """Whether it is as it should be."""

    @property
    def says(self) -> str:
        """How it is."""

    @property
    def remedy(self) -> str:
        """What to do if it is not."""


class Welcome(App[str]):
    """Shows the checks; its result is the way that was chosen, "" if none."""

    TITLE = "HalfTUI"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", show=False),
        Binding("d", "demo", show=False),
        Binding("r", "again", show=False),
        Binding("q,escape", "leave", show=False),
    ]

    def __init__(
        self, check: Callable[[], Sequence[Check]], theme: str = "", env: Mapping[str, str] = os.environ
    ) -> None:
        look = themes.first(themes.worn(theme, env))
        super().__init__(ansi_color=True if look.name == themes.MONO else None)
        self._check = check
        self.found: Sequence[Check] | None = None
        self.fault: Exception | None = None  # the bug that ended it
        self.inks = look.inks
        self.register_theme(look.theme)
        self.theme = look.name

    def get_default_screen(self) -> Screen[None]:
        """Return the list."""
        return Checklist()

    def on_mount(self) -> None:
        """Look at what is there."""
        self.action_again()

    def _handle_exception(self, error: Exception) -> None:
        self.fault = self.fault or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # The base class prints the traceback with all values; whoever runs it reports.
        self._close_messages_no_wait()

    @work(exclusive=True)
    async def _look(self) -> None:
        self.found = await asyncio.to_thread(self._check)
        self.screen.query_one(Findings).lay_out()

    @property
    def can_begin(self) -> bool:
        """Whether a board can be made here."""
        return self.found is not None and all(c.is_ok for c in self.found if c.name in REPOSITORY)

    def action_again(self) -> None:
        """Look again."""
        self.found = None
        self._look()

    def action_begin(self) -> None:
        """Make a board, if there is a repository."""
        if self.can_begin:
            self.exit(INIT)
        elif self.found is not None:
            self.notify("git init, and one commit", title="a board needs a repository", markup=False)

    def action_demo(self) -> None:
        """Look at the demo."""
        self.exit(DEMO)

    def action_leave(self) -> None:
        """Leave."""
        self.exit("")


class Checklist(Screen[None]):
    """The findings alone."""

    def compose(self) -> ComposeResult:
        """Return them."""
        yield Findings()


class Findings(ScrollView, can_focus=True):
    """The findings and the ways on, row by row."""

    DEFAULT_CSS = "Findings { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Strip] = []

    def lay_out(self) -> None:
        """Draw the findings for the width there is."""
        app, width = self.app, max(self.outer_size.width - 1, 0)  # the last cell may hold the scrollbar
        assert isinstance(app, Welcome)
        inks = app.inks
        head = [("◐ HalfTUI", "brand"), (_fitting(width - 11, HEAD, ""), "muted")]
        rows = [Strip.blank(width), _row(width, head, inks), Strip.blank(width)]
        if app.found is None:
            rows.append(_row(width, [("looking at what is there…", "muted")], inks))
        found = [row for check in app.found or () for row in _told(check, width, inks)]
        ways = [
            _row(width, [(key.ljust(NAME - 2), "key"), (_fitting(width - NAME, *words), ink)], inks)
            for key, words, ink in _ways(app)
        ]
        fits = len(rows) + len(found) + len(ways) + 3 <= self.size.height
        parts = (found, ways) if fits else (ways, found)  # what can be pressed is always to be seen
        rows += [*parts[0], Strip.blank(width), *parts[1], Strip.blank(width)]
        self._rows = [*rows, _row(width, [(_fitting(width - 2, *FOOT), "muted")], inks)]
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        number = int(self.scroll_y) + y
        app = self.app
        assert isinstance(app, Welcome)
        row = self._rows[number] if number < len(self._rows) else Strip.blank(self.size.width)
        return row.apply_style(app.inks["ground"])

    def on_resize(self, event: events.Resize) -> None:
        """Draw for another width."""
        self.lay_out()


def _ways(app: Welcome) -> list[tuple[str, tuple[str, str], str]]:
    """Return the ways on: a key, words and shorter ones, and their ink."""
    is_unfit = app.found is not None and not app.can_begin
    return [
        (key, UNFIT, "muted") if way == INIT and is_unfit else (key, (words, narrow), "text")
        for key, words, narrow, way in WAYS
    ]


def _fitting(room: int, words: str, narrow: str) -> str:
    """Return words, or the shorter ones where there is no room."""
    return words if len(words) <= room else narrow


def _told(check: Check, width: int, inks: themes.Inks) -> list[Strip]:
    sign, ink = ("✓", "done") if check.is_ok else ("✗", "failed")
    texts = [(check.says, "text" if check.is_ok else "failed")]
    texts += [(check.remedy, "text")] if check.remedy else []
    rows: list[Strip] = []
    for text, colour in texts:
        line = clean_line(text).replace(f"{Path.home()}/", "~/")
        for start, stop in broken(line, max(width - NAME - 5, 8), at_words=True):
            head = (check.name.ljust(NAME - 2), "heading") if not rows else (" " * (NAME - 2), "text")
            mark = (f"{sign} ", ink) if not rows else ("  ", "text")
            rows.append(_row(width, [mark, head, (line[start:stop], colour)], inks))
    return rows


def _row(width: int, parts: Sequence[tuple[str, str]], inks: themes.Inks) -> Strip:
    row = Row(width).skip(2)
    for text, ink in parts:
        row.put(text, inks[ink])
    return row.strip()
