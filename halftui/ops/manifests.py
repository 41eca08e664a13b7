"""Makes things what a file wishes them to be: all of it in one transaction, or nothing.

Every change goes through the op of its verb, so that it is authorized and leaves its event; what is
so already is not touched.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from halftui.domain import profile as rules
from halftui.domain.names import RUNTIMES
from halftui.errors import Conflict, Misconfigured, NotFound, Refused
from halftui.ops import beads, boards, convoys, edges, identities, profiles, specs
from halftui.ops.specs import KINDS, Applied, Manifest, Spec
from halftui.store.tx import Tx

_PLACED = ("hold", "convoy", "parent", "links", "after")  # fields of a bead that have ops of their own
_PARENT = "parent-child"
_LINKS = frozenset({"links", "parent"})
_TOUCHED = {  # fields that an event is about whose own are called otherwise; None: all
    "bead.link": _LINKS, "bead.unlink": _LINKS, "bead.reparent": _LINKS,
    "event.undo": None, "event.redo": None, "profile.apply": None,
}  # fmt: skip
_FIXED = {  # fields of a board that no file can change, since they name places of one machine
    "repository": "make another board: halftui init",
    "collab": "halftui board edit --collab PLACE",
    "collab_branch": "halftui board edit --collab PLACE --collab-branch NAME",
}


def apply(tx: Tx, board_id: str, manifests: Sequence[Manifest]) -> list[Applied]:
    """Make all of it so. Raises what the ops raise, and Misconfigured naming the place of a bad wish."""
    run = _Run(tx, board_id)
    ordered = sorted(manifests, key=lambda m: KINDS.index(m.kind))
    for manifest in ordered:
        run.make(manifest)
    for manifest in ordered:
        run.settle(manifest)
    return [Applied(m.kind, run.idents[id(m)], run.done[id(m)]) for m in manifests]


class _Run:
    """One application of a file."""

    def __init__(self, tx: Tx, board_id: str) -> None:
        self._tx = tx
        self._board = board_id
        self._refs: dict[str, str] = {}
        self._before: dict[int, Spec] = {}
        self.idents: dict[int, str] = {}
        self.done: dict[int, str] = {}

    def make(self, manifest: Manifest) -> None:
        """Find the thing, or create it with what stands for itself; links to others come later."""
        ident = manifest.ident
        if ident and manifest.kind != "profile":  # its id is its name, so that one can be made with it
            ident = specs.whole(self._tx, manifest.kind, ident, self._board, manifest.place)
        else:
            ident = self._same(manifest) or self._create(manifest)
        if manifest.ref:
            if manifest.ref in self._refs:
                raise Misconfigured(f"{manifest.place}: the ref {manifest.ref} stands twice", "name it anew")
            self._refs[manifest.ref] = ident
        self.idents[id(manifest)] = ident
        self.done.setdefault(id(manifest), "unchanged")

    def settle(self, manifest: Manifest) -> None:
        """Change what is not as it is wished."""
        ident = self.idents[id(manifest)]
        seq = self._tx.rows("SELECT coalesce(max(seq), 0) FROM event")[0][0]
        now = specs.spec(self._tx, manifest.kind, ident, self._board)
        wished = {k: v for k, v in manifest.spec.items() if v != now.get(k)}
        wished = {k: v for k, v in wished.items() if k in now or k != "name"}  # known by it
        if manifest.seen is not None and wished:
            self._require_seen(manifest, ident, wished)
        if manifest.kind == "bead":
            self._settle_bead(ident, now, wished, manifest.place)
        elif manifest.kind == "convoy":
            self._settle_convoy(ident, now, wished, manifest.place)
        elif manifest.kind == "profile" and wished:
            self._apply_profile(ident, {**now, **wished}, manifest.place)
        elif manifest.kind == "board" and wished:
            self._settle_board(ident, _without(wished, _FIXED, manifest.place), manifest.place)
        elif wished:
            raise Refused(
                f"{manifest.place}: {', '.join(wished)} of {manifest.kind} {ident} can't be changed so",
                f"halftui {manifest.kind} --help shows what can",
            )
        if self._tx.rows("SELECT coalesce(max(seq), 0) FROM event")[0][0] != seq:
            self.done[id(manifest)] = "created" if self.done[id(manifest)] == "created" else "changed"

    def _require_seen(self, manifest: Manifest, ident: str, wished: Spec) -> None:
        """Raise Conflict if somebody else changed one of those fields since the file was printed."""
        found = self._tx.rows(
            "SELECT actor, verb, before, after FROM event WHERE subject = :i AND seq > :s AND actor <> :a"
            " AND board_id = :b ORDER BY seq DESC",
            i=ident, s=manifest.seen, a=str(self._tx.actor), b=self._board,
        )  # fmt: skip
        for actor, verb, before, after in found:
            touched = _TOUCHED.get(str(verb), frozenset({*json.loads(before), *json.loads(after)}))
            both = sorted(wished if touched is None else wished.keys() & touched)
            if both:
                raise Conflict(
                    f"{manifest.place}: {actor} changed {', '.join(both)} of {ident} since it was printed",
                    "get it anew, or take `seen` out of the file",
                )

    def _same(self, manifest: Manifest) -> str:
        """Return the id of a thing that is known by its name instead of an id, "" if there is none."""
        names = {"board": "name", "agent": "username", "subscription": "name", "profile": "name"}
        key = names.get(manifest.kind)
        text = str(manifest.spec.get(key, manifest.ident)) if key else ""
        try:
            return specs.resolve(self._tx, manifest.kind, text, self._board) if text else ""
        except NotFound:
            return ""

    def _create(self, manifest: Manifest) -> str:
        wish, place = manifest.spec, manifest.place
        self.done[id(manifest)] = "created"
        if manifest.kind == "bead":
            return self._create_bead(wish, place)
        if manifest.kind == "convoy":
            return convoys.create(self._tx, self._board, str(_needed(wish, "name", place)))
        if manifest.kind == "profile":
            name = manifest.ident or str(_needed(wish, "name", place))
            return self._apply_profile(name, wish, place)
        if manifest.kind == "agent":
            return identities.create(
                self._tx, self._board, str(_needed(wish, "username", place)), str(wish.get("name", "")),
                str(wish.get("kind", "leader")), str(wish.get("runtime", "claude")),
            )  # fmt: skip
        remedy = {"board": "halftui init", "subscription": "halftui subscription register NAME"}
        raise Refused(f"{place}: a {manifest.kind} is not made by a file", remedy[manifest.kind])

    def _apply_profile(self, name: str, wish: Mapping[str, Any], place: str) -> str:
        try:
            found = rules.read({key: value for key, value in wish.items() if key != "name"}, RUNTIMES)
            profiles.apply(self._tx, self._board, name, found)
        except Misconfigured as error:
            raise Misconfigured(f"{place}: {error.message}", error.hint) from error
        return name

    def _settle_board(self, ident: str, wished: Spec, place: str) -> None:
        try:
            boards.edit(self._tx, ident, **wished)
        except Misconfigured as error:
            raise Misconfigured(f"{place}: {error.message}", error.hint) from error

    def _create_bead(self, wish: Mapping[str, Any], place: str) -> str:
        fields = {k: v for k, v in wish.items() if k not in ("title", *_PLACED)}
        convoy = str(wish.get("convoy", ""))
        return beads.create(
            self._tx, self._board, str(_needed(wish, "title", place)), hold=str(wish.get("hold", "")),
            convoy=self._find("convoy", convoy, place), **fields,
        )  # fmt: skip

    def _settle_bead(self, ident: str, now: Spec, wished: Spec, place: str) -> None:
        if fields := {k: v for k, v in wished.items() if k not in _PLACED}:
            beads.edit(self._tx, ident, **fields)
        if "hold" in wished:
            beads.hold(self._tx, ident, str(wished["hold"]))
        convoy = self._find("convoy", wished.get("convoy", ""), place)
        if "convoy" in wished and convoy != now["convoy"]:
            if not convoy:
                raise Refused(f"{ident} travels with {now['convoy']} already", "cancel that convoy first")
            convoys.add(self._tx, convoy, ident)
        self._settle_parent(ident, now, wished, place)
        self._settle_links(ident, now, wished, place)

    def _settle_parent(self, ident: str, now: Spec, wished: Spec, place: str) -> None:
        parent = self._find("bead", wished.get("parent", ""), place)
        if "parent" not in wished or parent == now["parent"]:
            return
        if now["parent"]:
            edges.unlink(self._tx, ident, now["parent"], _PARENT)
        if parent:
            edges.link(self._tx, ident, parent, _PARENT)

    def _settle_links(self, ident: str, now: Spec, wished: Spec, place: str) -> None:
        old = {(e["kind"], e["target"]): (e["on_failure"], e["gate"]) for e in now["links"]}
        new = dict(old)
        if "links" in wished:
            new = {
                (e.get("kind", "blocks"), self._find("bead", e["target"], place)):
                (e.get("on_failure", "release"), e.get("gate", "all-children"))
                for e in wished["links"]
            }  # fmt: skip
        for target in wished.get("after") or ():
            new.setdefault(("blocks", self._find("bead", target, place)), ("release", "all-children"))
        for kind, target in old.keys() - new.keys():
            edges.unlink(self._tx, ident, target, kind)
        for (kind, target), (on_failure, gate) in sorted(new.items()):
            if old.get((kind, target)) != (on_failure, gate):
                edges.link(self._tx, ident, target, kind, on_failure, gate)

    def _settle_convoy(self, ident: str, now: Spec, wished: Spec, place: str) -> None:
        wanted = [self._find("bead", text, place) for text in wished.get("beads") or now["beads"]]
        if wished.get("name", now["name"]) != now["name"] or set(now["beads"]) - set(wanted):
            raise Refused(
                f"{place}: convoy {ident} keeps its name and its beads", "cancel it, and make another one"
            )
        for bead in wanted:
            if bead not in now["beads"]:
                convoys.add(self._tx, ident, bead)

    def _find(self, kind: str, text: Any, place: str) -> str:
        if not text:
            return ""
        return self._refs.get(str(text)) or specs.whole(self._tx, kind, str(text), self._board, place)


def _needed(wish: Mapping[str, Any], name: str, place: str) -> Any:
    if not wish.get(name):
        raise Misconfigured(f"{place} has no {name}", f"add a line under spec: {name}: …")
    return wish[name]


def _without(wished: Spec, names: Mapping[str, str], place: str) -> Spec:
    for name, remedy in names.items():
        if name in wished:
            raise Refused(f"{place}: {name} of a board can't be changed by a file", remedy)
    return wished
