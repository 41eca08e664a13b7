"""Parses a command line, runs the command it names, and turns errors into words and an exit code.

A noun's module is imported when it is named, so that `halftui --version` costs next to nothing.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from halftui import __version__
from halftui.cli.call import Call
from halftui.cli.grammar import Group, call_of, keep_flag, serving, shared, tell
from halftui.cli.offers import offer
from halftui.errors import BUG_EXIT, HalfTUIError, Unavailable

if TYPE_CHECKING:
    from halftui.cli.door import Door

INTERRUPTED, PIPE_CLOSED = 130, 141  # 128 + the signal, as shells report it
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # of what takes the output
NOUNS: Mapping[str, str] = {
    "add": "bead:add",
    "agent": "agent:agent",
    "apply": "manifest:apply",
    "answer": "question:answer",
    "attempt": "attempt:attempt",
    "audit": "audit:audit",
    "backup": "house_copy:backup",
    "bead": "bead:bead",
    "board": "board:board",
    "completion": "completion:completion",
    "budget": "budget:budget",
    "config": "config:config",
    "convoy": "convoy:convoy",
    "delete": "manifest:delete",
    "demo": "house:demo",
    "describe": "manifest:describe",
    "doctor": "house:doctor",
    "event": "event:event",
    "gc": "house:gc",
    "get": "manifest:get",
    "identity": "identity:identity",
    "export": "interchange:give",
    "image": "house:image",
    "import": "interchange:take",
    "inbox": "question:inbox",
    "init": "house:init",
    "merge": "merge:merge",
    "permit": "permit:permit",
    "key": "key:key",
    "plan": "plan:plan",
    "profile": "profile:profile",
    "question": "question:question",
    "restore": "house_copy:restore",
    "secrets": "secret:secrets",
    "serve": "house:serve",
    "skills": "skill:skills",
    "status": "house:status",
    "subscription": "subscription:subscription",
    "trial": "merge:trial",
    "wait": "wait:wait",
    "whoami": "identity:whoami",
    "usage": "budget:usage",
}


class Root(Group):
    """All nouns, imported when they are named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all nouns."""
        return sorted(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a noun's command."""
        if cmd_name not in NOUNS:
            return None
        room, _, name = NOUNS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(f"halftui.cli.commands.{room}"), name)
        return found


def run(door: Door, argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; only a bug gets out as an exception."""
    call = Call(door)
    for stream in (call.out, call.err, call.input):
        if isinstance(stream, io.TextIOWrapper):  # other letters than the terminal's are no reason to fail
            stream.reconfigure(errors="replace" if stream is call.input else "backslashreplace")
    words = [os.fsencode(word).decode("utf-8", "replace") for word in argv]
    try:
        return _invoke(call, words)
    except BrokenPipeError:
        return _leave_quietly(call, PIPE_CLOSED)
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:
            raise
        call.complain(f"the output can't be written: {error.strerror}", "make room where it goes")
        return _leave_quietly(call, Unavailable.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED


def report_bug(door: Door, error: BaseException, log: str, report: str = "", then: str = "") -> int:
    """Write the traceback to the log, say in one sentence where that is, and return the exit code.

    `report` is a file that may be sent to somebody else; `then` says how to go on.
    """
    import logging

    logging.getLogger(__name__).error("a bug", exc_info=error)
    where = f"the log tells more: {log}" if log else "set HALFTUI_HOME to a folder that can hold a log"
    if report:
        where = f"{report} tells of it without secrets, to be sent along{then}"
    Call(door).complain(f"this is a bug in HalfTUI ({type(error).__name__})", where)
    return BUG_EXIT


def _invoke(call: Call, argv: Sequence[str]) -> int:
    try:  # not by `main`, which handles closed pipes and interrupts in its own way
        with cli.make_context("halftui", list(argv), obj=call) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except HalfTUIError as error:
        call.complain(error.message, error.hint)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        call.err.write(error.message + "\n")
        call.err.flush()
        return error.exit_code
    except click.ClickException as error:
        call.complain(error.format_message(), _hint_of(error))
        return error.exit_code
    finally:
        call.out.flush()
    return code if isinstance(code, int) else 0


def _hint_of(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"run: {context.command_path if context else 'halftui'} --help"


def _leave_quietly(call: Call, code: int) -> int:
    if call.door.out is None:  # else the interpreter complains when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), call.out.fileno())
    return code


def _show_version(ctx: click.Context, _param: click.Parameter, is_wanted: Any) -> None:
    if is_wanted and not ctx.resilient_parsing:
        call_of(ctx).write(f"halftui {__version__}\n")
        ctx.exit()


@click.group(cls=Root, invoke_without_command=True, context_settings={"max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
    help="Print the version.",
)  # fmt: skip
@click.option(
    "--database", metavar="URL", expose_value=False, callback=keep_flag,
    help="The database; by default a SQLite file in the home folder.",
)  # fmt: skip
@click.option(
    "--home", metavar="FOLDER", expose_value=False, callback=keep_flag,
    help="Where HalfTUI keeps the database, repositories and worktrees.",
)  # fmt: skip
@click.option(
    "--ascii", "marks", flag_value="ascii", expose_value=False, callback=keep_flag,
    help="Draw the board with letters that every terminal has.",
)  # fmt: skip
@click.option(
    "--serve", is_flag=True, help="Serve the boards over SSH, without a screen here; as `halftui serve`."
)
@serving
@click.pass_context
def cli(ctx: click.Context, /, *, serve: bool) -> Any:
    """A kanban board in the terminal that runs AI coding agents.

    Without a command the board of this folder opens.
    """
    if ctx.invoked_subcommand is None:
        call = call_of(ctx)
        if serve:
            call.door.check("serve")
            return call.door.serve(call.settings, lambda line: tell(call, line))
        if not call.wanted_board and call.out.isatty() and not call.has_boards:
            return call.door.welcome(call.settings)
        return call.door.tui(call.settings, call.board.id)
    return None


cli.params += shared()
offer(cli.params)
