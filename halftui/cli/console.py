"""The command line inside a board: the same commands, run on the board that is open, and completed."""

import io
import shlex
from typing import NoReturn

from click.shell_completion import ShellComplete

from halftui.cli import parser
from halftui.cli.call import Call
from halftui.cli.door import Door
from halftui.domain.text import clean
from halftui.errors import HalfTUIError, Misconfigured, Refused
from halftui.ops import views
from halftui.service.service import Service

MOST = 200  # completions


class Console:
    """Runs the commands that somebody types on an open board, as the actor of its service."""

    def __init__(self, door: Door, service: Service, board: str) -> None:
        self._door = door._replace(
            service=lambda _: service, tui=_closed, demo=_closed, welcome=_closed, serve=_closed,
            shell=_closed, can_break=False,
        )  # fmt: skip
        self._service, self._board = service, board

    def run(self, line: str, width: int) -> tuple[int, str]:
        """Run one line; return its exit code and what it prints, for a terminal of `width` cells."""
        try:
            words = _words(line)
        except Misconfigured as error:
            return error.exit_code, f"{error.message}\n"
        out = io.StringIO()
        door = self._door._replace(out=out, err=out, input=io.StringIO(""), width=width)
        code = parser.run(door, ["--board", self._board, "--no-color", *words])
        return code, clean(out.getvalue())

    def complete(self, line: str) -> list[tuple[str, str]]:
        """Return what the last word of a line could be, each with its help: commands, options, beads."""
        try:
            words = _words(line)
        except Misconfigured:
            return []
        last = words.pop() if words and not line.endswith(" ") else ""
        shell = ShellComplete(parser.cli, {"obj": Call(self._door)}, "halftui", "HALFTUI")
        try:
            found = shell.get_completions(["--board", self._board, *words], last)
        except HalfTUIError:  # not theirs to run
            return []
        told = [(item.value, item.help or "") for item in found if item.type == "plain"]
        is_option = last.startswith("-")
        return (told or ([] if is_option or not words else self._beads(last)))[:MOST]

    def _beads(self, start: str) -> list[tuple[str, str]]:
        shown = self._service.read(views.snapshot, self._board)
        cards = [card for lane in shown.lanes for card in lane.cards]
        return [(c.id, c.title) for c in cards if c.id.startswith(start) or f"-{start}" in c.id]


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Misconfigured(f"this line is not whole: {error}", "close the quote") from error
    return words[1:] if words[:1] == ["halftui"] else words


def _closed(*_: object) -> NoReturn:
    raise Refused("a board is open already", "leave it with q first")
