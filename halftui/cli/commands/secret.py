"""`halftui secrets`: what lets git in at private repositories, and how all that is sealed is sealed anew."""

import click

from halftui.cli.call import Call
from halftui.cli.commands.subscription import read_token
from halftui.cli.grammar import group, pass_call
from halftui.domain import address
from halftui.domain.shown import SecretRow
from halftui.domain.text import counted

COLUMNS = ("address", "username", "has_token", "refused")
MORE = ("created_at",)
USERNAME = "git"  # most servers look at the token alone


@group("secrets")
def secrets() -> None:
    """See to sealed credentials, and to those of private repositories; none is ever shown."""


@secrets.command("rotate", example="halftui secrets rotate")
@click.option("--from-keyring", is_flag=True, help="Take the old key from the keyring, to leave it.")
@pass_call
def rotate(call: Call, *, from_keyring: bool) -> None:
    """Seal all credentials and keys anew with a new key, and forget the old one.

    The new key goes where key_store says; from the key file into the keyring it moves so by itself.
    """
    count = call.door.safe(call.settings).rotate_secrets(leaves_keyring=from_keyring)
    call.say(f"{counted(count, 'value')} sealed with a new key", {"count": count})


@secrets.command("set", example="halftui secrets set https://git.example.org --username bo < token")
@click.argument("address_", metavar="ADDRESS")
@click.option("--username", default="", metavar="NAME",
              help=f"Whose token it is; else who is there already, or {USERNAME}.")  # fmt: skip
@pass_call
def keep(call: Call, address_: str, username: str) -> None:
    """Store a token for the repositories of an https server; it is read from standard input, or asked for.

    git gets it for exactly this scheme, host and port, on this machine alone: no agent does.
    """
    from halftui.ops import secrets as ops

    scope = address.given(address_)
    token = read_token(call, "halftui secrets set ADDRESS < token")
    known = _find(call, scope)
    name = username or (known.username if known else "") or USERNAME
    ident = call.service.read(ops.identify, scope)
    with call.door.sealed(call.settings, ident, token) as sealed:
        call.service.write(ops.keep, scope, name, sealed, ident)
    call.say(f"git has a token for {address.host_of(scope)}", _find(call, scope))


@secrets.command("list", example="halftui secrets list")
@pass_call
def list_secrets(call: Call) -> None:
    """List the servers that a token is for, and what they said of it; tokens are never shown."""
    from halftui.ops import secrets as ops

    call.list(call.service.read(ops.listed), COLUMNS, MORE)


@secrets.command("remove", example="halftui secrets remove https://git.example.org")
@click.argument("address_", metavar="ADDRESS")
@pass_call
def remove(call: Call, address_: str) -> None:
    """Forget the token of a server."""
    from halftui.ops import secrets as ops

    scope = address.given(address_)
    call.service.write(ops.remove, scope)
    call.say(f"the token for {address.host_of(scope)} is removed", {"address": scope})


def _find(call: Call, scope: str) -> SecretRow | None:
    from halftui.ops import secrets as ops

    return next((row for row in call.service.read(ops.listed) if row.address == scope), None)
