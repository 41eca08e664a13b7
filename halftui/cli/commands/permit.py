"""`halftui permit`: what agents of a board may do without asking again."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.ops import listings


@group("permit")
def permit() -> None:
    """Show and take back standing permissions; `halftui answer QUESTION --always` gives one."""


@permit.command("list", example="halftui permit list")
@pass_call
def list_permits(call: Call) -> None:
    """List what agents may do without asking, each exactly as it stands here."""
    found = call.service.read(listings.permits, call.board.id)
    call.list(found, ("id", "tool", "act", "granted_by"), ("granted_at",))


@permit.command("revoke", example="halftui permit revoke 3f2a91bc")
@click.argument("permits", nargs=-1, required=True, metavar="ID...")
@pass_call
def revoke(call: Call, permits: tuple[str, ...]) -> None:
    """Take permissions back: agents ask again."""
    from halftui.ops import permits as ops

    for ident in permits:
        call.service.write(ops.revoke, ident)
        call.say(f"{ident} is taken back", {"id": ident})
