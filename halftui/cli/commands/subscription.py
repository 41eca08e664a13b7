"""`halftui subscription`: the accounts that agents work on."""

import sys

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.errors import Misconfigured
from halftui.ops import listings

COLUMNS = ("name", "kind", "has_token", "live", "cooling_until", "parked")
MORE = ("base_url", "created_at")
LONGEST_TOKEN = 16_384


@group("subscription")
def subscription() -> None:
    """Register and list the accounts that agents work on."""


@subscription.command("register", example="halftui subscription register work --kind oauth < token")
@click.argument("name")
@click.option("--kind", type=click.Choice(["oauth", "api-key"]), default="oauth", show_default=True)
@click.option("--base-url", default="", metavar="URL", help="Another address of the provider.")
@pass_call
def register(call: Call, name: str, kind: str, base_url: str) -> None:
    """Store a credential under a name; it is read from standard input, or asked for, and never shown."""
    from halftui.ops import subscriptions

    token = _token(call)
    ident = call.service.read(subscriptions.identify, name)
    sealed = call.door.seal(call.settings, ident, token)
    call.service.write(subscriptions.register, name, kind, sealed, ident, base_url)
    shown = next((s for s in call.service.read(listings.subscriptions) if s.name == name), None)
    call.say(f"{name} is registered", shown)


@subscription.command("list", example="halftui subscription list")
@pass_call
def list_subscriptions(call: Call) -> None:
    """List the accounts; credentials are never shown."""
    call.list(call.service.read(listings.subscriptions), COLUMNS, MORE)


@subscription.command("remove", example="halftui subscription remove work")
@click.argument("name")
@pass_call
def remove(call: Call, name: str) -> None:
    """Forget an account and its credential."""
    from halftui.ops import subscriptions

    call.service.write(subscriptions.remove, name)
    call.say(f"{name} is removed", {"name": name})


def _token(call: Call) -> str:
    if call.input is sys.stdin and call.input.isatty():
        typed = str(click.prompt("Token", hide_input=True, err=True))
    else:
        typed = call.input.read(LONGEST_TOKEN + 1)
    token = typed.strip()
    if not token:
        raise Misconfigured("no token was given", "pipe it in: halftui subscription register NAME < token")
    if len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured("this is no token", "it is one line of letters, digits and signs")
    return token
