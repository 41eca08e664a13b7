"""`halftui bead`: what is to be done, and what may be done to it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import click

from halftui.cli.call import Call
from halftui.cli.commands import artefact, review, shell
from halftui.cli.grammar import command, group, pass_call
from halftui.cli.times import when
from halftui.cli.watching import watched
from halftui.errors import Misconfigured
from halftui.ops import slots, views

COLUMNS = ("id", "lane", "priority", "title", "assignee")
MORE = (
    "type", "labels", "convoy", "blockers", "hold", "now", "failures", "files", "plus", "minus", "updated_at",
)  # fmt: skip
PERSONS = (
    "id", "title", "lane", "state", "type", "priority", "labels", "assignee", "convoy", "hold", "remark",
    "why", "waits_for", "frees", "description", "acceptance", "notes", "comments", "summary", "branch",
    "merged", "egress", "due", "not_before", "created_by", "created_at", "updated_at", "closed_at",
)  # fmt: skip


_EMPTY: Mapping[str, object] = {"labels": (), "egress": ""}  # what clears them is not None
ANSWER_SECONDS = 1.0  # that an engine may take to say who takes a new bead


@group("bead")
def bead() -> None:
    """Make, list, change and judge beads, the pieces of work."""


def _fields(decorated: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--not-before", metavar="TIME", callback=when, help="Start it no earlier."),
        click.option("--due", metavar="TIME", callback=when, help="When it should be done."),
        click.option("--runtime", metavar="NAME", help="What works on it, if not the board's."),
        click.option("--profile", metavar="NAME", help="The profile of its agent, if not the board's."),
        click.option("--egress", metavar="HOSTS", help="Of the board's hosts those that it needs, or none."),
        click.option("--mode", metavar="auto|manual", help="Who starts it, if not as the board says."),
        click.option("--type", metavar="NAME", help="task, bug, feature, epic, chore, spike or your own."),
        click.option("--notes", metavar="TEXT", help="Notes for people."),
        click.option("--acceptance", metavar="TEXT", help="What has to hold when it is done."),
        click.option("-l", "--label", "labels", metavar="WORD", multiple=True, help="A label; repeat it."),
        click.option("-p", "--priority", type=int, metavar="0-4", help="0 is most urgent, 2 is usual."),
        click.option("-d", "--description", metavar="TEXT", help="What to do, - reads standard input."),
    ):
        decorated = option(decorated)
    return decorated


def _given(call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in fields.items() if value not in (None, ())}
    if given.get("description") == "-":
        given["description"] = call.input.read()
    return given


def _create(
    call: Call, title: str, after: tuple[str, ...], parent: str, convoy: str, hold: str, **fields: Any
) -> None:
    from halftui.ops import beads, listings

    if convoy:
        convoy = call.service.read(listings.resolve_convoy, convoy, call.board.id)
    made = call.service.write(
        beads.create, call.board.id, title, after_beads=call.beads(after),
        parent=call.bead(parent) if parent else "", convoy=convoy, hold=hold, **_given(call, fields),
    )  # fmt: skip
    call.say(f"{made} {_fate(call, made)}", call.service.read(views.bead, made))


def _fate(call: Call, ident: str) -> str:
    """Say who took a bead, after the moment that an engine needs for it, or why nobody did."""
    from halftui.ops import turns

    deadline = time.monotonic() + ANSWER_SECONDS
    while not call.service.read(turns.is_answered, ident) and time.monotonic() < deadline:
        time.sleep(0.01)
    detail = call.service.read(views.bead, ident)
    if detail.card.state != "open":
        return f"is {detail.card.assignee}'s"
    if detail.why:
        return f"is not ready: {'; '.join(detail.why)}"
    if call.service.read(slots.engine) is None:
        return "is queued; agents start when a board is open: halftui"
    return "is queued"


def _creating(name: str, example: str) -> Callable[[Callable[..., Any]], click.Command]:
    def decorate(decorated: Callable[..., Any]) -> click.Command:
        for option in (
            click.option("--hold", metavar="REASON", default="", help="Never start it while this holds."),
            click.option("--convoy", metavar="CONVOY", default="", help="The convoy it travels with."),
            click.option("--parent", metavar="BEAD", default="", help="The bead that it is a part of."),
            click.option("--after", metavar="BEAD", multiple=True, help="A bead to wait for; repeat it."),
            _fields,
            click.argument("title"),
        ):
            decorated = option(decorated)
        return command(name, example=example)(decorated)

    return decorate


@_creating("create", 'halftui bead create "Fix the login" -p 1 -l web --after hf-3k2')
@pass_call
def create(call: Call, /, **given: Any) -> None:
    """Make a bead and say its id, and why it waits if it does."""
    _create(call, **given)


@_creating("add", 'halftui add "Fix the login" -p 1')
@pass_call
def add(call: Call, /, **given: Any) -> None:
    """Make a bead; the same as `halftui bead create`."""
    _create(call, **given)


_OTHERS = (review.approve, review.diff, review.reject, artefact.list_artefacts, artefact.give, shell.shell)
for _verb in (create, add, *_OTHERS):
    bead.add_command(_verb)


@bead.command("list", example="halftui bead list --ready --limit 0 -o json")
@click.option("--lane", "lanes", type=click.Choice(views.LANES), multiple=True, help="This lane only.")
@click.option("--ready", is_flag=True, help="What is ready: nothing but a hold keeps it from being started.")
@click.option("--blocked", is_flag=True, help="What waits for other beads, whatever its lane.")
@click.option("--limit", type=click.IntRange(0, 1_000_000), default=100, show_default=True, help="0 is all.")
@pass_call
@watched
def list_beads(call: Call, lanes: tuple[str, ...], *, ready: bool, blocked: bool, limit: int) -> None:
    """List beads lane by lane; the closed lane only if it is named. Several choices add up."""
    queries = [query for query, is_wanted in ((views.ready, ready), (views.blocked, blocked)) if is_wanted]
    cards = [card for query in queries for card in call.service.read(query, call.board.id, limit)]
    if lanes or not queries:
        ordered = tuple(lane for lane in views.LANES if lane in lanes) or views.LANES[:-1]
        cards += call.service.read(views.beads, call.board.id, ordered, limit)
    shown = list({card.id: card for card in cards}.values())
    call.list(shown[:limit] if limit else shown, COLUMNS, MORE)


@bead.command("show", example="halftui bead show hf-3k2")
@click.argument("bead")
@pass_call
def show(call: Call, bead: str) -> None:
    """Show all about a bead, and why it is not started."""
    call.show(call.service.read(views.bead, call.bead(bead)), PERSONS)


@bead.command("edit", example="halftui bead edit hf-3k2 --title 'Mend the login' -p 0")
@click.argument("bead")
@click.option("--title", metavar="TEXT", help="What it is called.")
@_fields
@click.option("--clear", "cleared", multiple=True, type=click.Choice(["due", "not_before", *_EMPTY]),
              help="Empty this; repeat it.")  # fmt: skip
@pass_call
def edit(call: Call, /, bead: str, cleared: tuple[str, ...], **fields: Any) -> None:
    """Change fields of a bead; labels are replaced as a whole."""
    from halftui.ops import beads

    given = _given(call, fields) | {name: _EMPTY.get(name) for name in cleared}
    if not given:
        raise Misconfigured("nothing to change was named", "halftui bead edit --help shows the fields")
    ident = call.bead(bead)
    version = call.service.read(views.bead, ident).card.version
    call.service.write(beads.edit, ident, version, **given)
    _tell(call, ident, f"{ident} has another {', '.join(given)}")


@bead.command("link", example="halftui bead link hf-9ab hf-3k2 --on-failure hold")
@click.argument("bead")
@click.argument("target")
@click.option("--kind", default="blocks", show_default=True, metavar="NAME",
              help="blocks, conditional-blocks, parent-child, waits-for, or any other.")  # fmt: skip
@click.option("--on-failure", type=click.Choice(["release", "hold"]), default="release", show_default=True,
              help="What a failed target does to the bead.")  # fmt: skip
@click.option("--gate", type=click.Choice(["all-children", "any-children"]), default="all-children",
              show_default=True, help="How many children a waits-for edge wants.")  # fmt: skip
@pass_call
def link(call: Call, bead: str, target: str, kind: str, on_failure: str, gate: str) -> None:
    """Make a bead depend on another."""
    from halftui.ops import edges

    source, goal = call.bead(bead), call.bead(target)
    call.service.write(edges.link, source, goal, kind, on_failure, gate)
    _tell(call, source, f"{source} {_WORDS.get(kind, kind)} {goal}")


@bead.command("unlink", example="halftui bead unlink hf-9ab hf-3k2")
@click.argument("bead")
@click.argument("target")
@click.option("--kind", default="blocks", show_default=True, metavar="NAME")
@pass_call
def unlink(call: Call, bead: str, target: str, kind: str) -> None:
    """Remove a dependency."""
    from halftui.ops import edges

    source, goal = call.bead(bead), call.bead(target)
    call.service.write(edges.unlink, source, goal, kind)
    _tell(call, source, f"{source} and {goal} are not linked by {kind}")


@bead.command("reparent", example="halftui bead reparent hf-9ab hf-3k2")
@click.argument("bead")
@click.argument("parent", default="")
@pass_call
def reparent(call: Call, bead: str, parent: str) -> None:
    """Make a bead a part of another one alone; without PARENT, of none."""
    from halftui.ops import edges

    ident, goal = call.bead(bead), call.bead(parent) if parent else ""
    call.service.write(edges.reparent, ident, goal)
    _tell(call, ident, f"{ident} is a part of {goal or 'no other bead'}")


@bead.command("rank", example="halftui bead rank hf-9ab --before hf-3k2")
@click.argument("bead")
@click.option("--before", metavar="BEAD", help="The bead that comes right after it.")
@click.option("--behind", metavar="BEAD", help="The bead that comes right before it.")
@pass_call
def rank(call: Call, bead: str, before: str | None, behind: str | None) -> None:
    """Place a bead right before or behind another; it takes that one's priority."""
    from halftui.ops import listings, ranks

    if (before is None) == (behind is None):
        raise Misconfigured("a place needs one neighbour", "name --before BEAD or --behind BEAD")
    ident, beside = call.bead(bead), call.bead(before or behind or "")
    place = call.service.read(listings.place_beside, ident, beside, is_behind=before is None)
    call.service.write(ranks.between, ident, place.before, place.behind, place.priority)
    _tell(call, ident, f"{ident} stands {'before' if before else 'behind'} {beside}")


