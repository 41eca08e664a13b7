"""One call of the command line: its options, its board, and where its words go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from halftui import ops
from halftui.cli import output
from halftui.domain.text import clean, clean_line
from halftui.errors import Denied, Misconfigured

if TYPE_CHECKING:
    from halftui.cli.door import Door
    from halftui.domain.shown import BoardRow
    from halftui.service.service import Service
    from halftui.settings import Settings


class Call:
    """What every command is handed; settings, service and board are looked up when first asked for."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.flags: dict[str, object] = {}
        self.wanted_board = ""
        self.form = "table"
        self.is_lined = False  # JSON is one line a document
        self.is_plain = False
        self.out: TextIO = door.out or sys.stdout
        self.err: TextIO = door.err or sys.stderr
        self.input: TextIO = door.input or sys.stdin

    @cached_property
    def settings(self) -> Settings:
        """The settings, with this call's options over them."""
        return self.door.settings_of(self.flags)

    @cached_property
    def service(self) -> Service:
        """The handle to the database."""
        return self.door.service(self.settings)

    @cached_property
    def board(self) -> BoardRow:
        """The board that is meant: the named one, the folder's, or the only one.

        Raises Misconfigured with the remedy if that says nothing.
        """
        if self.wanted_board:
            return self.service.read(ops.views.board, self.wanted_board)
        boards = self.service.read(ops.views.boards)
        if found := _of_folder(boards, self.folder):
            return found
        if len(boards) == 1:
            return boards[0]
        if not boards:
            raise Misconfigured("there is no board yet", "run: halftui init, in a git repository")
        names = ", ".join(b.name for b in boards)
        raise Misconfigured("this folder belongs to no board", f"name one with --board: {names}")

    @property
    def has_boards(self) -> bool:
        """Whether there is a board at all, or a database for one."""
        try:
            return bool(self.service.read(ops.views.boards))
        except Misconfigured:
            return False

    @cached_property
    def folder(self) -> Path | None:
        """Where the person stands; None if that folder is gone or nowhere."""
        if self.door.folder:
            return self.door.folder
        try:
            return Path.cwd()
        except OSError:
            return None

    def bead(self, text: str) -> str:
        """Return the id of the bead that `text` names."""
        return self.service.read(ops.views.resolve_bead, text, self._prefix_board())

    def beads(self, texts: Iterable[str]) -> list[str]:
        """Return the ids of the beads that are named."""
        return [self.bead(text) for text in texts]

    @property
    def is_for_machines(self) -> bool:
        """True if JSON or YAML was asked for."""
        return self.form in ("json", "yaml")

    @property
    def has_colours(self) -> bool:
        """True if colour sequences may be written."""
        return not self.is_plain and output.has_colours(self.out)

    @property
    def width(self) -> int | None:
        """Cells of a line, None if lines are not to be cut."""
        if self.form == "wide":
            return None
        return (self.door.width or output.width_of(self.out)) if self.out.isatty() else None

    def list(self, views: Sequence[Any], columns: Sequence[str], more: Sequence[str] = ()) -> None:
        """Print views as a list; `more` columns are added in the wide form."""
        if self.is_for_machines:
            self.write(self._dumped(list(views)))
            return
        shown = (*columns, *more) if self.form == "wide" else columns
        rows = [output.plain(view) for view in views]
        self.write(output.table(rows, shown, self.width, is_bold=self.has_colours))

    def show(self, view: Any, columns: Sequence[str] = ()) -> None:
        """Print one view with all it holds; a person sees these columns only, unless in the wide form."""
        if self.is_for_machines:
            self.write(self._dumped(view))
            return
        record = output.plain(view)
        if columns and self.form != "wide":
            record = {name: record[name] for name in columns}
        self.write(output.sheet(record, self.width))

    def file(self, name: str) -> Path:
        """Return the file of that name, which need not be there.

        Raises Denied to who stands elsewhere: files here are not theirs; Misconfigured for what can be no
        file's name.
        """
        if not self.door.has_files:
            raise Denied(f"{name} would be a file of the machine that serves", "send it: - < FILE")
        try:
            os.lstat(name)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            pass  # whoever opens it says more
        except (OSError, ValueError) as error:
            said = (error.strerror if isinstance(error, OSError) else str(error)) or "no name"
            raise Misconfigured(f"{name[:80]} names no file: {said}", "name another") from error
        return Path(name)

    def begin_waiting(self) -> None:
        """Note that this command will wait for something, maybe for ever.

        Raises Misconfigured where nobody could break it off.
        """
        if not self.door.can_break:
            raise Misconfigured("nothing can wait here", "the board shows it as it happens; or use a shell")

    def say(self, text: str, view: Any) -> None:
        """Print what was done: a sentence for people, the view of what was changed for machines."""
        if self.is_for_machines:
            self.write(self._dumped(view))
            return
        self.write(clean(text) + "\n")

    def write(self, text: str) -> None:
        """Write to the standard output."""
        self.out.write(text)

    def complain(self, message: str, hint: str) -> None:
        """Write an error and its remedy to the standard error."""
        hints = f"hint: {clean_line(hint)}\n" if hint else ""
        with suppress(OSError):  # nobody can be told: the exit code is what is left
            self.err.write(f"error: {clean_line(message)}\n{hints}")
            self.err.flush()

    def _dumped(self, view: Any) -> str:
        return output.dumped(view, "lines" if self.is_lined and self.form == "json" else self.form)

    def _prefix_board(self) -> str:
        try:
            return self.board.id
        except Misconfigured:
            return ""  # a whole id needs no board


def _of_folder(boards: Sequence[BoardRow], folder: Path | None) -> BoardRow | None:
    if folder is None:
        return None
    by_place = {os.path.realpath(b.repository): b for b in boards if "://" not in b.repository}
    here = Path(os.path.realpath(folder))
    tops = [p for p in (here, *here.parents) if str(p) in by_place and (p / ".git").exists()]
    return by_place[str(tops[0])] if tops else None
