"""`halftui bead artefacts` and `artefact`: the files that agents attached to a bead."""

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call
from halftui.domain.text import clean
from halftui.errors import Misconfigured
from halftui.ops import views


@command("artefacts", example="halftui bead artefacts hf-3k2")
@click.argument("bead")
@pass_call
def list_artefacts(call: Call, bead: str) -> None:
    """List the files that agents attached to a bead."""
    found = call.service.read(views.bead, call.bead(bead)).artefacts
    call.list(found, ("name", "size", "at"), ("attempt", "digest"))


@command("artefact", example="halftui bead artefact hf-3k2 coverage.html > coverage.html")
@click.argument("bead")
@click.argument("name")
@pass_call
def give(call: Call, bead: str, name: str) -> None:
    """Print a file that an agent attached; to a terminal, and to guests, only if it is text, and cleaned."""
    ident = call.bead(bead)
    content = call.service.review(call.service.read(views.bead, ident).board).artefact(ident, name)
    raw = getattr(call.out, "buffer", None)
    if raw is not None and not call.out.isatty():
        call.out.flush()
        raw.write(content)
        raw.flush()
        return
    try:
        call.write(clean(content.decode("utf-8")))
    except UnicodeDecodeError as error:
        hint = f"on the machine that has it: halftui bead artefact {ident} {name} > FILE"
        raise Misconfigured(f"{name} is no text", hint) from error
