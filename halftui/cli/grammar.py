"""What every command has: help with an example, and options of its own for the board and the output."""

import math
from collections.abc import Callable
from typing import Any

import click

from halftui.cli.call import Call
from halftui.cli.offers import offer
from halftui.cli.output import FORMATS

pass_call = click.make_pass_decorator(Call)


class Helped(click.Command):
    """A command whose help goes where the call's output goes."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the help option."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.callback = _show_help
        return option


class Command(Helped):
    """A command with an example in its help, that takes the shared options as well."""

    def __init__(self, name: str | None, *, example: str, **kwargs: Any) -> None:
        super().__init__(name, epilog=f"Example: {example}", **kwargs)
        self.example = example
        self.params += shared()
        offer(self.params)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, unless whoever calls may not run this command at all."""
        call_of(ctx).door.check(ctx.command_path.partition(" ")[2])
        return super().parse_args(ctx, args)


class Group(Helped, click.Group):
    """A noun and its verbs."""

    command_class = Command


class Number(click.FloatRange):
    """A number in a range; what is none (nan), which no comparison holds back, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number."""
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value!r} is no number.", param, ctx)
        return found


def command(name: str, *, example: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command that stands by itself."""
    return click.command(name, cls=Command, example=example)


def group(name: str) -> Callable[[Callable[..., Any]], Group]:
    """Make a function a noun."""
    return click.group(name, cls=Group)


def shared() -> list[click.Parameter]:
    """Return the options that stand before or after a command's name."""
    return [
        click.Option(
            ["--board"], metavar="NAME", expose_value=False, callback=_keep_board,
            help="The board, if not the one of this folder.",
        ),
        click.Option(
            ["-o", "--output"], type=click.Choice(FORMATS), expose_value=False, callback=_keep_form,
            help="How to print.",
        ),
        click.Option(
            ["--no-color"], is_flag=True, expose_value=False, callback=_keep_plain,
            help="Print without colours.",
        ),
    ]  # fmt: skip


def serving(decorated: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where guests connect."""
    port = click.option(
        "--port", "serve_port", type=click.IntRange(0, 65_535), metavar="N", expose_value=False,
        callback=keep_flag, help="The port that guests connect to.",
    )  # fmt: skip
    host = click.option(
        "--host", "serve_host", metavar="ADDRESS", expose_value=False, callback=keep_flag,
        help="The address that guests connect to; by default all of this machine's.",
    )  # fmt: skip
    return host(port(decorated))


def tell(call: Call, line: str) -> None:
    """Print a line of something that goes on."""
    call.write(f"{line}\n")
    call.out.flush()


def keep_flag(ctx: click.Context, param: click.Parameter, value: str | int | None) -> None:
    """Let an option of the command line replace the setting of its name."""
    if value is not None:
        call_of(ctx).flags[str(param.name)] = value


def call_of(ctx: click.Context) -> Call:
    """Return the call that a context belongs to."""
    return ctx.ensure_object(Call)


def _show_help(ctx: click.Context, _param: click.Parameter, is_wanted: Any) -> None:
    if is_wanted and not ctx.resilient_parsing:
        call_of(ctx).write(ctx.get_help() + "\n")
        ctx.exit()


def _keep_board(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        call_of(ctx).wanted_board = value


def _keep_form(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        call_of(ctx).form = value


def _keep_plain(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value:
        call_of(ctx).is_plain = True
