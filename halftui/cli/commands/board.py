"""`halftui board`: the boards of a database."""

import time

import click

from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.watching import persist
from halftui.domain import lanes
from halftui.errors import Misconfigured, Unavailable
from halftui.ops import views

COLUMNS = ("name", "repository", "branch", "mode", "review", "cap", "is_paused")
MORE = (
    "id",
    "prefix",
    "runtime",
    "sandbox",
    "model",
    "command",
    "checks",
    "batch",
    "profile",
    "rounds",
    "egress",
    "created_at",
)


@group("board")
def board() -> None:
    """Show and change boards."""


@board.command("list", example="halftui board list -o wide")
@pass_call
def list_boards(call: Call) -> None:
    """List all boards."""
    call.list(call.service.read(views.boards), COLUMNS, MORE)


@board.command("show", example="halftui board show web-shop")
@click.argument("name", required=False)
@pass_call
def show(call: Call, name: str | None) -> None:
    """Show a board, by default this folder's."""
    _choose(call, name)
    call.show(call.board)


@board.command("edit", example="halftui board edit cap=6 review=none")
@click.argument("settings", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--collab", metavar="PLACE",
              help="The repository of plans and results, a folder or an address; '' for none.")  # fmt: skip
@click.option("--collab-branch", default="", metavar="NAME", help="Its branch; else the one checked out.")
@pass_call
def edit(call: Call, settings: tuple[str, ...], collab: str | None, collab_branch: str) -> None:
    """Change a board: mode, review, runtime, sandbox, cap, branch, model, command, prefix, recipe.

    Also: checks, the commands that must pass before a merge, one a line; batch, how many beads are merged
    after one run of them; merge, direct or pull-request; profile, which agents have; rounds, how often
    agents may send one piece of work back, with review=agent; egress, the hosts that agents in containers
    may reach, with commas, as in packages.example.org,files.example.org:443, or none. recipe=@FILE reads
    it from a file: lines of a Dockerfile that go on from the agents' image.
    """
    from halftui.ops import boards

    wanted = dict(_setting(text) for text in settings)
    if collab is None and (collab_branch or not wanted):
        raise click.UsageError("Missing argument 'KEY=VALUE', or --collab PLACE.")
    if str(wanted.get("recipe", "")).startswith("@"):
        wanted["recipe"] = _read(call, str(wanted["recipe"])[1:])
    if "branch" in wanted and call.door.has_files:
        named = str(boards.checked("branch", wanted["branch"]))
        call.door.locate(call.settings, call.board.repository, named)  # raises if it is not there
    if wanted:
        call.service.write(boards.edit, call.board.id, call.board.version, **wanted)
    if collab is not None:
        wanted["collab"] = _pair(call, collab, collab_branch)
    fresh = call.service.read(views.board, call.board.id)
    call.say(f"{fresh.name} has " + ", ".join(f"{k}={v}" for k, v in wanted.items()), fresh)


@board.command("lanes", example="halftui board lanes urgent --state ready --filter '#urgent' --limit 3")
@click.argument("name", default="")
@click.option("--title", metavar="TEXT", help="What stands above it.")
@click.option("--filter", "words", metavar="WORDS", help="Show what these words hold, as after / on the"
              " board: #label @who !1, or any word of a bead.")  # fmt: skip
@click.option(
    "--state", type=click.Choice(lanes.STATES), help="Of which state; else all that is not finished."
)
@click.option("--limit", type=click.IntRange(0, lanes.MOST_CARDS), metavar="N",
              help="Warn above so many cards; 0 is never. Nothing is refused.")  # fmt: skip
