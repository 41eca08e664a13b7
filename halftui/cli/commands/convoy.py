"""`halftui convoy`: beads that travel together."""

import click

from halftui.cli import output
from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.domain.shown import ConvoyDetail
from halftui.domain.text import clean
from halftui.ops import listings, views

COLUMNS = ("id", "name", "state", "finished", "total", "failed")
MORE = ("counts",)
WAVE = ("wave", "id", "lane", "title", "assignee")


@group("convoy")
def convoy() -> None:
    """Make, start and watch convoys, beads that travel together."""


@convoy.command("create", example="halftui convoy create 'New checkout' hf-3k2 hf-9ab")
@click.argument("name")
@click.argument("beads", nargs=-1, metavar="[BEAD]...")
@pass_call
def create(call: Call, name: str, beads: tuple[str, ...]) -> None:
    """Make a staged convoy: none of its beads starts before the convoy does."""
    from halftui.ops import convoys

    ident = call.service.write(convoys.create, call.board.id, name, call.beads(beads))
    _tell(call, ident, f"{ident} is staged; halftui convoy start {ident} lets it go")


@convoy.command("list", example="halftui convoy list")
@pass_call
def list_convoys(call: Call) -> None:
    """List convoys, those under way first."""
    call.list(call.service.read(views.convoys, call.board.id), COLUMNS, MORE)


@convoy.command("show", example="halftui convoy show new-checkout")
@click.argument("convoy")
@pass_call
def show(call: Call, convoy: str) -> None:
    """Show a convoy's beads in waves, each after all that it waits for."""
    if call.is_for_machines:
        call.show(_read(call, convoy))
        return
    print_waves(call, convoy)


def print_waves(call: Call, convoy: str) -> None:
    """Print how a convoy stands, and its beads in waves."""
    found = _read(call, convoy)
    state = f"{found.convoy.finished} of {found.convoy.total} finished, {found.convoy.failed} failed"
    call.write(clean(f"{found.convoy.name} is {found.convoy.state}: {state}\n"))
    rows = [
        {"wave": number, **output.plain(card)} for number, wave in enumerate(found.waves, 1) for card in wave
    ]
    call.write(output.table(rows, WAVE, call.width, is_bold=call.has_colours))


@convoy.command("start", example="halftui convoy start new-checkout")
@click.argument("convoy")
@pass_call
def start(call: Call, convoy: str) -> None:
    """Let agents take its beads, each when it is ready."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    call.service.write(convoys.start, ident)
    _tell(call, ident, f"{ident} is {_read(call, ident).convoy.state}")


@convoy.command("cancel", example="halftui convoy cancel new-checkout -m 'another way was found'")
@click.argument("convoy")
@click.option("-m", "--message", default="", metavar="REASON", help="Why.")
@pass_call
def cancel(call: Call, convoy: str, message: str) -> None:
    """Cancel a convoy and its unfinished beads."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    call.service.write(convoys.cancel, ident, message)
    _tell(call, ident, f"{ident} is cancelled")


@convoy.command("add", example="halftui convoy add new-checkout hf-7f1")
@click.argument("convoy")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@pass_call
def add(call: Call, convoy: str, beads: tuple[str, ...]) -> None:
    """Let more beads travel with a convoy; a landed one moves again."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    for bead in call.beads(beads):
        call.service.write(convoys.add, ident, bead)
    _tell(call, ident, f"{ident} has {_read(call, ident).convoy.total} beads")


def _resolve(call: Call, text: str) -> str:
    return call.service.read(listings.resolve_convoy, text, call.board.id)


def _read(call: Call, text: str) -> ConvoyDetail:
    return call.service.read(listings.convoy, text, call.board.id)


def _tell(call: Call, ident: str, text: str) -> None:
    call.say(text, _read(call, ident) if call.is_for_machines else None)
