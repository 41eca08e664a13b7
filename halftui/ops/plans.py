"""Makes a planned convoy: all its beads and edges in one go, or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from halftui.domain import rank
from halftui.domain.graph import BLOCKING, EdgeKind
from halftui.domain.graph import Edge as Link
from halftui.domain.plan import Plan, PlannedBead, edges_of
from halftui.domain.text import clean_line
from halftui.errors import HalfTUIError, NotFound, Refused
from halftui.ops import convoys, profiles, ranks, views
from halftui.ops.access import authorize, verb
from halftui.ops.beads import free_ids
from halftui.ops.edges import recount, refuse_cycle, waiting_for
from halftui.ops.fields import cleaned
from halftui.store.rows.tables import Bead, Board, Edge
from halftui.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Made:
    """A convoy that was made from a plan, and the ids of its beads by the plan's keys."""

    convoy: str
    beads: Mapping[str, str]


@verb("convoy.create")
def make(tx: Tx, board_id: str, plan: Plan, *, starts: bool = False) -> Made:
    """Make a planned convoy, staged or started.

    Raises Misconfigured, NotFound or Refused, naming the place in the plan.
    """
    board = tx.get(Board, board_id)
    convoy = convoys.stage(tx, board, plan.name, has_branch=plan.has_branch)
    ids = dict(zip((b.key for b in plan.beads), free_ids(tx, board, len(plan.beads)), strict=True))
    _add_beads(tx, board, convoy, plan, ids)
    _add_edges(tx, _resolved(tx, board_id, plan, ids), ids)
    tx.record("convoy.create", convoy, board_id, name=plan.name, beads=list(ids.values()))
    titles = {ids[b.key]: {"title": b.fields["title"], "convoy": convoy} for b in plan.beads}
    tx.record_each("bead.create", board_id, titles)
    if starts:
        convoys.start(tx, convoy)
    return Made(convoy, ids)


def _add_beads(tx: Tx, board: Board, convoy: str, plan: Plan, ids: Mapping[str, str]) -> None:
    usual = Bead(
        id="", board_id=board.id, title="", rank="", convoy_id=convoy, is_inert=1,
        created_by=str(tx.actor), created_at=tx.now, updated_at=tx.now,
    ).columns()  # fmt: skip
    keys = rank.following(ranks.last(tx, board.id), len(plan.beads))
    tx.add_each(Bead, [
        {**usual, **_columns(tx, board.id, bead), "id": ids[bead.key], "rank": key}
        for bead, key in zip(plan.beads, keys, strict=True)
    ])  # fmt: skip


def _columns(tx: Tx, board_id: str, bead: PlannedBead) -> dict[str, object]:
    fields = dict(bead.fields)
    hold = clean_line(str(fields.pop("hold", "")))
    try:
        made = cleaned(fields)
        if name := str(made.get("profile", "")):
            made["runtime"] = profiles.version(tx, board_id, name).profile.runtime or made.get("runtime", "")
        return {**made, "hold": hold}
    except HalfTUIError as error:
        raise _at(bead.place, error) from error


def _resolved(tx: Tx, board_id: str, plan: Plan, ids: Mapping[str, str]) -> list[Link]:
    """Return the plan's edges between ids."""
    places = {w.target: w.place for b in plan.beads for w in b.waits}
    places |= {b.parent: b.place for b in plan.beads if b.parent}
    there: dict[str, str] = dict(ids)
    for name in sorted(places.keys() - ids.keys()):
        try:
            there[name] = views.resolve_bead(tx, name, board_id)
        except NotFound as error:
            raise NotFound(f"{places[name]}: there is no key or bead {name}", error.hint) from error
        except Refused as error:
            raise _at(places[name], error) from error
    return [Link(ids[e.source], there[e.target], e.kind, e.on_failure, e.gate) for e in edges_of(plan)]


def _add_edges(tx: Tx, edges: Sequence[Link], ids: Mapping[str, str]) -> None:
    made: dict[tuple[str, str, str], dict[str, Any]] = {}
    for edge in edges:
        kind = clean_line(edge.kind, longest=50) or EdgeKind.BLOCKS.value
        made[edge.source, edge.target, kind] = {
            "source": edge.source, "target": edge.target, "kind": kind, "on_failure": edge.on_failure,
            "gate": edge.gate, "created_by": str(tx.actor), "created_at": tx.now,
        }  # fmt: skip
    tx.add_each(Edge, list(made.values()))
    new = set(ids.values())
    parents = {e.target for e in edges if e.kind == EdgeKind.PARENT and e.target not in new}
    for parent in parents:
        authorize(tx.actor, "bead.create", tx, parent=parent)
    _refuse_cycles_outside(tx, [e for e in edges if e.target not in new], ids)
    recount(tx, [*new, *waiting_for(tx, parents)])


def _refuse_cycles_outside(tx: Tx, outward: Sequence[Link], ids: Mapping[str, str]) -> None:
    """The plan alone has no cycle; a child of a bead that others wait for may yet close one."""
    keys = {ident: key for key, ident in ids.items()}
    for bead in sorted({e.source for e in outward if e.kind in BLOCKING}):
        try:
            refuse_cycle(tx, bead)
        except Refused as error:
            words = [keys.get(word, word) for word in error.message.split(" ")]
            raise Refused(" ".join(words), error.hint) from error


def _at(place: str, error: HalfTUIError) -> HalfTUIError:
    return type(error)(f"{place}: {error.message}", error.hint)
