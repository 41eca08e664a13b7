"""`halftui event`: what happened."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.ops import listings

COLUMNS = ("seq", "at", "actor", "verb", "subject", "after")
MORE = ("before",)


@group("event")
def event() -> None:
    """Show what happened on a board."""


@event.command("list", example="halftui event list hf-3k2 --last 20")
@click.argument("bead", required=False)
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, metavar="N")
@pass_call
def list_events(call: Call, bead: str | None, last: int) -> None:
    """List the newest events, of one bead if it is named; the newest stands last."""
    subject = call.bead(bead) if bead else ""
    call.list(call.service.read(listings.newest_events, call.board.id, subject, last), COLUMNS, MORE)
