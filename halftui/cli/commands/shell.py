"""`halftui bead shell`: a person's own shell in the container of a bead's agent."""

from __future__ import annotations

import click

from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call
from halftui.errors import Misconfigured


@command("shell", example="halftui bead shell hf-3k2 -- git status")
@click.argument("bead")
@click.argument("words", nargs=-1, metavar="[-- COMMAND...]")
@pass_call
def shell(call: Call, bead: str, words: tuple[str, ...]) -> int:
    """Open a shell, or run COMMAND, in the container of the agent that works on a bead.

    It is the agent's own user there, in its worktree, within its limits: without network, without secrets.
    `exit` or ^D leads back; ^] three times does if nothing else does.
    """
    from halftui.ops.access import authorize

    authorize(call.service.actor, "bead.shell")
    ident = call.bead(bead)
    if not call.out.isatty():
        raise Misconfigured("a shell takes a whole terminal", "on a board T opens it; over SSH: ssh -t")
    how, code = call.door.shell(call.settings, ident, words)
    if how:
        call.err.write(f"{ident}: {how}\n")
    return code
