"""`halftui merge` and `halftui trial`: accepted work on its way to its target, and its checks."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.errors import NotFound


@group("merge")
def merge() -> None:
    """Show and change the queue of accepted work that waits to be merged."""


@merge.command("list", example="halftui merge list")
@pass_call
def list_merges(call: Call) -> None:
    """List what waits, in the order in which it is merged."""
    from halftui.ops import merges

    found = call.service.read(merges.waiting, call.board.id)
    call.list(found, ("number", "bead", "title", "target", "progress"), ("asked_by", "asked_at"))


@merge.command("drop", example="halftui merge drop hf-3k2")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@pass_call
def drop(call: Call, beads: tuple[str, ...]) -> None:
    """Take accepted work out of the queue; it is in review again."""
    from halftui.ops import merges, views

    for ident in call.beads(beads):
        call.service.write(merges.drop, ident)
        call.say(f"{ident} is in review again", call.service.read(views.bead, ident))


@group("trial")
def trial() -> None:
    """Show how the board's checks went on work that was handed in."""


@trial.command("list", example="halftui trial list hf-3k2")
@click.argument("bead", required=False)
@pass_call
def list_trials(call: Call, bead: str | None) -> None:
    """List runs of the checks, the newest first; of one bead if it is named."""
    from halftui.ops import trials

    found = call.service.read(trials.listed, call.board.id, call.bead(bead) if bead else "")
    call.list(found, ("id", "state", "beads", "target", "says"), ("code", "started_at", "ended_at"))


@trial.command("show", example="halftui trial show hf-3k2")
@click.argument("bead")
@pass_call
def show(call: Call, bead: str) -> None:
    """Show the newest run of the checks on a bead's work, with what they printed."""
    from halftui.ops import trials

    ident = call.bead(bead)
    found = call.service.read(trials.listed, call.board.id, ident, 1)
    if not found:
        raise NotFound(f"no checks ran on {ident} yet", "halftui board edit checks='make test' sets them")
    if call.is_for_machines:
        call.show(found[0])
    else:
        call.write(f"{found[0].says}\n\n{found[0].output}")
