"""The board's single rows: header, tabs, status, hints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.strip import Strip

from halftui.domain.shown import Snapshot
from halftui.tui import bars, keys
from halftui.tui.keys import hinted
from halftui.tui.widgets.line import Line

if TYPE_CHECKING:
    from halftui.tui.screens.board import BoardScreen

Paint = Callable[["BoardScreen", int, Snapshot], Strip]


def make(board: BoardScreen) -> dict[str, Line]:
    """Return the rows of a board by their ids."""
    return {name: Line(_grounded(board, paint()), id=name) for name, paint in PAINTS.items()}


def _grounded(board: BoardScreen, paint: Paint) -> Callable[[int], Strip]:
    def painted(width: int) -> Strip:
        snapshot = board.half.snapshot
        row = Strip.blank(width) if snapshot is None else paint(board, width, snapshot)
        return row.apply_style(board.half.inks["ground"])

    return painted


def _header(board: BoardScreen, width: int, snapshot: Snapshot) -> Strip:
    return bars.header(width, snapshot, "Board", board.half.inks)


def _tabs(board: BoardScreen, width: int, snapshot: Snapshot) -> Strip:
    names, lanes = board.lanes.names, board.lanes.by_name
    told = [(lanes[name].row.heading, lanes[name].total) for name in names]
    return bars.tabs(width, told, names.index(board.lanes.here), board.half.inks)


def _status(board: BoardScreen, width: int, snapshot: Snapshot) -> Strip:
    actor = board.half.service.actor
    who = bars.Who(actor.name or actor.kind, board.half.database, board.half.notice, board.half.company.names)
    return bars.status(width, snapshot, who, board.half.inks, len(board.lanes.marked), board.finder.note)


class _Hints:
    """The hints of one board: painted with each change of it, and seldom another row."""

    def __init__(self) -> None:
        self._told: tuple[object, ...] = ()
        self._row = Strip([])

    def __call__(self, board: BoardScreen, width: int, snapshot: Snapshot) -> Strip:
        item, is_needed = board.item, bars.need(snapshot) > 0
        lane = board.card.lane if board.card else "convoy" if item and item.kind == "convoy" else "none"
        inks = board.half.inks
        if self._told != (told := (width, lane, is_needed, inks, dict(keys.OWN))):
            self._told = told
            self._row = bars.hints(width, hinted(lane, is_needed=is_needed), inks, board.half.may)
        return self._row


PAINTS: dict[str, Callable[[], Paint]] = {
    "header": lambda: _header, "tabs": lambda: _tabs, "status": lambda: _status, "hints": _Hints,
}  # fmt: skip
