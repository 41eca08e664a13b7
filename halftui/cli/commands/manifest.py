"""`halftui get`, `describe`, `apply` and `delete`: one form for every kind of thing."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import click

from halftui.cli import manifest_file, output
from halftui.cli.call import Call
from halftui.cli.commands import bead, board, convoy, identity, subscription
from halftui.cli.grammar import command, pass_call
from halftui.errors import Misconfigured
from halftui.ops import listings, signers, specs, views

POLL_SECONDS = 0.5
COLUMNS = {
    "agent": (identity.COLUMNS, identity.MORE),
    "bead": (bead.COLUMNS, bead.MORE),
    "board": (board.COLUMNS, board.MORE),
    "convoy": (convoy.COLUMNS, convoy.MORE),
    "profile": (("name", "version", "role", "runtime", "model", "agents"), ("tools", "made_by", "made_at")),
    "subscription": (subscription.COLUMNS, subscription.MORE),
}
DELETED = {"agent": "retired", "bead": "cancelled", "convoy": "cancelled", "subscription": "removed"}


class Kind(click.ParamType[str]):
    """A kind of thing, in the singular or the plural."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the kind in the singular."""
        kind = str(value).lower().removesuffix("s")
        if kind not in COLUMNS:
            self.fail(f"{value!r} is no kind; there are {', '.join(sorted(COLUMNS))}.", param, ctx)
        return kind


@command("get", example="halftui get beads -o yaml")
@click.argument("kind", type=Kind())
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-w", "--watch", is_flag=True, help="Go on, and print what changes.")
@pass_call
def get(call: Call, kind: str, names: tuple[str, ...], *, watch: bool) -> None:
    """List things of a kind; as YAML or JSON in the form that `halftui apply` takes."""
    wanted = [call.service.read(specs.resolve, kind, name, call.board.id) for name in names]
    seen = _print(call, kind, wanted, {})
    while watch:
        call.out.flush()
        time.sleep(POLL_SECONDS)
        seen = _print(call, kind, wanted, seen)


@command("describe", example="halftui describe bead hf-3k2")
@click.argument("kind", type=Kind())
@click.argument("name")
@pass_call
def describe(call: Call, kind: str, name: str) -> None:
    """Show all about one thing: what it is wished to be, and how it stands."""
    ident = call.service.read(specs.resolve, kind, name, call.board.id)
    seq = call.service.read(views.last_seq)
    row = next((r for r in _rows(call, kind) if _key(r) == ident), None)
    if row is None and kind == "bead":
        row = call.service.read(views.bead, ident).card
    found = _document(call, kind, ident, row, seq)
    if call.is_for_machines:
        call.show(found)
        return
    call.show({"kind": kind, "id": found["id"], **found["spec"], **found["status"]})


@command("apply", example="halftui apply -f plan.yaml")
@click.option("-f", "--file", required=True, metavar="FILE", help="What is wished; - is standard input.")
@pass_call
def apply(call: Call, file: str) -> None:
    """Make things what a file wishes, all of it or nothing; what is so already is not touched.

    A thing without an id is created. `ref` gives it a name for the other things of the file. `seen`, as
    `get` prints it, keeps what others changed since from being overwritten.
    """
    from halftui.ops import manifests

    wished = manifest_file.read(file, call.input, call.file)
    done = call.service.write(manifests.apply, call.board.id, wished)
    words = [f"{one.kind} {one.id} is {one.done}" for one in done]
    call.say("\n".join(words), done)


@command("delete", example="halftui delete bead hf-3k2")
@click.argument("kind", type=Kind())
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@pass_call
def delete(call: Call, kind: str, names: tuple[str, ...]) -> None:
    """Cancel beads or convoys, retire agents, remove subscriptions; nothing is lost of what happened."""
    from halftui.ops import agents, beads, convoys, subscriptions

    ops: dict[str, Callable[[Any, str], None]] = {
        "agent": agents.retire, "bead": beads.cancel, "convoy": convoys.cancel,
        "subscription": subscriptions.remove,
    }  # fmt: skip
    if kind not in ops:
        raise Misconfigured(f"a {kind} can't be deleted", f"it can be one of {', '.join(ops)}")
    for ident in [call.service.read(specs.resolve, kind, name, call.board.id) for name in names]:
        call.service.write(ops[kind], ident)
        call.say(f"{kind} {ident} is {DELETED[kind]}", {"kind": kind, "id": ident, "done": DELETED[kind]})


def _print(call: Call, kind: str, wanted: Sequence[str], seen: dict[str, Any]) -> dict[str, Any]:
    """Print the things that are not as they were seen; return how they are now."""
    seq = call.service.read(views.last_seq)  # first: what comes in between counts as not seen
    rows = {_key(row): row for row in _rows(call, kind) if not wanted or _key(row) in wanted}
    news = [row for key, row in rows.items() if seen.get(key) != row]
    if call.is_for_machines and (news or not seen):
        documents = [_document(call, kind, _key(row), row, seq) for row in news]
        _write(call, documents, is_first=not seen)
    elif news or not seen:
        columns, more = COLUMNS[kind]
        shown = (*columns, *more) if call.form == "wide" else columns
        text = output.table([output.plain(row) for row in news], shown, call.width, is_bold=call.has_colours)
        call.write(text if not seen else text.partition("\n")[2])
    return rows or {"": None}


def _write(call: Call, documents: list[dict[str, Any]], *, is_first: bool) -> None:
    if is_first:
        call.write(output.dumped(documents, call.form))
        return
    for document in documents:
        line = json.dumps(output.plain(document), ensure_ascii=False)
        call.write(line + "\n" if call.form == "json" else "---\n" + output.dumped(document, call.form))


def _rows(call: Call, kind: str) -> Sequence[Any]:
    board = call.board.id
    if kind == "agent":
        return [row for row in call.service.read(signers.identities) if row.board == board]
    if kind == "bead":
        return call.service.read(views.beads, board, most=0)
    if kind == "profile":
        from halftui.ops import profiles

        return call.service.read(profiles.listed, board)
    if kind == "convoy":
        return call.service.read(views.convoys, board)
    return call.service.read(views.boards if kind == "board" else listings.subscriptions)


def _key(row: Any) -> str:
    return str(getattr(row, "id", "") or row.name)


def _document(call: Call, kind: str, ident: str, row: Any, seq: int) -> dict[str, Any]:
    spec = call.service.read(specs.spec, kind, ident, call.board.id)
    status = {k: v for k, v in output.plain(row).items() if k not in (*spec, "id")} if row else {}
    return {"kind": kind, "id": ident, "spec": spec, "status": status, "seen": seq}
