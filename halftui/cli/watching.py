"""`--watch`: a command's output again and again, drawn anew on a terminal, told anew elsewhere."""

from __future__ import annotations

import io
import math
import os
import select
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TextIO, TypeVar

import click

from halftui.cli.call import Call
from halftui.errors import Unavailable

Answer = TypeVar("Answer")
LOOK_SECONDS = 0.3  # between looks whether anything was written
ANEW_SECONDS = 30.0  # after which it is read again though nobody wrote, since time moves beads as well
RECONNECT_SECONDS = 60.0
USUAL_HEIGHT = 24  # of a terminal that does not tell
_HOME, _CLEAR = "\x1b[H", "\x1b[J"
_END_LINE = "\x1b[K"


class _Page(io.StringIO):
    """What a command prints, kept until it is complete; it says of itself what its stream says."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def isatty(self) -> bool:
        """Return whether it will be printed on a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the stream's number, by which a terminal's size is asked for."""
        return self._stream.fileno()


def watched(run: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that only reads the option to go on; `run` takes the call first."""
    option = click.option(
        "--watch", "is_watched", is_flag=True,
        help="Go on, and print it again whenever it changes; with -o json one document a line.",
    )  # fmt: skip

    @wraps(run)
    def begin(call: Call, /, *args: Any, is_watched: bool, **given: Any) -> Any:
        if not is_watched:
            return run(call, *args, **given)
        return _watch(call, lambda: run(call, *args, **given))

    return option(begin)


def pause(out: TextIO, seconds: float) -> None:
    """Wait, but raise BrokenPipeError as soon as nobody reads any more."""
    out.flush()
    try:
        number = out.fileno()
    except (OSError, ValueError):  # none of this process's streams: its flush has told
        time.sleep(seconds)
        return
    poll = select.poll()
    poll.register(number, 0)  # errors and the other end's leaving are told without being asked for
    if poll.poll(seconds * 1000):
        raise BrokenPipeError


def persist(call: Call, ask: Callable[[], Answer], deadline: float = math.inf) -> Answer:
    """Return what `ask` returns; while the database does not answer, it is asked again for a minute at most.

    So a server may restart meanwhile. Raises Unavailable after that, or at the `deadline` (monotonic).
    """
    end = None
    while True:
        try:
            return ask()
        except Unavailable:
            end = end or min(time.monotonic() + RECONNECT_SECONDS, deadline)
            if (left := end - time.monotonic()) <= 0:
                raise
            pause(call.out, min(LOOK_SECONDS, left))


def _watch(call: Call, run: Callable[[], Any]) -> None:
    call.begin_waiting()
    out, shown = call.out, None

    def look() -> tuple[int, str]:
        return call.service.stamp(), _page(call, run)

    while True:
        began = time.monotonic()
        seen, text = look() if shown is None else persist(call, look)
        if text != shown:
            _print(call, out, text, is_first=shown is None)
            shown = text
        while persist(call, call.service.stamp) == seen and time.monotonic() - began < ANEW_SECONDS:
            pause(out, LOOK_SECONDS)


def _page(call: Call, run: Callable[[], Any]) -> str:
    out = call.out
    call.out = page = _Page(out)
    call.is_lined = True
    try:
        run()
    finally:
        call.out = out
    return page.getvalue()


def _print(call: Call, out: TextIO, text: str, *, is_first: bool) -> None:
    if out.isatty() and not call.is_for_machines:
        text = _drawn(text, _height(out))
    elif not is_first and call.form != "json":
        text = ("---\n" if call.form == "yaml" else "\n") + text
    out.write(text)
    out.flush()


def _drawn(text: str, height: int) -> str:
    """Return what draws a text over the last one; what would not fit is counted."""
    lines = text.splitlines()
    if len(lines) >= height:
        lines = [*lines[: height - 2], f"… {len(lines) - height + 2} more lines"]
    return _HOME + "".join(f"{line}{_END_LINE}\n" for line in lines) + _CLEAR


def _height(out: TextIO) -> int:
    try:
        return max(os.get_terminal_size(out.fileno()).lines or USUAL_HEIGHT, 3)
    except (OSError, ValueError):
        return USUAL_HEIGHT
