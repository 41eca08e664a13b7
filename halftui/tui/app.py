"""The application: what every screen shares, locally and over SSH."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec, Protocol, TypeVar, runtime_checkable

from textual import events
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.worker import WorkType

from halftui.domain.shown import Snapshot
from halftui.errors import Denied, HalfTUIError, NotFound
from halftui.ops import views
from halftui.service.service import Service
from halftui.tui import lending, rights, terminal, themes, toasts, together
from halftui.tui.ahead import Ahead
from halftui.tui.going import goes, opens, shows
from halftui.tui.keys import bindings
from halftui.tui.telling import Teller

if TYPE_CHECKING:
    from halftui.tui.screens.command import Commands

P = ParamSpec("P")
R = TypeVar("R")
WARM_UP_SECONDS, RETRY_SECONDS = 0.3, 2.0  # after the first frame; after the database went away
RELOAD_SECONDS, RIGHT = 1.0, 3  # where somebody writes own themes; the mouse's button
FIRST_CARDS = 100  # of a lane, more than the first frame can show


@runtime_checkable
class Shows(Protocol):
    """A screen that wants each new snapshot of the board."""

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""


class HalfApp(App[None]):
    """A board on a terminal. Screens reach the service through `ask` and `tell` only.

    `follows`: this app keeps the board's watch running; else an engine beside it does.
    `owns_agents`: agents of this process end when the app does, so leaving asks first.
    `is_alone`: this is the process's only app, so the collector may rest while it starts.
    """

    TITLE = "HalfTUI"
    CSS_PATH = "app.tcss"
    SUSPENDED_SCREEN_CLASS = "-below"  # of another screen
    ENABLE_COMMAND_PALETTE = False  # ours opens with the board's own actions alone
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("everywhere"), ("ctrl+z", "stay")]
    has_files = True  # False: the files of this machine are not those of whoever looks

    class Fresh(Message):
        """The board has another snapshot."""

    def __init__(
        self,
        service: Service,
        board: str,
        *,
        follows: bool = True,
        owns_agents: bool = False,
        is_alone: bool = False,
        theme: str = "",
        notice: str = "",
        database: str = "sqlite",
        clock: Callable[[], float] = time.time,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        look = themes.first(themes.worn(theme, env))
        self._looks = {look.name: look}
        # Before all else, for a theme that is put on later lets every style be read twice.
        self.set_reactive(App.theme, look.name)
        super().__init__(ansi_color=True if look.name == themes.MONO else None)
        self.update_classes(
            {f"-theme-{look.name}": True, "-dark-mode": look.theme.dark, "-light-mode": not look.theme.dark},
            update=False,
        )
        for name in self.available_themes:
            self.unregister_theme(name)
        self.register_theme(look.theme)
        self.service = service
        self.board = board
        self.notice = notice  # what the person should always know, such as agents without a container
        self.hindrance: HalfTUIError | None = None  # what keeps agents from starting
        self.database = database
        self.clock = clock
        self.owns_agents = owns_agents
        self.console_of: Callable[[], Commands] | None = None  # makes what runs typed commands
        self.lending = lending.Lending(self)
        self.typed: list[str] = []  # command lines, the newest last
        self.env = env  # of the terminal
        self.has_mouse = True
        self.clicked: tuple[int, int] | None = None  # where a menu opens
        self.carry: Callable[[events.MouseMove], None] | None = None  # takes the mouse's moves while it drags
        self._is_alone = is_alone
        self.company = together.Company(self)
        self.ahead = Ahead(self, super().on_event)
        self.snapshot: Snapshot | None = None
        self.animation_level = "none"
        self.fault: Exception | None = None  # the bug that ended it
        self.drawn = asyncio.Event()  # set once the first frame is on the screen
        self.teller = Teller(self)
        self._delivered: Snapshot | None = None
        self._follows = follows
        self._unsubscribe: Callable[[], None] | None = None
        self._stamp = themes.stamp()
        self.complaints: list[HalfTUIError] = []  # told when the board is there

    async def on_load(self) -> None:
        """Read the board before the first frame, so that it shows the real cards."""
        self.snapshot = await self.ask(self.service.read, views.snapshot, self.board, FIRST_CARDS)
        self.board = self.snapshot.board.id

    def get_default_screen(self) -> Screen[None]:
        """Return the board."""
        from halftui.tui.screens.board import BoardScreen

        return BoardScreen()

    def on_mount(self) -> None:
        """Follow the board, and get ready for the first write while nobody waits."""
        self._unsubscribe = self.service.watch(self.board).subscribe(self._hear)
        if self.snapshot is not None:
            self.teller.hear(self.snapshot)
        if not self._is_alone:
            self.company.arrive()
        self.app_suspend_signal.subscribe(self, lambda _: self.ahead.give_up())
        if self._stamp and self.has_files:
            self.set_interval(RELOAD_SECONDS, self.read_themes)
        if not self.has_mouse:
            terminal.let_mouse(self, is_ours=False)
        for error in self.complaints:
            self.refuse(error)
        self.set_timer(WARM_UP_SECONDS, partial(spawn, self, self._warm_up))

    async def _warm_up(self) -> None:
        self._learn(*await self.ask(themes.load))
        await self.ask(_import_ops)
        if self._is_alone:  # what lives by now stays; full collections need not look at it
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)  # a frame makes thousands of objects that die with it
            gc.enable()

    def on_ready(self) -> None:
        """Tell whoever waits that the first frame is drawn."""
        self.drawn.set()
        if self._follows:
            spawn(self, self._follow)

    def on_unmount(self) -> None:
        """Hear no more of the board."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.company.leave()
        self.teller.end()

    async def _process_messages(self, *args: Any, **kwargs: Any) -> None:
        # Textual sets an eager task factory for the whole loop on Python 3.12; asyncssh then hangs.
        asyncio.get_running_loop().set_task_factory(None)
        await super()._process_messages(*args, **kwargs)

    def _handle_exception(self, error: Exception) -> None:
        self.fault = self.fault or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # The base class prints the traceback with all values, secrets among them; whoever runs it reports.
        self._close_messages_no_wait()

    async def _follow(self) -> None:
        while True:
            try:
                await self.service.watch(self.board).run()
            except NotFound as error:
                self.exit(return_code=error.exit_code, message=str(error))
                return
            except HalfTUIError as error:
                self.refuse(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def on_event(self, event: events.Event) -> None:
        """Take an event; a key waits for what the keys before it opened, what is dragged follows at once."""
        if self.carry and isinstance(event, events.MouseMove) and event.button and not event.is_forwarded:
            self.mouse_position = event.offset
            self.carry(event)
        elif not (isinstance(event, events.Key | events.Paste) and self.ahead.holds(event)):
            await super().on_event(event)

    def redraw(self) -> None:
        """Draw what changed beside the board."""
        self._delivered = None
        self.post_message(self.Fresh())

    def _hear(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.post_message(self.Fresh())

    def on_half_app_fresh(self) -> None:
        """Hand the newest snapshot to every screen that wants it."""
        if (snapshot := self.snapshot) is None or snapshot is self._delivered:
            return
        self._delivered = snapshot
        self.teller.hear(snapshot)
        for screen in [s for s in self.screen_stack if isinstance(s, Shows) and s.is_mounted]:
            screen.show(snapshot)

    def on_lane_moved(self) -> None:
        """Let the others see where this cursor stands."""
        self.company.look()

    on_lanes_turned = on_lane_moved

    async def renew(self) -> None:
        """Read the board now, so that what was just done is seen at once."""
        await self.service.watch(self.board).refresh()
        self.on_half_app_fresh()

    async def ask(self, blocking: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what a blocking call (service.read, …) returns, from a thread."""
        return await asyncio.to_thread(blocking, *args, **kwargs)

    async def tell(self, op: Callable[Concatenate[Any, P], R], *args: P.args, **kwargs: P.kwargs) -> R | None:
        """Run an op and renew the board; a refusal becomes a toast with its hint and returns None."""
        return await self._tried(partial(self.service.write, op, *args, **kwargs))

    async def did(self, op: Callable[Concatenate[Any, P], Any], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Do as `tell` does, and return whether it was done."""

        def done() -> bool:
            self.service.write(op, *args, **kwargs)
            return True

        return await self._tried(done) is True

    async def _tried(self, blocking: Callable[[], R]) -> R | None:
        try:
            result = await asyncio.to_thread(blocking)
            await self.renew()
        except HalfTUIError as error:
            self.refuse(error)
            return None
        return result

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, unless this person's role does not allow it; then say so."""
        with self.ahead.acting():
            try:
                rights.check(self.service.actor, action if isinstance(action, str) else action[1])
            except Denied as error:
                self.refuse(error)
                return True
            return await super().run_action(action, default_namespace, namespaces)

    def may(self, ident: str) -> bool:
        """Return whether this person may use the action of that id."""
        return rights.may(self.service.actor, ident, is_here=terminal.is_here(self))

    def refuse(self, error: HalfTUIError) -> None:
        """Show why something was not done; what was typed on for it is dropped."""
        self.ahead.forget()
        toasts.show(self, error.hint, error.message, "warning")

    def say(self, words: str, title: str = "") -> None:
        """Show what was done."""
        toasts.show(self, words, title)

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody looks, so that ages may be told later."""
        return False

    @property
    def inks(self) -> themes.Inks:
        """What the board draws with in the chosen theme."""
        return self._looks[self.theme].inks

    def get_theme(self, theme_name: str) -> Theme | None:
        """Return what Textual colours its widgets with in a theme."""
        look = self._looks.get(theme_name)
        return look.theme if look else super().get_theme(theme_name)

    def _learn(self, looks: Mapping[str, themes.Look], wrong: Sequence[HalfTUIError]) -> None:
        """Take the themes as their files are now; a wrong one stays as it was."""
        for error in wrong:
            self.refuse(error)
        for name, look in looks.items():
            if look != self._looks.get(name):
                self._looks[name] = look
                self.register_theme(look.theme)
                if name == self.theme:
                    self.mutate_reactive(HalfApp.theme)

    def read_themes(self) -> None:
        """Take in the user's own themes if their files changed."""
        was, self._stamp = self._stamp, themes.stamp()
        if self._stamp != was:
            self._learn(*themes.load())

    @property
    def themes(self) -> list[tuple[str, str]]:
        """Every theme's name and title."""
        if len(self._looks) == 1:  # the first frame needed no other
            self._learn(*themes.load())
        return sorted((name, look.title) for name, look in self._looks.items())

    def action_redraw(self) -> None:
        """Draw the whole screen anew."""
        for node in self.screen.walk_children(Widget, with_self=True):
            node.refresh()

    action_menu, action_copy, action_mouse = opens("act"), opens("copy"), opens("mouse")
    action_command, action_palette, action_help = opens("command"), opens("palette"), opens("keys")
    action_theme_choose, action_theme_next = opens("theme"), opens("next_theme")
    action_help_quit, action_stay = opens("parting"), opens("staying")

    def on_click(self, event: events.Click) -> None:
        """Open the menu where the right button was clicked."""
        if event.button == RIGHT and not isinstance(self.screen, ModalScreen):
            self.clicked = event.screen_offset
            self.action_menu()

    async def action_quit(self) -> None:
        """Leave; ask first if that would stop agents."""
        busy = [a for a in self.snapshot.agents if a.status != "idle"] if self.snapshot else []
        if not self.owns_agents or not busy:
            return self.exit()
        from halftui.tui.screens import confirm

        self.push_screen(confirm.leaving([a.name for a in busy]), lambda yes: self.exit() if yes else None)

    def action_next_need(self) -> None:
        """Go to the next thing that waits for a person: questions, then reviews."""
        if self.snapshot is None:
            return
        if self.snapshot.asks:
            self.open_ask(self.snapshot.asks[0])
        elif reviews := [c for c in self.snapshot.lane("review").cards if not c.is_under_way]:
            self.open_review(min(reviews, key=lambda c: c.updated_at).id)
        else:
            self.say("nothing needs you")

    open_ask = shows("question", "QuestionSheet")  # of an Ask
    open_review = shows("review", "ReviewScreen")  # of a bead, or of the oldest that waits
    open_detail = shows("detail", "DetailScreen")  # of a bead
    open_output = shows("output", "OutputScreen")  # of a card

    async def action_place_board(self) -> None:
        """Go back to the board."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    action_place_agents = goes("agents", "AgentsScreen")
    action_place_convoys = goes("convoys", "ConvoysScreen")
    action_place_output = goes("logs", "LogsScreen")
    action_place_review = goes("review", "ReviewScreen")
    action_place_accounts = goes("accounts", "AccountsScreen")
    action_place_metrics = goes("metrics", "MetricsScreen")


def spawn(node: DOMNode, work: WorkType[None], group: str = "default") -> None:
    """Run `work` beside the messages of a screen or app, for as long as that is there.

    A function, not its coroutine: one that is never started would be warned of.
    """
    node.run_worker(work, group=group)


def half(node: DOMNode) -> HalfApp:
    """Return the app of a screen or widget."""
    assert isinstance(node.app, HalfApp)
    return node.app


def _import_ops() -> None:
    from halftui.ops import beads, convoys  # noqa: F401 - their import is what takes time