@bead.command("dispatch", example="halftui bead dispatch hf-3k2")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@pass_call
def dispatch(call: Call, beads: tuple[str, ...]) -> None:
    """Let agents start beads at the next free slot; what kept them back ends."""
    from halftui.ops import beads as ops

    for ident in call.beads(beads):
        call.service.write(ops.dispatch, ident)
        _tell(call, ident, f"{ident} {_fate(call, ident)}")


@bead.command("hold", example="halftui bead hold hf-3k2 'wait for the design'")
@click.argument("bead")
@click.argument("reason", default="on hold")
@click.option("--off", is_flag=True, help="Let it go again.")
@pass_call
def hold(call: Call, bead: str, reason: str, *, off: bool) -> None:
    """Keep a bead from being started, for a reason."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.hold, ident, "" if off else reason)
    _tell(call, ident, f"{ident} may start" if off else f"{ident} is held: {reason}")


@bead.command("claim", example="halftui bead claim hf-3k2")
@click.argument("bead")
@pass_call
def claim(call: Call, bead: str) -> None:
    """Take a bead to work on it by hand."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.claim, ident)
    _tell(call, ident, f"{ident} is yours")


@bead.command("submit", example="halftui bead submit hf-3k2 -m 'the login works again'")
@click.argument("bead")
@click.option("-m", "--message", required=True, metavar="TEXT", help="What was done.")
@pass_call
def submit(call: Call, bead: str, message: str) -> None:
    """Hand in work that was done by hand."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.submit, ident, message)
    _tell(call, ident, f"{ident} waits for a review")


@bead.command("fail", example="halftui bead fail hf-3k2 -m 'not possible with this library'")
@click.argument("bead")
@click.option("-m", "--message", required=True, metavar="REASON", help="Why.")
@pass_call
def fail(call: Call, bead: str, message: str) -> None:
    """Give up a bead that is worked on by hand."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.fail, ident, message)
    _tell(call, ident, f"{ident} failed")


