"""What a thing is wished to be, as `apply` reads and `get` prints it: plain values, no state of its work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from halftui.domain.lanes import wish
from halftui.domain.profile import Profile
from halftui.domain.text import clean_line
from halftui.errors import NotFound, Refused
from halftui.ops import listings, signers, views
from halftui.store.store import Rows

Spec = dict[str, Any]
BOARD = (
    "repository", "branch", "prefix", "mode", "review", "runtime", "sandbox", "model", "command", "checks",
    "batch", "profile", "rounds", "merge", "cap", "recipe", "collab", "collab_branch", "egress", "lanes",
)  # fmt: skip
BEAD = (
    "title", "description", "acceptance", "notes", "type", "priority", "labels", "mode", "runtime",
    "profile", "egress", "not_before", "due", "hold", "convoy", "parent", "links",
)  # fmt: skip
CONVOY = ("name", "beads")
AGENT = ("username", "name", "kind", "runtime", "owner")
SUBSCRIPTION = ("kind", "base_url")
PROFILE = tuple(field.name for field in dataclasses.fields(Profile))
FIELDS: Mapping[str, tuple[str, ...]] = {  # in the order in which they are made: later ones name earlier
    "profile": PROFILE, "board": BOARD, "convoy": CONVOY, "bead": (*BEAD, "after"), "agent": AGENT,
    "subscription": SUBSCRIPTION,
}  # fmt: skip
KINDS = tuple(FIELDS)
_PARENT = "parent-child"


class Manifest(NamedTuple):
    """One thing of a file: `ident` if it exists, `ref` to be named by others of the same file."""

    kind: str
    ident: str
    ref: str
    spec: Mapping[str, Any]
    place: str  # in the file, for messages
    seen: int | None = None  # the newest event when the thing was printed, if it was


class Applied(NamedTuple):
    """What became of one thing: created, changed or unchanged."""

    kind: str
    id: str
    done: str


def spec(rows: Rows, kind: str, ident: str, board_id: str) -> Spec:
    """Return what the thing of that kind and id is wished to be. Raises NotFound."""
    if kind == "profile":  # its name is its id, on one board
        from halftui.ops import profiles

        found = profiles.version(rows, board_id, ident).profile
        return {"name": ident, **dataclasses.asdict(found), "tools": list(found.tools)}
    return _READERS[kind](rows, ident)


def ids(rows: Rows, kind: str, board_id: str) -> list[str]:
    """Return the ids of all things of a kind, in the order in which they are listed."""
    if kind == "board":
        return [found.id for found in views.boards(rows)]
    if kind == "subscription":
        return [found.name for found in listings.subscriptions(rows)]
    if kind == "profile":
        from halftui.ops import profiles

        return [found.name for found in profiles.listed(rows, board_id)]
    if kind == "agent":
        return [found.id for found in signers.identities(rows) if found.board == board_id]
    if kind == "convoy":
        return [found.id for found in views.convoys(rows, board_id)]
    return [card.id for card in views.beads(rows, board_id, most=0)]


def resolve(rows: Rows, kind: str, text: str, board_id: str) -> str:
    """Return the id of the thing that `text` names. Raises NotFound, Refused if that is several."""
    if kind == "bead":
        return views.resolve_bead(rows, text, board_id)
    if kind == "convoy":
        return listings.resolve_convoy(rows, text, board_id)
    if kind == "agent":
        return signers.identity(rows, text).id
    if kind == "board":
        return views.board(rows, text).id
    if text in ids(rows, kind, board_id):
        return text
    raise NotFound(f"there is no {kind} {text}", f"halftui get {kind}s shows them")


def whole(rows: Rows, kind: str, text: str, board_id: str, place: str) -> str:
    """Return what `resolve` does. Raises Refused for a bead that is named by less than its whole id.

    In a file a slip of the finger would change another bead.
    """
    found = resolve(rows, kind, text, board_id)
    if kind == "bead" and found != text:
        raise Refused(
            f"{place}: {clean_line(text, longest=80)} is not a whole id", f"write {found}, if it is meant"
        )
    return found


def _board(rows: Rows, ident: str) -> Spec:
    found = views.board(rows, ident)._asdict()
    return {name: found[name] for name in BOARD} | {"lanes": wish(found["lanes"])}


def _bead(rows: Rows, ident: str) -> Spec:
    found = rows.rows(
        "SELECT title, description, acceptance, notes, type, priority, labels, mode, runtime, profile,"
        " egress, not_before, due, hold, coalesce(convoy_id, '') FROM bead WHERE id = :i",
        i=ident,
    )
    if not found:
        raise NotFound(f"there is no bead {ident}", "halftui bead list shows them")
    made = dict(zip(BEAD, found[0], strict=False))
    made["labels"] = json.loads(made["labels"])
    for name in ("not_before", "due"):  # as they are printed, else what is got differs from what is there
        made[name] = None if made[name] is None else round(made[name], 3)
    edges = rows.rows(
        "SELECT kind, target, on_failure, gate FROM edge WHERE source = :i ORDER BY kind, target", i=ident
    )
    made["parent"] = next((str(e[1]) for e in edges if e[0] == _PARENT), "")
    made["links"] = [
        dict(zip(("kind", "target", "on_failure", "gate"), e, strict=True)) for e in edges if e[0] != _PARENT
    ]
    return made


def _convoy(rows: Rows, ident: str) -> Spec:
    found = rows.rows("SELECT name FROM convoy WHERE id = :i", i=ident)
    if not found:
        raise NotFound(f"there is no convoy {ident}", "halftui convoy list shows them")
    members = rows.rows("SELECT id FROM bead WHERE convoy_id = :i ORDER BY priority, rank, id", i=ident)
    return {"name": str(found[0][0]), "beads": [str(r[0]) for r in members]}


def _agent(rows: Rows, ident: str) -> Spec:
    found = signers.by_id(rows, ident)._asdict()
    return {name: found[name] for name in AGENT}


def _subscription(rows: Rows, name: str) -> Spec:
    for found in listings.subscriptions(rows):
        if found.name == name:
            return {"kind": found.kind, "base_url": found.base_url}
    raise NotFound(f"there is no subscription {name}", "halftui subscription list shows them")


_READERS: Mapping[str, Callable[[Rows, str], Spec]] = {
    "board": _board, "bead": _bead, "convoy": _convoy, "agent": _agent, "subscription": _subscription,
}  # fmt: skip
