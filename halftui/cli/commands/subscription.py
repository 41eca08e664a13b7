"""`halftui subscription`: the accounts that agents work on."""

import sys

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.domain.shown import SubscriptionRow
from halftui.errors import Misconfigured
from halftui.ops import listings

COLUMNS = ("name", "kind", "has_token", "live", "headroom", "cooling_until", "parked")
MORE = ("cap", "base_url", "created_at")
KINDS = ("oauth", "api-key", "openai-key", "google-key")
LONGEST_TOKEN = 16_384
PIPED = "halftui subscription register NAME < token"


@group("subscription")
def subscription() -> None:
    """Register and list the accounts that agents work on."""


@subscription.command("register", example="halftui subscription register work --kind oauth < token")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="oauth",
    show_default=True,
)
@click.option("--base-url", default="", metavar="URL", help="Another address of the provider.")
@pass_call
def register(call: Call, name: str, kind: str, base_url: str) -> None:
    """Store a credential under a name; it is read from standard input, or asked for, and never shown."""
    from halftui.ops import subscriptions

    token = read_token(call, PIPED)
    ident = call.service.read(subscriptions.identify, name)
    with call.door.sealed(call.settings, ident, token) as sealed:
        call.service.write(subscriptions.register, name, kind, sealed, ident, base_url)
    call.say(f"{name} is registered", _find(call, name))


@subscription.command("rotate", example="halftui subscription rotate work < token")
@click.argument("name")
@pass_call
def rotate(call: Call, name: str) -> None:
    """Replace the credential of an account; its name, kind and limits stay, and it is used again."""
    from halftui.ops import subscriptions

    ident = call.service.read(subscriptions.identify, name, must_exist=True)
    known = _find(call, name)
    with call.door.sealed(call.settings, ident, read_token(call, PIPED)) as sealed:
        call.service.write(subscriptions.register, name, known.kind, sealed, ident, known.base_url)
    call.say(f"{name} has another credential", _find(call, name))


@subscription.command("edit", example="halftui subscription edit work --cap 3")
@click.argument("name")
@click.option("--cap", type=int, required=True, metavar="N", help="Agents on it at once; 0 is no limit.")
@pass_call
def edit(call: Call, name: str, cap: int) -> None:
    """Limit how many agents work on an account at once."""
    from halftui.ops import subscriptions

    call.service.write(subscriptions.edit, name, cap)
    call.say(f"{name} takes {cap or 'any number of'} agents at once", _find(call, name))


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


def _find(call: Call, name: str) -> SubscriptionRow:
    return next(s for s in call.service.read(listings.subscriptions) if s.name == name.strip())


def read_token(call: Call, example: str) -> str:
    """Return a token from standard input, or asked for without an echo. Raises Misconfigured."""
    if call.input is sys.stdin and call.input.isatty():
        typed = str(click.prompt("Token", hide_input=True, err=True))
    else:
        typed = call.input.read(LONGEST_TOKEN + 1)
    token = typed.strip()
    if not token:
        raise Misconfigured("no token was given", f"pipe it in: {example}")
    if len(token) > LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise Misconfigured("this is no token", "it is one line of letters, digits and signs")
    return token
