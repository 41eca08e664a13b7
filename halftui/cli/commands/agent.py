"""`halftui agent`: who works, and what is said to them."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.errors import NotFound
from halftui.ops import listings, views

COLUMNS = ("name", "status", "bead", "now", "runtime")
MORE = ("id", "attempt", "since", "tokens", "cost_usd")


@group("agent")
def agent() -> None:
    """Show agents, talk to them, and send them home."""


@agent.command("list", example="halftui agent list")
@pass_call
def list_agents(call: Call) -> None:
    """List agents, those who ask first."""
    call.list(call.service.read(views.agents, call.board.id), COLUMNS, MORE)


@agent.command("tell", example="halftui agent tell Toast 'use tabs'")
@click.argument("name")
@click.argument("text")
@click.option("--now", "is_urgent", is_flag=True, help="Break off what it does for this.")
@pass_call
def tell(call: Call, name: str, text: str, *, is_urgent: bool) -> None:
    """Say something to an agent: it hears it between two turns, or at its next start."""
    _tell(call, name, text, is_urgent=is_urgent)


@agent.command("interrupt", example="halftui agent interrupt Toast 'leave the tests alone'")
@click.argument("name")
@click.argument("text", default="You were interrupted. Say in a sentence where you are, then go on.")
@pass_call
def interrupt(call: Call, name: str, text: str) -> None:
    """Break off what an agent does now, and tell it why or what instead."""
    _tell(call, name, text, is_urgent=True)


@agent.command("handoff", example="halftui agent handoff Toast 'mind the migration'")
@click.argument("name")
@click.argument("text", default="")
@pass_call
def handoff(call: Call, name: str, text: str) -> None:
    """Let an agent sum up; its bead goes on in a fresh context that begins with the summary."""
    from halftui.ops import messages

    ident = call.service.read(listings.agent_of, name, call.board.id)
    call.service.write(messages.hand_off, ident, text)
    call.say(f"{name} is asked to hand over", {"id": ident, "name": name})


@agent.command("messages", example="halftui agent messages Toast")
@click.argument("name")
@pass_call
def list_messages(call: Call, name: str) -> None:
    """List what was said to and by an agent, the newest last."""
    ident = call.service.read(listings.agent_of, name, call.board.id)
    said = call.service.read(listings.thread, ident)
    call.list(said, ("number", "sender", "text", "delivered_at"), ("sent_at", "attempt", "is_from_agent"))


@agent.command("diff", example="halftui agent diff Toast")
@click.argument("name")
@pass_call
def diff(call: Call, name: str) -> None:
    """Show how an agent's profile changed since it worked last: its next attempt begins with that."""
    from halftui.cli.commands.profile import tell_difference
    from halftui.ops import profiles

    ident = call.service.read(listings.agent_of, name, call.board.id)
    worn, newest = call.service.read(profiles.of_agent, ident)
    if not worn.name:
        raise NotFound(f"{name} has no profile", "halftui board edit profile=NAME gives new agents one")
    tell_difference(call, worn, newest)


def _tell(call: Call, name: str, text: str, *, is_urgent: bool) -> None:
    from halftui.ops import messages

    ident = call.service.read(listings.agent_of, name, call.board.id)
    number = call.service.write(messages.tell, ident, text, is_urgent=is_urgent)
    call.say(f"{name} is told", {"id": ident, "name": name, "message": number})


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
