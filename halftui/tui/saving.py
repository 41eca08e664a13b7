"""Saving a text to a file of whoever looks, which is asked for and never overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from halftui.domain.text import clean
from halftui.errors import HalfTUIError, Refused
from halftui.tui.screens.entry import Chips, EntrySheet

if TYPE_CHECKING:
    from halftui.tui.app import HalfApp

SHOWN = 46  # of a path's end, beside the keys at 80 columns
KEYS = [("enter", "save"), ("esc", "back")]


async def save(app: HalfApp, text: str, name: str, what: str) -> None:
    """Ask where a text shall go, beginning with `name`, and write it there; `what` says how much it is."""
    if not app.has_files:
        app.refuse(Refused("a file would be written on the machine that serves", "y copies what is shown"))
        return
    while True:
        sheet = EntrySheet(f"Save {what} to", _explain, KEYS, name)
        if (typed := await app.push_screen_wait(sheet)) is None:
            return
        name = " ".join(typed.lines)
        try:
            await app.ask(write, _path(name), text)
        except HalfTUIError as error:
            app.refuse(error)
        else:
            app.say(str(_path(name)), f"{what} saved")
            return


def write(path: Path, text: str) -> None:
    """Write a text without its control characters. Raises Refused if the file is there, or can't be made."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"{path} is there already", "give it another name") from error
    except OSError as error:
        raise Refused(f"{path} can't be written: {error.strerror}", "name another place") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{clean(text)}\n")


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:  # nobody has that name
        return Path(name).absolute()


def _explain(name: str) -> Chips:
    path = str(_path(name))
    if os.path.lexists(path):
        return [("that file is there already", "failed")]
    return [(path if len(path) <= SHOWN else f"…{path[-SHOWN:]}", "muted")]
