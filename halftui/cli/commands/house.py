"""`halftui init`, `demo`, `serve`, `status`, `doctor` and `image`: what the composition root does for us."""

from pathlib import Path

import click

from halftui.cli.call import Call
from halftui.cli.door import Beginning, Check, Showing
from halftui.cli.grammar import Number, command, group, pass_call, serving, tell
from halftui.domain.text import clean_line
from halftui.errors import Misconfigured
from halftui.ops import views


@command("init", example="halftui init --name 'Web shop' --review none")
@click.argument("place", required=False)
@click.option("--name", default="", metavar="TEXT", help="The board's name; by default the repository's.")
@click.option("--branch", default="", metavar="NAME", help="What work is merged into.")
@click.option("--mode", metavar="auto|manual", help="Who starts ready beads.")
@click.option("--review", metavar="person|none", help="Who accepts work.")
@click.option("--runtime", metavar="NAME", help="What works on beads.")
@click.option("--sandbox", metavar="auto|docker|local", help="Where agents run.")
@click.option("--prefix", metavar="LETTERS", help="What ids of beads begin with.")
@click.option("--cap", type=int, metavar="N", help="Agents at work at once.")
@pass_call
def init(call: Call, /, place: str | None, name: str, branch: str, **given: str | int | None) -> None:
    """Make a board over the git repository of a folder, by default the current one, or at an address.

    An address is one over ssh:// or https://; `halftui secrets set` stores the token that it may want.
    """
    found = place if place and "://" in place else _folder(call, place)
    settings = {key: value for key, value in given.items() if value is not None}
    made = call.door.init(call.settings, Beginning(found, name, branch, settings))
    board = call.service.read(views.board, made)
    call.say(f"the board {board.name} is made over {board.repository}; halftui opens it", board)


def _folder(call: Call, place: str | None) -> Path:
    """Return the folder that is named, or the current one. Raises Misconfigured if it is none."""
    where = call.file(place) if place else call.folder
    if where is None or not where.is_dir():
        named = place or "the current folder"
        raise Misconfigured(f"{named} is no folder", "name one: halftui init FOLDER")
    return where.resolve()


@command("demo", example="halftui demo --headless --seconds 60")
@click.option("--headless", "is_headless", is_flag=True, help="Run without a screen and print what happens.")
@click.option("--seconds", type=Number(1, 3600), default=60.0, show_default=True, metavar="N")
@pass_call
def demo(call: Call, /, is_headless: bool, seconds: float) -> int:
    """Open a board with agents at work on a small shop; no account, container or network is needed.

    A scripted model stands in for the real one. Nothing of yours is touched, and nothing is left behind.
    """
    return call.door.demo(call.settings, Showing(is_headless, seconds))


@command("serve", example="halftui serve --port 2222")
@serving
@pass_call
def serve(call: Call) -> int:
    """Serve the boards over SSH to the people that `halftui key` knows, with agents at work behind them.

    There is no screen here; ctrl+c or SIGTERM ends it, and guests are told.
    """
    return call.door.serve(call.settings, lambda line: tell(call, line))


@command("status", example="halftui status")
@pass_call
def status(call: Call) -> None:
    """Show what the process does that serves the boards of this home."""
    call.show(call.door.status(call.settings))


@command("doctor", example="halftui doctor")
@pass_call
def doctor(call: Call) -> int:
    """Check what HalfTUI needs here, and say the remedy of what is missing."""
    checks = call.door.doctor(call.settings)
    if call.form == "table":
        call.write("".join(map(_checked, checks)))  # whole, whatever the width: a remedy is to be copied
    else:
        call.list(checks, ("name", "is_ok", "says", "remedy"))
    return 0 if all(check.is_ok for check in checks) else Misconfigured.exit_code


def _checked(check: Check) -> str:
    name = clean_line(check.name)
    lines = [f"{'ok' if check.is_ok else 'not ok':8}{name:12}{clean_line(check.says)}"]
    lines += [f"{'':20}{clean_line(check.remedy)}"] if check.remedy else []
    return "".join(f"{line}\n" for line in lines)


@command("gc", example="halftui gc --dry-run")
@click.option("--dry-run", "is_dry", is_flag=True, help="Only show what would go.")
@click.option("--days", type=Number(0, 36_500), default=14.0, show_default=True, metavar="N",
              help="How long ago the work was finished, or the thing was made.")  # fmt: skip
@pass_call
def gc(call: Call, /, is_dry: bool, days: float) -> None:
    """Clear away what finished work left here: clones, attached files, sandboxes, unused images, old logs.

    Also refs of earlier attempts, and what checks printed.

    Nothing goes that is not on the target branch, or that nobody committed; what stays for that says so.
    """
    found = call.door.clear(call.settings, days, is_dry)
    call.list(found, ("kind", "name", "size_mb", "fate", "why"))
    if not call.is_for_machines:
        total = sum(one.size_mb for one in found if one.fate != "stays")
        call.write(f"{total:.1f} MB {'would be' if is_dry else 'are'} free\n")


@group("image")
def image() -> None:
    """Build and list container images for agents."""


@image.command("build", example="halftui image build")
@pass_call
def build(call: Call) -> None:
    """Build the image in which agents run, and those of boards that have a recipe of their own.

    A recipe is what a maintainer gave the board; nothing that lies in a repository is built by itself.
    """
    names = call.door.image_build(call.settings, lambda line: _progress(call, line))
    call.say("\n".join(f"{name} is there" for name in names), {"names": names})


@image.command("list", example="halftui image list")
@pass_call
def list_images(call: Call) -> None:
    """List the images in which agents can run."""
    call.list(call.door.image_list(call.settings), ("name", "boards", "size_mb", "created_at"), ("digest",))


def _progress(call: Call, line: str) -> None:
    call.err.write(clean_line(line) + "\n")
    call.err.flush()
