"""`halftui bead diff`, `approve` and `reject`: judging what an agent made."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call
from halftui.ops import views

COLUMNS = ("kind", "plus", "minus", "path")
MORE = ("old_path", "form")
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
_PLAIN = "\x1b[0m"


@command("diff", example="halftui bead diff hf-3k2 --stat")
@click.argument("bead")
@click.option("--stat", is_flag=True, help="Only which files, and how many lines.")
@pass_call
def diff(call: Call, bead: str, *, stat: bool) -> None:
    """Show what a bead's work changes."""
    ident = call.bead(bead)
    desk = call.service.review(call.service.read(views.bead, ident).board)
    work = desk.work(ident)
    if call.is_for_machines:
        call.show(work)
    elif stat:
        call.list(work.files, COLUMNS, MORE)
    else:
        for file in work.files:
            call.write(f"{file.kind} {file.path} +{file.plus} -{file.minus}\n")
            for line in desk.patch(ident, file.path):
                call.write(_coloured(line) if call.has_colours else line + "\n")
    if work.conflicts and not call.is_for_machines:
        call.write(f"conflicts with the target branch: {', '.join(work.conflicts)}\n")


@command("approve", example="halftui bead approve hf-3k2")
@click.argument("bead")
@click.option("--own", is_flag=True, help="It is work of your own hands, and nobody else is there to look.")
@pass_call
def approve(call: Call, bead: str, *, own: bool) -> None:
    """Merge a bead's work into the target branch and accept it."""
    ident = call.bead(bead)
    merged = call.service.review(call.service.read(views.bead, ident).board).accept(ident, own=own)
    seen = call.service.read(views.bead, ident)
    waits = "accepted and waits to be merged" if seen.card.is_under_way else "accepted"
    call.say(f"{ident} is {f'merged as {merged[:10]}' if merged else waits}", seen)


@command("reject", example="halftui bead reject hf-3k2 -m 'a test is missing'")
@click.argument("bead")
@click.option("-m", "--message", required=True, metavar="REASON", help="What is missing.")
@pass_call
def reject(call: Call, bead: str, message: str) -> None:
    """Send work back with a reason; the same agent goes on."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.reject, ident, message)
    call.say(f"{ident} goes back: {message}", call.service.read(views.bead, ident))


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return f"{colour}{line}{_PLAIN}\n" if colour else line + "\n"
