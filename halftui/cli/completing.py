"""Answers a shell that asks for completions, by the variable that click's scripts set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from halftui.cli.call import Call

if TYPE_CHECKING:
    import click

    from halftui.cli.door import Door

VARIABLE = "_HALFTUI_COMPLETE"


class _Bash(BashComplete):
    """The script for bash, without asking bash for its version."""

    @staticmethod
    def _check_version() -> None:
        return None


SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": ZshComplete, "fish": FishComplete}


def script(cli: click.Command, shell: str) -> str:
    """Return the script that a shell has to read once."""
    return SHELLS[shell](cli, {}, "halftui", VARIABLE).source()


def answer(cli: click.Command, door: Door, asked: str) -> str:
    """Return what `bash_complete` and its like ask for; the words are in the environment."""
    shell = asked.partition("_")[0]
    if shell not in SHELLS:
        return ""
    return SHELLS[shell](cli, {"obj": Call(door)}, "halftui", VARIABLE).complete() + "\n"
