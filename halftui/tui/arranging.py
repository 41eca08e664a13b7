"""Laying out a board's lanes from the screen: a menu of what can be done to one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from halftui.domain import lanes
from halftui.domain.lanes import LaneRow, Lanes
from halftui.errors import HalfTUIError, Refused
from halftui.tui.screens.entry import Chips, EntrySheet
from halftui.tui.screens.menu import Choice, Menu

if TYPE_CHECKING:
    from halftui.tui.screens.board import BoardScreen

KEYS = [("enter", "take"), ("esc", "back")]
SHOW = "show "


async def arrange(board: BoardScreen, name: str, at: tuple[int, int] | None = None) -> None:
    """Let a person move, name, limit, hide or drop a lane, show a hidden one, or make one by a filter."""
    found = board.lanes.laid
    row = lanes.lane(found, name)
    taken = await board.app.push_screen_wait(Menu(f"Lane {row.heading}", _choices(found, row), at))
    if taken is None:
        return
    try:
        wanted = await _wanted(board, found, row, taken)
    except HalfTUIError as error:
        board.half.refuse(error)
        return
    if wanted is not None and wanted != found:
        await _lay(board, wanted)


def _choices(found: Lanes, row: LaneRow) -> list[Choice]:
    choices = [
        Choice("left", "Move it to the left", "h"), Choice("right", "Move it to the right", "l"),
        Choice("rename", "Give it another title", "r"), Choice("limit", "Warn above so many cards", "w"),
        Choice("hide", "Hide it", "x"), Choice("new", "New lane of what a filter holds", "n"),
    ]  # fmt: skip
    if row.is_own:
        choices += [Choice("filter", f"Another filter than {row.filter}", "f"),
                    Choice("drop", "Do without it; its beads stay where they are", "d")]  # fmt: skip
    choices += [Choice(f"{SHOW}{other.name}", f"Show {other.heading}") for other in found if other.is_hidden]
    return choices + (
        [Choice("reset", "Lay out all lanes as they came", "o")] if found != lanes.DEFAULT else []
    )


async def _wanted(board: BoardScreen, found: Lanes, row: LaneRow, taken: str) -> Lanes | None:
    at_once: dict[str, Callable[[], Lanes]] = {
        "left": lambda: lanes.beside(found, row.name, -1),
        "right": lambda: lanes.beside(found, row.name, 1),
        "hide": lambda: lanes.changed(found, row.name, is_hidden=True),
        "drop": lambda: lanes.without(found, row.name),
        "reset": lambda: lanes.DEFAULT,
    }
    if taken in at_once:
        return at_once[taken]()
    if taken.startswith(SHOW):
        return lanes.changed(found, taken.removeprefix(SHOW), is_hidden=False)
    if (typed := await _typed(board, row, taken)) is None:
        return None
    if taken == "new":
        title, words = _halves(typed)
        name = lanes.named(title, found)
        made = lanes.changed(found, name, title=title, filter=words)
        return lanes.at(made, name, [other.name for other in made].index(row.name) + 1)
    if taken == "limit":
        if not typed.isascii() or not typed.isdigit():
            raise Refused(f"{typed} is no number of cards", "0 is any number")
        return lanes.changed(found, row.name, limit=int(typed))
    return lanes.changed(found, row.name, **{"filter" if taken == "filter" else "title": typed})


async def _typed(board: BoardScreen, row: LaneRow, taken: str) -> str | None:
    prompt, said = {
        "rename": (f"Title of {row.heading}", f"now {row.heading}"),
        "limit": (
            f"Limit of {row.heading}",
            f"now {row.limit or 'none'} · 0 is none · more cards are warned of",
        ),
        "filter": (f"Filter of {row.heading}", f"now {row.filter}"),
        "new": ("New lane", "title: words, #label, @who, !1 · as in  Urgent: #urgent !0"),
    }[taken]

    def explain(text: str) -> Chips:
        if taken != "new" or not text.strip():
            return [(said, "muted")]
        title, words = _halves(text)
        return [(title, "text"), (f"/ {words}", "label") if words else ("no filter yet", "failed")]

    typed = await board.app.push_screen_wait(EntrySheet(prompt, explain, KEYS))
    return None if typed is None else " ".join(typed.lines)


def _halves(text: str) -> tuple[str, str]:
    """Return title and filter; without a colon the filter is the title, too."""
    title, colon, words = text.partition(":")
    return title.strip(), words.strip() if colon else title.strip()


async def _lay(board: BoardScreen, wanted: Lanes) -> None:
    from halftui.ops import boards

    snapshot = board.half.snapshot
    if snapshot is not None:
        wish = lanes.wish(wanted)
        await board.half.did(boards.edit, snapshot.board.id, snapshot.board.version, lanes=wish)