@bead.command("pin", example="halftui bead pin hf-3k2 Toast")
@click.argument("bead")
@click.argument("agent", required=False)
@pass_call
def pin(call: Call, bead: str, agent: str | None) -> None:
    """Let a bead wait for one agent; without one any may take it again."""
    from halftui.ops import listings, pins

    ident = call.bead(bead)
    wanted = call.service.read(listings.agent_of, agent, call.board.id) if agent else ""
    call.service.write(pins.pin, ident, wanted)
    _tell(call, ident, f"{ident} is {f'for {agent}' if agent else 'for whoever is free'}")


@bead.command("comment", example="halftui bead comment hf-3k2 'the list is empty on Sundays'")
@click.argument("bead")
@click.argument("text")
@pass_call
def comment(call: Call, bead: str, text: str) -> None:
    """Say something about a bead; its next agent reads it too."""
    from halftui.ops import remarks

    ident = call.bead(bead)
    call.service.write(remarks.comment, ident, text)
    _tell(call, ident, f"noted at {ident}")


@bead.command("release", example="halftui bead release hf-3k2 -m 'I have no time'")
@click.argument("bead")
@click.option("-m", "--message", default="", metavar="REASON", help="Why.")
@pass_call
def release(call: Call, bead: str, message: str) -> None:
    """Give an active bead back; an agent at work on it is asked to stop."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.release, ident, message)
    state = call.service.read(views.bead, ident).card.state
    _tell(
        call, ident, f"{ident} is open again" if state == "open" else f"the agent on {ident} is asked to stop"
    )


@bead.command("cancel", example="halftui bead cancel hf-3k2 -m 'not needed any more'")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@click.option("-m", "--message", default="", metavar="REASON", help="Why.")
@pass_call
def cancel(call: Call, beads: tuple[str, ...], message: str) -> None:
    """Drop beads; agents at work on them are stopped."""
    from halftui.ops import beads as ops

    for ident in call.beads(beads):
        call.service.write(ops.cancel, ident, message)
        _tell(call, ident, f"{ident} is cancelled")


@bead.command("delete", example="halftui bead delete hf-3k2 --yes")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@click.option("--yes", is_flag=True, help="Do it: a deleted bead does not come back.")
@pass_call
def delete(call: Call, beads: tuple[str, ...], *, yes: bool) -> None:
    """Erase beads; their history, attempts and commits stay. To drop work, cancel it instead."""
    from halftui.ops import beads as ops

    idents = call.beads(beads)
    if not yes:
        raise Misconfigured(f"deleting {', '.join(idents)} can't be undone", "say --yes, or cancel instead")
    for ident in idents:
        call.service.write(ops.delete, ident)
        call.say(f"{ident} is deleted", {"id": ident})


@bead.command("reopen", example="halftui bead reopen hf-3k2")
@click.argument("bead")
@pass_call
def reopen(call: Call, bead: str) -> None:
    """Take a finished bead up again."""
    from halftui.ops import beads

    ident = call.bead(bead)
    call.service.write(beads.reopen, ident)
    _tell(call, ident, f"{ident} is open again")


def _tell(call: Call, ident: str, text: str) -> None:
    call.say(text, call.service.read(views.bead, ident) if call.is_for_machines else None)


_WORDS = {
    "blocks": "waits for",
    "conditional-blocks": "waits for the failure of",
    "parent-child": "is a part of",
    "waits-for": "waits for the children of",
}
