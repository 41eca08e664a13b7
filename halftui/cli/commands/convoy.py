"""`halftui convoy`: beads that travel together."""

import click

from halftui.cli import output
from halftui.cli.call import Call
from halftui.cli.grammar import group, pass_call
from halftui.cli.watching import watched
from halftui.domain.shown import ConvoyDetail
from halftui.domain.stems import stems
from halftui.domain.text import clean, counted
from halftui.errors import Misconfigured
from halftui.ops import listings, views

COLUMNS = ("id", "name", "state", "finished", "total", "failed")
MORE = ("counts", "branch", "stranded", "leader")
MARKS = {"working": "▶", "review": "?", "blocked": "◌", "ready": "·", "done": "✓", "closed": "✗"}


@group("convoy")
def convoy() -> None:
    """Make, start and watch convoys, beads that travel together."""


@convoy.command("create", example="halftui convoy create 'New checkout' hf-3k2 hf-9ab")
@click.argument("name", default="")
@click.argument("beads", nargs=-1, metavar="[BEAD]...")
@click.option("-f", "--file", metavar="FILE", help="Make its beads too, as this YAML or JSON file plans them;"
              " - reads standard input.")  # fmt: skip
@click.option("--integration", is_flag=True, help="Merge its beads into a branch of its own first, and that"
              " once at the end.")  # fmt: skip
@click.option("--start", "starts", is_flag=True, help="Start it at once.")
@pass_call
def create(
    call: Call, name: str, beads: tuple[str, ...], file: str | None, *, integration: bool, starts: bool
) -> None:
    """Make a staged convoy: none of its beads starts before the convoy does.

    A file holds a name, integration (true or false) and beads: a list of fields as of a bead, a key
    to name each by, what it comes after (keys or ids), and the parent.
    """
    if file is not None:
        if beads:
            raise Misconfigured("a file says itself which beads travel", "leave the ids out, or the file")
        _create_from(call, file, name, integration=integration, starts=starts)
        return
    if not name and not beads:
        raise Misconfigured("a convoy needs a name", "halftui convoy create NAME, or -f FILE")
    from halftui.ops import convoys

    ident = call.service.write(convoys.create, call.board.id, name, call.beads(beads), has_branch=integration)
    if starts:
        call.service.write(convoys.start, ident)
    _tell(call, ident, _made(call, ident))


@convoy.command("edit", example="halftui convoy edit new-checkout --leader cedar")
@click.argument("convoy")
@click.option("--name", metavar="TEXT", help="Another name; its id stays.")
@click.option("--leader", metavar="USERNAME", help="Who leads it from now on; '' for nobody.")
@pass_call
def edit(call: Call, convoy: str, name: str | None, leader: str | None) -> None:
    """Give a convoy another name, or to another leader, who may then act on it and all its beads.

    Operators give what nobody else's leader leads, and to their own leader alone.
    """
    from halftui.ops import convoys

    if name is None and leader is None:
        raise Misconfigured("nothing to change was named", "halftui convoy edit --help")
    ident = _resolve(call, convoy)
    call.service.write(convoys.edit, ident, name=name, leader=leader)
    row = _read(call, ident).convoy
    _tell(call, ident, f"{row.name} is led by {row.leader or 'no leader'}")


@convoy.command("list", example="halftui convoy list")
@pass_call
@watched
def list_convoys(call: Call) -> None:
    """List convoys, those under way first."""
    call.list(call.service.read(views.convoys, call.board.id), COLUMNS, MORE)


@convoy.command("show", example="halftui convoy show new-checkout")
@click.argument("convoy")
@pass_call
@watched
def show(call: Call, convoy: str) -> None:
    """Show a convoy's beads, each below what it waits for, and what keeps it if nothing moves."""
    if call.is_for_machines:
        call.show(_read(call, convoy))
        return
    print_waves(call, convoy)


def print_waves(call: Call, convoy: str) -> None:
    """Print how a convoy stands, and its beads in waves."""
    found = _read(call, convoy)
    call.write(clean(_head(found) + "\n"))
    call.write(output.table(_rows(found), ("bead", "title", "wave", "assignee", "more"), call.width,
                            is_bold=call.has_colours))  # fmt: skip
    for line in _foot(found):
        call.write(clean(line + "\n"))


