"""`halftui wait`: until a bead, a convoy or a board has come where it is wanted."""

import re
import time
from collections.abc import Callable, Collection
from typing import Any

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.watching import pause, persist
from halftui.domain.text import counted
from halftui.ops import listings, views

REACHED, MISSED, TIMED_OUT = 0, 1, 124
POLL_SECONDS = 0.3
LONGEST = 366 * 86_400.0  # seconds
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_BEAD_ENDS = ("done", "failed", "cancelled")
_CONVOY_ENDS = ("landed", "cancelled")
_UNFINISHED = ("blocked", "ready", "working", "review")


class Span(click.ParamType[float]):
    """A span of time, as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds of `90`, `90s`, `5m`, `2h` or `1d`."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", str(value), re.ASCII)
        seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
        if not 0 <= seconds <= LONGEST:
            self.fail(f"{value!r} is no span of time; write 90s, 5m, 2h or 1d.", param, ctx)
        return seconds


def _options(words: Collection[str], default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(decorated: Callable[..., Any]) -> Callable[..., Any]:
        until = click.option("--until", type=click.Choice(list(words)), default=default, show_default=True,
                             help="What to wait for; `ended` is any end.")  # fmt: skip
        timeout = click.option("--timeout", type=Span(), default=LONGEST, metavar="TIME",
                               help="How long at most, as in 90s or 5m; by default a year.")  # fmt: skip
        return until(timeout(decorated))

    return decorate


@group("wait")
def wait() -> None:
    """Wait until something has happened.

    Exit code 0: it has; 1: it can't any more; 124: the time was up. A database that goes away meanwhile is
    waited for, too, but no longer than a minute.
    """


@wait.command("bead", example="halftui wait bead hf-3k2 --until done --timeout 10m")
@click.argument("bead")
@_options(["open", "active", "review", *_BEAD_ENDS, "ready", "blocked", "ended"], "done")
@pass_call
def wait_bead(call: Call, bead: str, until: str, timeout: float) -> int:
    """Wait until a bead is in a state."""
    ident = call.bead(bead)

    def look() -> tuple[str, bool, bool]:
        card = call.service.read(views.bead, ident).card
        is_over = card.state in _BEAD_ENDS
        is_there = until in (card.state, card.lane) or (until == "ended" and is_over)
        return card.lane if until in ("ready", "blocked") else card.state, is_there, is_over

    return _wait(call, ident, until, timeout, look)


@wait.command("convoy", example="halftui wait convoy new-checkout --timeout 2h")
@click.argument("convoy")
@_options(["moving", *_CONVOY_ENDS, "ended"], "landed")
@pass_call
def wait_convoy(call: Call, convoy: str, until: str, timeout: float) -> int:
    """Wait until a convoy is in a state."""
    ident = call.service.read(listings.resolve_convoy, convoy, call.board.id)

    def look() -> tuple[str, bool, bool]:
        rows = call.service.read(views.convoys, call.board.id)
        state = next(row.state for row in rows if row.id == ident)
        is_over = state in _CONVOY_ENDS
        return state, state == until or (until == "ended" and is_over), is_over

    return _wait(call, ident, until, timeout, look)


@wait.command("board", example="halftui wait board --until idle --timeout 1h")
@click.argument("name", required=False)
@_options(["idle", "finished"], "idle")
@pass_call
def wait_board(call: Call, name: str | None, until: str, timeout: float) -> int:
    """Wait until no agent works and none could start (idle), or no bead is left (finished)."""
    if name:
        call.wanted_board = name
    board = call.board.id

    def look() -> tuple[str, bool, bool]:
        shown = call.service.read(views.snapshot, board, 1)
        left = sum(shown.lane(lane).total for lane in _UNFINISHED)
        rests = shown.board.is_paused or shown.board.mode == "manual"
        is_idle = not shown.lane("working").total and (rests or not shown.lane("ready").total)
        return f"{counted(left, 'bead')} unfinished", is_idle if until == "idle" else not left, False

    return _wait(call, board, until, timeout, look)


def _wait(
    call: Call, ident: str, until: str, timeout: float, look: Callable[[], tuple[str, bool, bool]]
) -> int:
    call.begin_waiting()
    deadline = time.monotonic() + timeout
    while True:
        state, is_there, is_over = persist(call, look, deadline)
        if is_there or is_over:
            break
        if time.monotonic() >= deadline:
            call.complain(f"the time is up: {ident} is {state}, not {until}", "give it more by --timeout")
            return TIMED_OUT
        pause(call.out, min(POLL_SECONDS, max(0.01, deadline - time.monotonic())))
    if not is_there:
        call.complain(f"{ident} is {state}, so it will not be {until}", f"halftui describe bead {ident}")
        return MISSED
    call.say(f"{ident} is {state}", {"id": ident, "state": state, "until": until})
    return REACHED
