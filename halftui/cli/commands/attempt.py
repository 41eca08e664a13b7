"""`halftui attempt`: tries of agents at beads, and what they print."""

import json
from collections.abc import Sequence

import click

from halftui.cli import output
from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.watching import pause
from halftui.domain.text import clean
from halftui.ops import listings, transcripts, views
from halftui.ops.transcripts import Entry

COLUMNS = ("id", "agent", "state", "outcome", "reason", "turns", "cost_usd", "started_at")
MORE = ("runtime", "sandbox", "tokens_in", "tokens_out", "ended_at")
POLL_SECONDS = 0.3
_RESET = "\x1b[0m"


@group("attempt")
def attempt() -> None:
    """Show tries of agents at beads, follow what they print, stop them."""


@attempt.command("list", example="halftui attempt list hf-3k2")
@click.argument("bead")
@pass_call
def list_attempts(call: Call, bead: str) -> None:
    """List the attempts at a bead, the newest first."""
    call.list(call.service.read(views.attempts, call.bead(bead)), COLUMNS, MORE)


@attempt.command("lines", example="halftui attempt lines hf-3k2 --follow --last 20")
@click.argument("bead_or_attempt")
@click.option("-f", "--follow", is_flag=True, help="Go on until the attempt ends, and with its next one.")
@click.option("--last", type=click.IntRange(0, 1_000_000), metavar="N", help="Begin with the newest N lines.")
@pass_call
def lines(call: Call, bead_or_attempt: str, *, follow: bool, last: int | None) -> None:
    """Print what an agent printed; of a bead the newest attempt is meant."""
    if follow:
        call.begin_waiting()
    ident = _resolve(call, bead_or_attempt)
    after = 0
    if last is not None:
        found = call.service.read(transcripts.last, ident, last).entries
        top = call.service.read(transcripts.last, ident, 1).entries
        after = top[-1][0] if top else 0
        _print(call, ident, found)
    is_over = _print_from(call, ident, after, is_followed=follow)
    while follow and is_over:
        newest = call.service.read(listings.newest_attempt, call.service.read(listings.bead_of, ident))
        if newest == ident:
            return
        ident = newest
        is_over = _print_from(call, ident, 0, is_followed=True)


@attempt.command("stop", example="halftui attempt stop hf-3k2 -m 'it goes in circles'")
@click.argument("bead_or_attempt")
@click.option("-m", "--message", default="", metavar="REASON", help="Why.")
@pass_call
def stop(call: Call, bead_or_attempt: str, message: str) -> None:
    """Ask for an attempt to be stopped; its bead is then held with the reason."""
    from halftui.ops import attempts

    ident = _resolve(call, bead_or_attempt)
    call.service.write(attempts.stop, ident, message)
    bead = call.service.read(listings.bead_of, ident)
    found = next(a for a in call.service.read(views.attempts, bead) if a.id == ident)
    call.say(f"{ident} " + ("is over already" if found.state == "ended" else "is asked to stop"), found)


def _resolve(call: Call, text: str) -> str:
    if "@" in text:
        return call.service.read(listings.attempt_of, text)
    return call.service.read(listings.newest_attempt, call.bead(text))


def _print_from(call: Call, ident: str, after: int, *, is_followed: bool) -> bool:
    """Print an attempt's lines after number `after`; True if the attempt is over."""
    while True:
        found = call.service.read(transcripts.read, ident, after)
        _print(call, ident, found.entries)
        after = found.entries[-1][0] if found.entries else after
        if found.is_over or (not is_followed and not found.entries):
            return found.is_over
        if not found.entries:
            pause(call.out, POLL_SECONDS)


def _print(call: Call, ident: str, entries: Sequence[Entry]) -> None:
    for number, at, kind, text in entries:
        if call.is_for_machines:
            record = {"attempt": ident, "number": number, "at": output.iso(at), "kind": kind}
            call.write(json.dumps(record | {"text": clean(text)}, ensure_ascii=False) + "\n")
            continue
        head = f"{output.iso(at)[11:19]} {kind:<8} " if call.form == "wide" else ""
        shown = clean(text, keeps_colours=call.has_colours)
        call.write(head + shown + (_RESET if "\x1b" in shown else "") + "\n")
    if entries:
        call.out.flush()
