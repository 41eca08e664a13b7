"""`halftui import` and `halftui export`: a board from and to the beads JSONL format."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call
from halftui.domain import jsonl
from halftui.domain.jsonl import Record
from halftui.domain.text import counted
from halftui.errors import Misconfigured
from halftui.ops import originals, views

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@command("import", example="halftui import .beads/issues.jsonl")
@click.argument("file")
@pass_call
def take(call: Call, file: str) -> None:
    """Take the beads of FILE into the board, all or none; - reads standard input.

    The file is of the beads JSONL format. Importing it again changes nothing.
    """
    records = _read(call, file)
    from halftui.ops import interchange

    taken = call.service.write(interchange.take, call.board.id, records)
    text = f"{counted(taken.created, 'bead')} made, {taken.updated} changed, {taken.unchanged} as they were"
    text += f"; {counted(taken.others, 'other line')} kept" if taken.others else ""
    if taken.dangling:
        leads = "dependency leads" if taken.dangling == 1 else "dependencies lead"
        text += f"; {taken.dangling} {leads} to beads that are not there"
    call.say(text + _hint(call), taken)


@command("export", example="halftui export issues.jsonl")
@click.argument("file", default="-")
@pass_call
def give(call: Call, file: str) -> None:
    """Write all beads of the board to FILE, by default to the standard output.

    The file is of the beads JSONL format. What was imported and not changed is written as it came.
    """
    if file == "-":
        call.service.read(originals.give, call.board.id, _printer(call))
        return
    count = _replace(call.file(file), lambda write: call.service.read(originals.give, call.board.id, write))
    call.say(f"{count} lines are in {file}", {"file": file, "lines": count})


def _hint(call: Call) -> str:
    ready = len(call.service.read(views.ready, call.board.id, 0))
    starts = ready and call.board.mode == "auto" and not call.board.is_paused
    are, them = ("is", "it") if ready == 1 else ("are", "them")
    return f"; {ready} {are} ready" + (f", and agents start {them} when the board runs" if starts else "")


def _read(call: Call, file: str) -> list[Record]:
    if file == "-":
        raw = getattr(call.input, "buffer", None)
        return list(jsonl.read(_lines(raw) if raw else (text.encode() for text in call.input)))
    try:
        with call.file(file).open("rb") as stream:
            return list(jsonl.read(_lines(stream)))
    except OSError as error:
        raise Misconfigured(f"{file} can't be read: {error.strerror}", "name a file of issues") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a file's lines; of a line that is too long only so much that this shows."""
    return iter(lambda: stream.readline(jsonl.LONGEST_LINE + 2), b"")


def _printer(call: Call) -> Callable[[str], object]:
    if call.out.isatty():  # JSON lets characters stand bare that a terminal would obey
        return lambda line: call.write(_UNSAFE.sub(lambda m: f"\\u{ord(m.group()):04x}", line) + "\n")
    if (raw := getattr(call.out, "buffer", None)) is None:
        return lambda line: call.write(line + "\n")
    return lambda line: raw.write(line.encode() + b"\n")  # UTF-8, whatever the locale says


def _replace(file: Path, give: Callable[[Callable[[str], object]], int]) -> int:
    """Write a file anew; an old one stays whole until the new one is, and what is none is written to."""
    try:
        place = file.parent / os.path.realpath(file)  # which is absolute; a link stays one
        if place.exists() and not place.is_file():  # a pipe, a device
            with place.open("wb") as stream:
                return give(lambda line: stream.write(line.encode() + b"\n"))
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
        made = place.parent / name
        try:
            with os.fdopen(handle, "wb") as stream:
                count = give(lambda line: stream.write(line.encode() + b"\n"))
            made.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o644)
            made.replace(place)
        finally:
            made.unlink(missing_ok=True)  # it is gone already if it took the file's place
    except OSError as error:
        raise Misconfigured(f"{file} can't be written: {error.strerror}", "name another file") from error
    return count
