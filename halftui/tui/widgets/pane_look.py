"""How a pane of lines looks, how often it is drawn, and what its keys do."""

import asyncio

from halftui.tui.keys import Action

CALM_SECONDS, HURRIED_SECONDS = 0.12, 0.2  # between two drawings
READABLE = 20  # lines a drawing

CSS = """
LinePane {
    overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
    scrollbar-background: $background; scrollbar-background-hover: $background;
    border: round $border; border-title-color: $text-muted; border-subtitle-color: $text-muted;
    background: $background; color: $foreground; height: 1fr; padding: 0 0 0 1;
    &:focus { border: heavy $primary; border-title-color: $primary; border-title-style: bold; }
    & > .line--say, & > .line--tool { color: $foreground; }
    & > .line--think, & > .line--missed { color: $text-muted; text-style: italic; }
    & > .line--name { color: $primary; text-style: bold; }
    & > .line--result, & > .line--out, & > .line--diff, & > .line--mark { color: $text-muted; }
    & > .line--ok, & > .line--plus { color: $success; }
    & > .line--error { color: $error; text-style: bold; }
    & > .line--minus { color: $error; }
    & > .line--note { color: $secondary; }
    & > .line--time { color: $text-disabled; }
    & > .line--match { text-style: reverse; }
    & > .line--here { text-style: reverse bold underline; }
}
"""

ACTIONS: tuple[Action, ...] = (
    Action("pane.follow", "f,end,G", "follow", "Go to the newest line and follow it", "pane", 1),
    Action("pane.search", "/", "search", "Search in this pane", "pane", 2),
    Action("pane.zoom", "z", "zoom", "Let this pane fill the screen, or give back the room", "pane", 3),
    Action("pane.wrap", "w", "wrap", "Wrap long lines, or cut them", "pane", 4),
    Action(
        "pane.times",
        "i",
        "times",
        "Show the time of each line, then what was used by then, then neither",
        "pane",
        5,
    ),
    Action("pane.fold", "space", "fold", "Fold what tools printed to a line each, or unfold it", "pane", 5),
    Action("pane.copy", "y", "copy", "Copy the found line, or all lines on the screen", "pane", 6),
    Action("pane.save", "Y", "save", "Save the lines to a file that is not there yet", "pane", 7),
    Action("pane.next", "n", "next", "Go to the next match", "pane", 7),
    Action("pane.previous", "N", "previous", "Go to the match before", "pane", 8),
    Action("pane.up", "up,k", "up", "Go up a line; this pauses", "pane", 9),
    Action("pane.down", "down,j", "down", "Go down a line", "pane", 9),
    Action("pane.half_up", "ctrl+u,pageup", "half a page up", "Go up half a page", "pane", 9),
    Action("pane.half_down", "ctrl+d,pagedown", "half a page down", "Go down half a page", "pane", 9),
    Action("pane.top", "home,g", "top", "Go to the oldest line kept", "pane", 9),
)


def rest(count: int) -> float:
    """Return the seconds to rest after `count` new lines were drawn: longer where nobody can read them all.

    All panes of a loop draw on the same beats, so that the screen is put together once for all.
    """
    beat = HURRIED_SECONDS if count > READABLE else CALM_SECONDS
    return beat - asyncio.get_running_loop().time() % beat
