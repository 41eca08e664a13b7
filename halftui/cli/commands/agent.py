"""`halftui agent`: who works."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.ops import listings, views

COLUMNS = ("name", "status", "bead", "now", "runtime")
MORE = ("id", "attempt", "since", "tokens", "cost_usd")


@group("agent")
def agent() -> None:
    """Show agents and send them home."""


@agent.command("list", example="halftui agent list")
@pass_call
def list_agents(call: Call) -> None:
    """List agents, those who ask first."""
    call.list(call.service.read(views.agents, call.board.id), COLUMNS, MORE)


@agent.command("retire", example="halftui agent retire Toast")
@click.argument("agents", nargs=-1, required=True, metavar="NAME...")
@pass_call
def retire(call: Call, agents: tuple[str, ...]) -> None:
    """Send idle agents home; their names are free again."""
    from halftui.ops import agents as ops

    for name in agents:
        ident = call.service.read(listings.agent_of, name, call.board.id)
        call.service.write(ops.retire, ident)
        call.say(f"{name} is retired", {"id": ident, "name": name})
