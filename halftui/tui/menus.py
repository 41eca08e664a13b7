"""What the menus offer: the actions on an item, what of it can be copied, the themes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from textual.screen import ModalScreen, Screen

from halftui.domain.names import BEAD_BRANCHES
from halftui.domain.shown import Card
from halftui.tui import clip, terminal
from halftui.tui.app import HalfApp
from halftui.tui.items import Item
from halftui.tui.keys import ALWAYS, MOVE, Action
from halftui.tui.offers import offered, perform
from halftui.tui.screens.command import CommandSheet
from halftui.tui.screens.help import HelpScreen
from halftui.tui.screens.menu import Choice, Menu

OF_ITEM = {  # what is offered for an item of the rail
    "agent": ("bead.open", "bead.answer", "output.open", "bead.shell", "attempt.stop", "copy"),
    "convoy": ("bead.open", "convoy.start", "bead.cancel", "copy"),
    "ask": ("bead.answer", "output.open", "copy"),
    "stuck": ("bead.open", "copy"),
    "review": ("bead.open", "output.open", "copy"),
}


@runtime_checkable
class Holds(Protocol):
    """A screen with a card or item under its cursor."""

    @property
    def card(self) -> Card | None:
        """The card."""

    @property
    def item(self) -> Item | None:
        """The item of a rail, if that has the focus."""


async def act(app: HalfApp) -> None:
    """Open the menu of what can be done here, where the mouse was clicked or in the middle."""
    from halftui.tui.arranging import arrange
    from halftui.tui.screens.board import BoardScreen

    screen, at, app.clicked = app.screen, app.clicked, None
    lane = screen.lanes.under(*at) if at is not None and isinstance(screen, BoardScreen) else None
    if isinstance(screen, BoardScreen) and lane and at and lane.region.y == at[1] and app.may("lane.menu"):
        await arrange(screen, lane.lane, at)
        return
    found = actions(screen)
    title = _title(screen)
    choices = [
        Choice(a.id, a.does, a.key, "text" if app.may(a.id) else "muted", a.label)
        for a in sorted(found, key=lambda a: a.group == ALWAYS)
    ]
    taken = await app.push_screen_wait(Menu(title, choices, at)) if choices else None
    if taken is not None:
        await perform(screen, next(a for a in found if a.id == taken))


def actions(screen: Screen[object]) -> list[Action]:
    """Return what can be done on a screen to what is under its cursor; ways and moves are left out."""
    found = [a for a in offered(screen) if (a.group not in (MOVE, ALWAYS) and a.rank < 9) or a.id == "copy"]
    if not isinstance(screen, Holds):
        return [a for a in found if a.id != "copy" or isinstance(screen, Copies)]
    if screen.item is not None:
        return [a for a in found if a.id in OF_ITEM.get(screen.item.kind, ())]
    lane = screen.card.lane if screen.card else ""
    return [a for a in found if not a.lanes or lane in a.lanes.split()]


def _title(screen: Screen[object]) -> str:
    if not isinstance(screen, Holds):
        return "What shall happen?"
    if screen.item is not None:
        return screen.item.name
    return f"{screen.card.id} {screen.card.title}" if screen.card else "Board"


async def palette(app: HalfApp) -> None:
    """Let a person find an action by its words."""
    from textual.command import CommandPalette

    from halftui.tui.palette import Actions

    if not isinstance(app.screen, CommandPalette):
        await app.push_screen(CommandPalette(providers=[Actions], placeholder="What shall happen?"))


async def keys(app: HalfApp) -> None:
    """Show the keys that hold here."""
    await app.push_screen(HelpScreen(offered(app.screen)))


async def parting(app: HalfApp) -> None:
    """Tell who presses ctrl+c how to leave."""
    app.say("q quits, esc goes back")


async def staying(app: HalfApp) -> None:
    """Tell who presses ctrl+z what does not happen, for a stopped board lets its agents down."""
    app.say("u takes back; the board stays in front, its agents need it")


async def command(app: HalfApp) -> None:
    """Let a person type a command, or an action's name."""
    screen = app.screen
    if not isinstance(screen, ModalScreen) and (action := await app.push_screen_wait(CommandSheet())):
        await perform(screen, action)


@runtime_checkable
class Copies(Protocol):
    """A screen that has something to copy."""

    def copies(self) -> Sequence[tuple[str, str]]:
        """Return names and texts."""


async def copy(app: HalfApp) -> None:
    """Let a person copy something of what is under the cursor."""
    screen = app.screen
    found = list(screen.copies()) if isinstance(screen, Copies) else []
    found = [(name, text) for name, text in found if text]
    if not found:
        app.say("there is nothing to copy here")
        return
    keys = _keys([name for name, _ in found])
    choices = [
        Choice(str(n), f"{name}: {text.partition(chr(10))[0]}", keys[n])
        for n, (name, text) in enumerate(found)
    ]
    if (taken := await app.push_screen_wait(Menu("Copy", choices))) is not None:
        name, text = found[int(taken)]
        clip.copy(app, text, name)


def of_card(card: Card) -> list[tuple[str, str]]:
    """Return what of a card can be copied."""
    command = card.progress.partition(": halftui ")[2]  # what would let it go on
    return [
        ("remedy", f"halftui {command}" if command else ""),
        ("id", card.id), ("title", card.title), ("both", f"{card.id} {card.title}"),
        ("branch", f"{BEAD_BRANCHES}{card.id}"), ("labels", " ".join(card.labels)), ("agent", card.assignee),
        ("convoy", card.convoy), ("now", card.now), ("why it came back", card.remark),
    ]  # fmt: skip


def of_item(item: Item) -> list[tuple[str, str]]:
    """Return what of a rail's item can be copied."""
    return [("name", item.name), ("bead", item.bead), ("id", item.key.removeprefix("review "))]


async def theme(app: HalfApp) -> None:
    """Let a person choose a theme; the board wears each while the cursor is on it."""
    if app.ansi_color:
        return
    app.read_themes()
    was = app.theme
    choices = [Choice(name, title) for name, title in app.themes]

    def wear(name: str) -> None:
        app.theme = name

    taken = await app.push_screen_wait(Menu("Theme", choices, (2, 1), chosen=was, turned=wear))
    app.theme = taken or was
    if taken:
        app.say(f'theme = "{taken}" in config.toml keeps it', dict(app.themes)[taken])


async def next_theme(app: HalfApp) -> None:
    """Wear the next theme."""
    if not app.ansi_color:
        names = [name for name, _ in app.themes]
        app.theme = names[(names.index(app.theme) + 1) % len(names)]
        app.say(f'theme = "{app.theme}" in config.toml keeps it', dict(app.themes)[app.theme])


async def mouse(app: HalfApp) -> None:
    """Leave the mouse to the terminal, or take it again."""
    app.has_mouse = not app.has_mouse
    terminal.let_mouse(app, is_ours=app.has_mouse)
    app.say("it moves cards again" if app.has_mouse else "it is the terminal's · M takes it again", "mouse")


def _keys(names: Sequence[str]) -> list[str]:
    """Return a key for each name: one of its letters that is still free."""
    keys: list[str] = []
    for name in names:
        keys.append(next((letter for letter in name if letter.isalpha() and letter not in keys), ""))
    return keys
