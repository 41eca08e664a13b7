"""What can be done on a screen, and doing it as its key would."""

import sys
from typing import Any

from textual.screen import Screen

from halftui.tui.keys import Action, held


def offered(screen: Screen[Any]) -> list[Action]:
    """Return what keys do on a screen: its own actions, those of the focused widget, and the common ones."""
    found: list[Action] = held(str(getattr(screen, "PLACE", "everywhere")))
    for node in dict.fromkeys((screen, *(screen.focused.ancestors_with_self if screen.focused else ()))):
        own: tuple[Action, ...] = getattr(sys.modules[type(node).__module__], "ACTIONS", ())
        found = [*own, *(a for a in found if a not in own)]
    return found


async def perform(screen: Screen[Any], action: Action) -> None:
    """Do an action as its key would: where the focus is, on the screen, or in the application."""
    for node in (*(screen.focused.ancestors_with_self if screen.focused else ()), screen, screen.app):
        if hasattr(node, f"action_{action.name}"):
            await screen.app.run_action(action.name, node)
            return
