"""The application as one guest sees it: their size, colours, theme and mouse; their faults stay theirs."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from textual.app import _NullFile
from textual.filter import ANSIToTruecolor
from textual.screen import Screen

import halftui.tui.app
from halftui.errors import Unavailable
from halftui.ops import people
from halftui.service.service import Service
from halftui.ssh.driver import ChannelDriver
from halftui.ssh.line import Line
from halftui.ssh.shell import Keys, lent
from halftui.ssh.tones import Depth, toner
from halftui.tui import lending, menus
from halftui.tui.app import HalfApp, spawn
from halftui.tui.screens.board import CLOCK_SECONDS, BoardScreen

if TYPE_CHECKING:
    from halftui.service.shells import Seat
    from halftui.ssh.session import Session

log = logging.getLogger(__name__)

DRAIN_SECONDS = 0.1
REST_SECONDS = 10.0  # without a key or a movement of the mouse
RESTING_SECONDS = 300.0  # between ages of a guest at rest
TRUE_COLOURS = ("kitty", "alacritty", "foot", "ghostty", "wezterm", "iterm2", "contour", "rio")
SORRY = "This is a bug in HalfTUI; your session ends, the others go on, and the server's log tells more.\r\n"


class GuestApp(HalfApp):
    """A board on the terminal at the other end of a line."""

    has_files = False
    CSS_PATH = str(Path(halftui.tui.app.__file__).with_name("app.tcss"))

    def __init__(
        self, service: Service, board: str, line: Line, env: Mapping[str, str], **options: Any
    ) -> None:
        super().__init__(service, board, follows=False, env=env, **options)
        self.line = line
        self.driver_class = ChannelDriver
        self.tone = toner(depth_of(env))
        self.parting = io.StringIO()  # what is said once the terminal is the guest's again
        self.begun = asyncio.Event()  # set once keys are taken
        self.keys: Keys | None = None  # where they go while a shell is shown
        self._owes_frame = False
        self._colour(env)

    def _colour(self, env: Mapping[str, str]) -> None:
        """Draw for the guest's terminal; the base class asked this process's environment."""
        self.no_color = "NO_COLOR" in env
        self._filters = [f for f in self._filters if isinstance(f, ANSIToTruecolor)]
        self.console = Console(
            color_system="truecolor", file=_NullFile(), force_terminal=True, legacy_windows=False,  # type: ignore[arg-type]  # the base class's own
            highlight=False, emoji=False, safe_box=False, soft_wrap=False, _environ=dict(env),
        )  # fmt: skip
        self.error_console = Console(file=self.parting, markup=False, highlight=False, width=80)

    @property
    def driver(self) -> ChannelDriver | None:
        """What draws on the line, once there is one."""
        return self._driver if isinstance(self._driver, ChannelDriver) else None

    @property
    def is_at_rest(self) -> bool:
        """Whether this guest has not typed for a while; ages are then told every few minutes."""
        idle = self.line.loop.time() - self.driver.stirred if self.driver is not None else 0.0
        is_due = idle >= RESTING_SECONDS and idle % RESTING_SECONDS < CLOCK_SECONDS
        return idle > REST_SECONDS and not is_due

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # A frame that a slow guest could not take is left out; a whole one follows when there is room.
        if self._owes_frame:
            return
        if not self.line.is_slow:
            super()._display(screen, renderable)
            return
        self._owes_frame = True
        self.line.loop.call_later(DRAIN_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        if not self.line.is_open or not self.is_running:
            return
        if self.line.is_slow or not self.line.is_drained:
            self.line.loop.call_later(DRAIN_SECONDS, self._catch_up)
            return
        self._owes_frame = False
        with self._context():
            self.screen.refresh(repaint=True, layout=True)

    @contextmanager
    def lend_to(self, session: Session) -> Iterator[Seat]:
        """Lend the guest's terminal to a shell."""
        if (driver := self.driver) is None:
            raise Unavailable("the board is not there yet", "try again")
        self.app_suspend_signal.publish(self)
        with lending.quiet(self), lent(self, driver, session) as seat:
            yield seat
        self.refresh(layout=True)

    def tell_ages(self) -> None:
        """Draw what time changed while the guest was at rest."""
        if isinstance(board := self.screen_stack[0], BoardScreen):
            board.age()

    def action_theme_next(self) -> None:
        """Try the next theme, and keep it for this person's next visit."""
        self._dress(menus.next_theme)

    def action_theme_choose(self) -> None:
        """Choose a theme, and keep it for this person's next visit."""
        self._dress(menus.theme)

    def _dress(self, change: Callable[[HalfApp], Awaitable[None]]) -> None:
        async def dressed() -> None:
            was = self.theme
            await change(self)
            if self.theme != was:
                await self.tell(people.dress, self.theme)

        spawn(self, dressed, "menu")

    def _fatal_error(self) -> None:
        self.parting.write(SORRY)
        super()._fatal_error()


def depth_of(env: Mapping[str, str]) -> Depth:
    """Return how many colours a guest's terminal shows."""
    term = env.get("TERM", "")
    if "NO_COLOR" in env or term in ("", "dumb", "vt100", "vt102", "vt220"):
        return "none"
    if env.get("COLORTERM") in ("truecolor", "24bit"):
        return "truecolor"
    if term.endswith("-direct") or any(word in term for word in TRUE_COLOURS):
        return "truecolor"
    return "256" if "256color" in term else "standard"
