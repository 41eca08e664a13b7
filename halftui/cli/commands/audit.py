"""`halftui audit`: the history of who did what, whole or not."""

import json
from typing import Any

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.domain.text import clean_line, counted
from halftui.errors import Misconfigured, Refused
from halftui.ops import chain
from halftui.ops.chain import Link, SignedHead, Verdict

MOST_FAULTS = 20  # that are shown to people
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
                    heads.append(SignedHead(**row))
                else:
                    events.append(Link(**row))
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


def _told(found: Verdict) -> str:
    signed = f"{counted(found.heads, 'signature')}, signed up to event {found.signed_until}"
    said = f"{counted(found.events, 'event')}, {signed}"
    unsigned = f", {counted(found.unsigned, 'event')} after that" if found.unsigned else ""
    wrong = [f"event {fault.seq}: {fault.what}" for fault in found.faults[:MOST_FAULTS]]
    more = len(found.faults) - len(wrong)
    return "\n".join([said + unsigned, *wrong, *([f"and {more} more"] if more else [])])