@click.option("--at", type=click.IntRange(1, lanes.MOST), metavar="N", help="Its place; 1 is the leftmost.")
@click.option("--hide/--show", "is_hidden", default=None, help="Take it out of sight, or show it again.")
@click.option("--drop", "drops", is_flag=True, help="Do without it; its beads stay where they are.")
@click.option("--reset", "resets", is_flag=True, help="Lay out all lanes as they came.")
@pass_call
def lay_out(
    call: Call,
    name: str,
    *,
    title: str | None,
    words: str | None,
    state: str | None,
    limit: int | None,
    at: int | None,
    is_hidden: bool | None,
    drops: bool,
    resets: bool,
) -> None:
    """List the lanes of a board; with a name, change that lane or make it.

    A lane shows a state whole, or what a filter holds: then a bead stands in it and in the lane of its state.
    """
    found, wanted = call.board.lanes, {"title": title, "filter": words, "state": state, "limit": limit}
    fields = {key: value for key, value in {**wanted, "is_hidden": is_hidden}.items() if value is not None}
    if name and not (fields or at or drops):
        lanes.lane(found, name)
        raise Misconfigured(f"nothing is said about the lane {name}", "halftui board lanes --help")
    if not name and (fields or at or drops):
        raise Misconfigured(
            "no lane is named", "halftui board lanes NAME, as in: halftui board lanes done --hide"
        )
    if resets:
        found = lanes.DEFAULT
    if drops:
        found = lanes.without(found, name)
    elif name:
        found = lanes.changed(found, name, **fields)
        found = lanes.at(found, name, at - 1) if at else found
    if found != call.board.lanes:
        from halftui.ops import boards

        call.service.write(boards.edit, call.board.id, call.board.version, lanes=lanes.wish(found))
    _list_lanes(call)


def _list_lanes(call: Call) -> None:
    fresh = call.service.read(views.board, call.board.id)
    totals = {each.name: each.total for each in call.service.read(views.lanes, fresh.id, most=1)}
    rows = [
        {"name": row.name, "title": row.heading, "shows": row.shows, "cards": totals[row.name],
         "limit": row.limit, "is_over": row.is_over(totals[row.name]), "is_hidden": row.is_hidden}
        for row in fresh.lanes
    ]  # fmt: skip
    call.list(rows, tuple(rows[0]), ())


@board.command("pause", example="halftui board pause")
@click.argument("name", required=False)
@pass_call
def pause(call: Call, name: str | None) -> None:
    """Start no new attempts; what runs goes on."""
    _pause(call, name, is_paused=True)


@board.command("resume", example="halftui board resume")
@click.argument("name", required=False)
@pass_call
def resume(call: Call, name: str | None) -> None:
    """Start attempts again."""
    _pause(call, name, is_paused=False)


@board.command("drain", example="halftui board drain --seconds 600")
@click.argument("name", required=False)
@click.option("--seconds", type=click.FloatRange(0, 86_400), default=3_600.0, show_default=True, metavar="N",
              help="How long to wait for the last one.")  # fmt: skip
@pass_call
def drain(call: Call, name: str | None, seconds: float) -> None:
    """Start no new attempts, and wait until the live ones have ended by themselves."""
    _pause(call, name, is_paused=True)
    deadline = time.monotonic() + seconds

    def at_work() -> list[str]:
        found = call.service.read(views.agents, call.board.id)
        return [agent.name for agent in found if agent.status != "idle"]

    while live := persist(call, at_work, deadline):
        if time.monotonic() >= deadline:
            raise Unavailable(f"still at work: {', '.join(live)}", "halftui attempt stop BEAD ends one")
        time.sleep(0.2)
    call.say(f"nobody is at work on {call.board.name}", call.service.read(views.board, call.board.id))


def _pause(call: Call, name: str | None, *, is_paused: bool) -> None:
    from halftui.ops import boards

    _choose(call, name)
    call.service.write(boards.pause, call.board.id, is_paused=is_paused)
    fresh = call.service.read(views.board, call.board.id)
    call.say(f"{fresh.name} {'is paused' if is_paused else 'goes on'}", fresh)


def _pair(call: Call, collab: str, branch: str) -> str:
    """Give the board a repository of plans and results, and return its place."""
    from halftui.ops import collab as collabs

    place, on = call.door.locate(call.settings, collab, branch)
    call.service.write(collabs.pair, call.board.id, place, on)
    return place


def _choose(call: Call, name: str | None) -> None:
    if name:
        call.wanted_board = name


def _read(call: Call, name: str) -> str:
    try:
        return call.input.read() if name == "-" else call.file(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name} can't be read", str(error)) from error


def _setting(text: str) -> tuple[str, str | int]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise Misconfigured(f"{text[:80]!r} is no setting", "write KEY=VALUE, as in cap=6")
    from halftui.ops.boards import NUMBERS

    if key not in NUMBERS:
        return key, value
    try:
        return key, int(value)
    except ValueError:
        hint = "it is a whole number from {} to {}".format(*NUMBERS[key])
        raise Misconfigured(f"{key} can't be {value[:80]!r}", hint) from None
