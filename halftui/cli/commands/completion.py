"""`halftui completion`: what makes a shell complete commands at the Tab key."""

import click

from halftui.cli import completing
from halftui.cli.call import Call
from halftui.cli.grammar import command, pass_call


@command("completion", example="halftui completion bash > ~/.local/share/bash-completion/completions/halftui")
@click.argument("shell", type=click.Choice(list(completing.SHELLS)))
@pass_call
def completion(call: Call, shell: str) -> None:
    """Print the script that completes `halftui` in a shell."""
    from halftui.cli.parser import cli

    call.write(completing.script(cli, shell))
