"""`halftui audit`: the history of who did what, whole or not."""

import json
from typing import Any, TypeVar, get_type_hints

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.domain.text import clean_line, counted
from halftui.errors import Misconfigured, Refused
from halftui.ops import chain
from halftui.ops.chain import Link, SignedHead, Verdict

MOST_FAULTS = 20  # that are shown to people
Row = TypeVar("Row", Link, SignedHead)
LONGEST_LINE = 16 << 20  # characters of an exported event


@group("audit")
def audit() -> None:
    """Verify, sign and export the history."""


@audit.command("verify", example="halftui audit verify")
@click.option("-f", "--file", metavar="FILE", help="A history that was exported, instead of this one.")
@pass_call
def verify(call: Call, file: str | None) -> int:
    """Look at every event: whether it was changed, and whether its chain was signed.

    Events after the last signature are whole, but could have been cut without a trace; their number is
    said. Exit code 3 if something is wrong.
    """
    found = (
        _of_file(call, file)
        if file
        else call.service.read(chain.verify, call.door.safe(call.settings).house_key())
    )
    call.say(_told(found), {**found._asdict(), "is_whole": not found.faults})
    if not found.faults:
        return 0
    first = found.faults[0]
    call.complain(
        f"the history is not what it was, from event {first.seq} on: {first.what}", "restore a backup"
    )
    return Refused.exit_code


@audit.command("sign", example="halftui audit sign")
@pass_call
def sign(call: Call) -> None:
    """Sign the history up to now; an open board does it by itself each minute."""
    seq = call.door.safe(call.settings).sign_history()
    call.say(f"signed up to event {seq}" if seq else "all of it is signed already", {"seq": seq})


@audit.command("renew-key", example="halftui audit renew-key --yes")
@click.option("--yes", "is_wanted", is_flag=True, help="Do it, knowing what is lost; else that is only said.")
@pass_call
def renew_key(call: Call, *, is_wanted: bool) -> None:
    """Let a new key sign the history, when the vault's key is lost that opens the present one.

    What the lost key signed can't be verified any more, only whether its events still follow each other;
    `audit verify` counts such signatures. The history tells who did this, and is signed anew at once.
    """
    lost = call.door.safe(call.settings).renew_house_key(is_wanted=is_wanted)
    call.say(
        f"a new key signs the history; {counted(lost.heads, 'signature')}, up to event {lost.until}, can't be"
        " verified any more",
        lost,
    )


@audit.command("export", example="halftui audit export -f history.jsonl")
@click.option("-f", "--file", metavar="FILE", help="Where to; by default standard output.")
@pass_call
def export(call: Call, file: str | None) -> None:
    """Write all events with their hashes and signatures, a JSON line each."""
    public = call.door.safe(call.settings).house_key()
    if file is None:
        call.service.read(chain.export, public, call.write)
        return
    try:
        with call.file(file).open("x", encoding="utf-8") as opened:
            count = call.service.read(chain.export, public, opened.write)
    except OSError as error:
        raise Misconfigured(
            f"{clean_line(file)} can't be written: {error.strerror}", "name a new file"
        ) from error
    call.say(f"{count} lines are in {file}", {"file": file, "lines": count})


def _of_file(call: Call, file: str) -> Verdict:
    public, heads, events = "", [], []
    try:
        with call.file(file).open(encoding="utf-8") as opened:
            for number, line in enumerate(iter(lambda: opened.readline(LONGEST_LINE), ""), 1):
                kind, row = _parsed(line, number)
                if kind == "key":
                    public = str(row["public"])
                elif kind == "head":
                    heads.append(_typed(SignedHead(**row)))
                else:
                    events.append(_typed(Link(**row)))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{clean_line(file)} can't be read", "name a file that was exported") from error
    except (TypeError, KeyError) as error:
        raise Misconfigured(f"line {number} of {clean_line(file)} is no event", "export it anew") from error
    return chain.judge(events, heads, public)


def _parsed(line: str, number: int) -> tuple[str, dict[str, Any]]:
    try:
        row = json.loads(line)
        kind = row.pop("kind")
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise Misconfigured(f"line {number} is no event", "name a file that was exported") from error
    return str(kind), row


def _typed(row: Row) -> Row:
    """Return a row of a file. Raises TypeError unless its values are of the kinds that it says."""
    for name, kind in get_type_hints(type(row)).items():
        if not isinstance(getattr(row, name), (int, float) if kind is float else kind):
            raise TypeError(name)
    return row


def _told(found: Verdict) -> str:
    said = f"{counted(found.events, 'event')}, {counted(found.heads, 'signature')}"
    signed = f", signed up to event {found.signed_until}"
    lost = f", {found.unverifiable} of them of a lost key" if found.unverifiable else ""
    unsigned = f", {counted(found.unsigned, 'event')} after that" if found.unsigned else ""
    wrong = [f"event {fault.seq}: {fault.what}" for fault in found.faults[:MOST_FAULTS]]
    more = len(found.faults) - len(wrong)
    return "\n".join([said + lost + signed + unsigned, *wrong, *([f"and {more} more"] if more else [])])
