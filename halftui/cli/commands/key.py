"""`halftui key`: who may come in over SSH, with which key and in which role."""

import secrets
import sys

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.times import when
from halftui.domain import pubkey
from halftui.domain.actor import PEOPLE
from halftui.ops import entrance

COLUMNS = ("person", "role", "fingerprint", "comment", "invited_until")
MORE = ("kind", "added_by", "created_at")
CODE_BYTES = 15

_role = click.option("--role", type=click.Choice([r.value for r in PEOPLE]), default="",
                     help="What they may do; a new person needs one.")  # fmt: skip


@group("key")
def key() -> None:
    """Say who may come in over SSH, with which key and in which role."""


@key.command("add", example="halftui key add ann --role operator < ann.pub")
@click.argument("name")
@_role
@pass_call
def add(call: Call, name: str, role: str) -> None:
    """Let a person in by a public key, which is read from standard input."""
    from halftui.ops import people

    if call.input is sys.stdin and call.input.isatty():
        call.err.write("Paste the public key, then press enter and ctrl+d:\n")
    public = pubkey.parse(call.input.read(pubkey.LONGEST + 1))
    has = call.service.write(people.add, name, public, role)
    call.say(f"{name} may come in as {has.value} with {public.fingerprint}", _shown(call, name))


@key.command("list", example="halftui key list")
@click.argument("name", default="")
@pass_call
def list_keys(call: Call, name: str) -> None:
    """List the people who may come in, and their keys."""
    call.list(call.service.read(entrance.keys, name), COLUMNS, MORE)


@key.command("remove", example="halftui key remove ann")
@click.argument("name")
@click.argument("fingerprint", default="")
@pass_call
def remove(call: Call, name: str, fingerprint: str) -> None:
    """Take one key or all keys from a person; who is inside with it is put out."""
    from halftui.ops import people

    count = call.service.write(people.remove, name, fingerprint)
    call.say(f"{count} key{'' if count == 1 else 's'} of {name} removed", _shown(call, name))


@key.command("invite", example="halftui key invite bo --role viewer --expires +2d")
@click.argument("name")
@_role
@click.option("--expires", metavar="TIME", callback=when, default="+1d", show_default=True,
              help="Until when the invite holds.")  # fmt: skip
@pass_call
def invite(call: Call, name: str, role: str, expires: float) -> None:
    """Let a person bring a key of their own, once, and print the code for them.

    They connect with `ssh -p PORT NAME@HOST` and type it. Send it on a way that only they read.
    """
    from halftui.ops import people

    code = secrets.token_urlsafe(CODE_BYTES)
    call.service.write(people.invite, name, code, expires, role)
    call.say(f"the code for {name}: {code}", {"person": name, "code": code, "expires_at": expires})


@key.command("role", example="halftui key role ann maintainer")
@click.argument("name")
@click.argument("role", type=click.Choice([r.value for r in PEOPLE]))
@pass_call
def set_role(call: Call, name: str, role: str) -> None:
    """Give a person another role; who is inside comes in anew with it."""
    from halftui.ops import people

    call.service.write(people.edit, name, role)
    call.say(f"{name} is {role} now", _shown(call, name))


def _shown(call: Call, name: str) -> object:
    return call.service.read(entrance.keys, name) if call.is_for_machines else None
