"""Actions of the app that only go to a place or open something; its module is imported at the first time.

A screen is shown in the app's own turn and awaited there, so that no key can leave it before it stands:
Textual takes the parts of such a screen away and mounts it afterwards.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Concatenate

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp


def goes(module: str, name: str) -> "Callable[[HalfApp], Awaitable[None]]":
    """Return an action that shows a place over the board; its module is imported when somebody goes there."""

    async def go(app: "HalfApp") -> None:
        await app.action_place_board()
        await app.push_screen(getattr(import_module(f"halftui.tui.screens.{module}"), name)())

    return go


def opens(name: str) -> "Callable[[HalfApp], None]":
    """Return an action that opens one of the menus."""

    def opened(app: "HalfApp") -> None:
        app.run_worker(partial(getattr(import_module("halftui.tui.menus"), name), app), group="menu")

    return opened


def shows(module: str, name: str) -> "Callable[Concatenate[HalfApp, ...], None]":
    """Return what opens a screen of halftui.tui.screens over the one that is there."""

    def show(app: "HalfApp", *of: Any) -> None:
        app.call_next(app.push_screen, getattr(import_module(f"halftui.tui.screens.{module}"), name)(*of))

    return show
