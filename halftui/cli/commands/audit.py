"""`halftui audit`: the history of who did what, whole or not."""

import json
from pathlib import Path
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
@click.option(
    "--accept", "is_accepted", is_flag=True, help="Go on with this one, though this home remembers another."
)
@pass_call
def verify(call: Call, file: str | None, *, is_accepted: bool) -> int:
    """Look at every event: whether it was changed, and whether its chain was signed.

    What this home signed or verified before must be there still; it remembers that outside of the database.
    Events after the last signature are whole, but could have been cut without a trace; their number is
    said. Exit code 3 if something is wrong. `--accept` is for who knows why it is another history, such as
    a backup of the server's; the history tells of it.
    """
    if file and is_accepted:
        raise Misconfigured("an exported history can't be accepted", "leave out --file, or --accept")
    known: int | None = None
    told = ""
    if file:
        found = _of_file(call, file)
    else:
        found, known, why = call.door.safe(call.settings).verify_history(is_accepted=is_accepted)
        told = f"\n{_remembered(known, found, why)}"
    call.say(_told(found) + told, {**found._asdict(), "is_whole": not found.faults, "remembered": known})
    if not found.faults:
        return 0
    first = found.faults[0]
    if first.what in (chain.FORGED, chain.CUT):  # no event tells where it parts
        hint = "restore a backup; or if this was meant: halftui audit verify --accept"
        call.complain(f"the history up to event {first.seq} is not what it was: {first.what}", hint)
    else:
        call.complain(
            f"the history is not what it was, from event {first.seq} on: {first.what}", "restore a backup"
        )
    return Refused.exit_code


def _remembered(known: int, found: Verdict, why: str) -> str:
    """Return what this home had to compare with, and has from now on."""
    before = f"this home remembers event {known}" if known else "nothing was remembered here yet"
    if found.faults:
        return before
    return f"{before}; it can't remember more: {why}" if why else f"{before}; from now on, up to here"


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
        count = _keep(call, call.file(file), public)
    except OSError as error:
        raise Misconfigured(
            f"{clean_line(file)} can't be written: {error.strerror}", "name a new file"
        ) from error
    call.say(f"{count} lines are in {file}", {"file": file, "lines": count})


def _keep(call: Call, target: Path, public: str) -> int:
    """Write the history into a new file, whole or not at all; return its lines."""
    opened, is_whole = target.open("x", encoding="utf-8"), False
    try:
        with opened:
            count = call.service.read(chain.export, public, opened.write)
        is_whole = True
    finally:
        if not is_whole:
            target.unlink(missing_ok=True)
    return count


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