@convoy.command("start", example="halftui convoy start new-checkout")
@click.argument("convoy")
@pass_call
def start(call: Call, convoy: str) -> None:
    """Let agents take its beads, each when it is ready."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    call.service.write(convoys.start, ident)
    _tell(call, ident, f"{ident} is {_read(call, ident).convoy.state}")


@convoy.command("land", example="halftui convoy land new-checkout")
@click.argument("convoy")
@pass_call
def land(call: Call, convoy: str) -> None:
    """Merge the branch of a convoy whose beads are all finished; the board does so by itself.

    Where it could not, this tries again after you made room for it.
    """
    ident = _resolve(call, convoy)
    merged = call.service.review(call.board.id).land(ident)
    _tell(call, ident, f"{ident} landed" + (f" as {merged[:10]}" if merged else ""))


@convoy.command("cancel", example="halftui convoy cancel new-checkout -m 'another way was found'")
@click.argument("convoy")
@click.option("-m", "--message", default="", metavar="REASON", help="Why.")
@pass_call
def cancel(call: Call, convoy: str, message: str) -> None:
    """Cancel a convoy and its unfinished beads."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    call.service.write(convoys.cancel, ident, message)
    row = _read(call, ident).convoy
    kept = f"; what was accepted is on {row.branch} only" if row.branch and row.finished > row.failed else ""
    _tell(call, ident, f"{ident} is cancelled{kept}")


@convoy.command("add", example="halftui convoy add new-checkout hf-7f1")
@click.argument("convoy")
@click.argument("beads", nargs=-1, required=True, metavar="BEAD...")
@pass_call
def add(call: Call, convoy: str, beads: tuple[str, ...]) -> None:
    """Let more beads travel with a convoy; a landed one moves again."""
    from halftui.ops import convoys

    ident = _resolve(call, convoy)
    for bead in call.beads(beads):
        call.service.write(convoys.add, ident, bead)
    _tell(call, ident, f"{ident} has {counted(_read(call, ident).convoy.total, 'bead')}")


def _create_from(call: Call, file: str, name: str, *, integration: bool, starts: bool) -> None:
    from dataclasses import replace

    from halftui.cli import plan_file
    from halftui.ops import plans

    text = call.input.read() if file == "-" else _text_of(call, file)
    plan = plan_file.read(text, "the plan" if file == "-" else file)
    plan = replace(plan, name=name or plan.name, has_branch=integration or plan.has_branch)
    made = call.service.write(plans.make, call.board.id, plan, starts=starts)
    if call.is_for_machines:
        call.show({"id": made.convoy, "beads": dict(made.beads)})
        return
    rows = [{"key": key, "bead": bead} for key, bead in made.beads.items()]
    call.write(output.table(rows, ("key", "bead"), call.width, is_bold=call.has_colours))
    call.write(_made(call, made.convoy) + "\n")


def _text_of(call: Call, file: str) -> str:
    try:
        return call.file(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise Misconfigured(
            f"{file} can't be read: {said}", "name a file, or - for standard input"
        ) from error


def _made(call: Call, ident: str) -> str:
    state = _read(call, ident).convoy.says
    return f"{ident} is {state}" + (f"; halftui convoy start {ident} lets it go" if state == "staged" else "")


def _head(found: ConvoyDetail) -> str:
    row = found.convoy
    counts = " ".join(f"{count} {name}" for name, count in row.counts)
    parts = [f"{row.name} {row.says if row.state == 'landed' else 'is ' + row.says}"]
    parts += [f"{row.finished} of {row.total} finished", counts] if row.total else ["no beads"]
    parts += [f"${found.cost_usd:.2f}"] if found.cost_usd else []
    parts += [f"on {row.branch}"] if row.branch else []
    parts += [f"led by {row.leader}"] if row.leader else []
    return " · ".join(parts)


def _rows(found: ConvoyDetail) -> list[dict[str, object]]:
    waves = {card.id: number for number, wave in enumerate(found.waves, 1) for card in wave}
    lines: list[dict[str, object]] = []
    before = stems([twig.depth for twig in found.outline])
    for stem, twig in zip(before, found.outline, strict=True):
        more = f"+{len(twig.more)} blocker{'s' if len(twig.more) > 1 else ''} {' '.join(twig.more[:3])}"
        lines.append({
            "bead": f"{stem}{MARKS[twig.card.lane]} {twig.card.id}", "title": twig.card.title,
            "wave": waves[twig.card.id], "assignee": twig.card.assignee, "more": more if twig.more else "",
        })  # fmt: skip
    return lines


def _foot(found: ConvoyDetail) -> list[str]:
    lines = [f"stranded: {reason}" for reason in found.convoy.stranded]
    if len(found.critical) > 1:
        way = list(found.critical)
        shown = way if len(way) <= 8 else [*way[:4], f"{len(way) - 8} more", *way[-4:]]
        frees = f"; finishing {way[0]} frees {found.frees}" if found.frees else ""
        lines.append(f"critical path: {' → '.join(shown)}{frees}")
    return lines


def _resolve(call: Call, text: str) -> str:
    return call.service.read(listings.resolve_convoy, text, call.board.id)


def _read(call: Call, text: str) -> ConvoyDetail:
    return call.service.read(listings.convoy, text, call.board.id)


def _tell(call: Call, ident: str, text: str) -> None:
    call.say(text, _read(call, ident) if call.is_for_machines else None)
