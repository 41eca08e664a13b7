"""What may be done to a convoy."""

import secrets
from collections.abc import Sequence

from halftui.domain.actor import Role
from halftui.domain.names import BASE36, CONVOY_BRANCHES, slug
from halftui.domain.states import CONVOY_MOVES, ConvoyState, ConvoyVerb, after
from halftui.domain.text import clean_line
from halftui.errors import Denied, Misconfigured, Refused
from halftui.ops import journeys, signers
from halftui.ops.access import verb
from halftui.ops.beads import INERT, cancel_all, weigh
from halftui.ops.edges import refuse_cycles
from halftui.ops.travel import finish, is_due, join, land
from halftui.store.rows.tables import Bead, Board, Convoy
from halftui.store.tx import Tx

UNFINISHED = "state IN ('open', 'active', 'review')"


@verb("convoy.create")
def create(tx: Tx, board_id: str, name: str, beads: Sequence[str] = (), *, has_branch: bool = False) -> str:
    """Make a staged convoy of these beads, inert until it is started, and return its id.

    With a branch its beads merge into `convoy/<id>`, and that once at the end into the board's branch.
    """
    ident = stage(tx, tx.get(Board, board_id), name, has_branch=has_branch)
    convoy = tx.get(Convoy, ident)
    for bead in beads:
        _take(tx, convoy, bead)
    tx.record("convoy.create", ident, board_id, name=convoy.name, beads=list(beads))
    return ident


def stage(tx: Tx, board: Board, name: str, *, has_branch: bool) -> str:
    """Make a staged convoy without beads, within a larger op, and return its id."""
    name = clean_line(name, longest=80)
    if not name:
        raise Misconfigured("a convoy needs a name", "say where it goes")
    ident = _free_id(tx, name, board.branch)
    tx.add(
        Convoy(
            id=ident, board_id=board.id, name=name, created_by=str(tx.actor), created_at=tx.now,
            branch=f"{CONVOY_BRANCHES}{ident}" if has_branch else "",
        )
    )  # fmt: skip
    tx.flush()
    return ident


@verb("convoy.add")
def add(tx: Tx, convoy_id: str, bead: str) -> None:
    """Let a bead travel with a convoy; a landed one moves again."""
    convoy = tx.get(Convoy, convoy_id)
    _take(tx, convoy, bead)
    tx.record("convoy.add", convoy_id, convoy.board_id, bead=bead)
    land(tx, convoy)


@verb("convoy.edit")
def edit(tx: Tx, convoy_id: str, *, name: str | None = None, leader: str | None = None) -> None:
    """Give a convoy another name, or to another leader, by its username; "" is to nobody.

    Raises Denied for an operator who gives it to another person's leader, or takes it from one.
    """
    convoy = tx.get(Convoy, convoy_id)
    before: dict[str, str] = {}
    after_it: dict[str, str] = {}
    if name is not None and (fresh := clean_line(name, longest=80)) != convoy.name:
        if not fresh:
            raise Misconfigured("a convoy needs a name", "say where it goes")
        before["name"], after_it["name"] = convoy.name, fresh
        convoy.name = fresh
    if leader is not None:
        given = _leader(tx, leader) if leader else None
        held = [signers.by_id(tx, agent) for agent in journeys.leaders(tx, convoy_id)]
        for one in (*held, *([given] if given else [])):
            if tx.actor.role is Role.OPERATOR and one.owner != tx.actor.name:
                raise Denied(f"{one.username} is not {tx.actor}'s", "its owner or a maintainer may do that")
        was, then = ", ".join(one.username for one in held), given.username if given else ""
        if was != then:
            before["leader"], after_it["leader"] = was, then
            convoy.created_by = f"agent:{given.id}" if given else str(tx.actor)
    if after_it:
        tx.touch(convoy, None)
        tx.record("convoy.edit", convoy_id, convoy.board_id, before, **after_it)


@verb("convoy.start")
def start(tx: Tx, convoy_id: str) -> None:
    """Let the scheduler take its beads, each when it is ready.

    Raises Refused if it has none, or, naming the cycle, if they wait for each other.
    """
    convoy = tx.get(Convoy, convoy_id)
    _move(tx, convoy, ConvoyVerb.START)
    if not (members := _members(tx, convoy_id, "TRUE")):
        raise Refused(f"convoy {convoy.name} has no beads", f"halftui convoy add {convoy_id} BEAD")
    refuse_cycles(tx, members)
    convoy.started_at = tx.now
    tx.change(f"UPDATE bead SET is_inert = {INERT} WHERE convoy_id = :c", c=convoy_id)
    tx.record("convoy.start", convoy_id, convoy.board_id)
    land(tx, convoy)


@verb("convoy.cancel")
def cancel(tx: Tx, convoy_id: str, reason: str = "") -> None:
    """Cancel a convoy and its unfinished beads; agents at work on them are stopped."""
    convoy = tx.get(Convoy, convoy_id)
    _move(tx, convoy, ConvoyVerb.CANCEL)
    convoy.ended_at, convoy.stranded_at = tx.now, None
    tx.record("convoy.cancel", convoy_id, convoy.board_id, reason=clean_line(reason))
    cancel_all(tx, convoy.board_id, _members(tx, convoy_id, UNFINISHED),
               reason or f"convoy {convoy.name} was cancelled")  # fmt: skip


@verb("convoy.land")
def may_land(tx: Tx, convoy_id: str) -> None:
    """Raise what `landed` would raise, before anything is merged."""
    convoy = tx.get(Convoy, convoy_id)
    after(CONVOY_MOVES, ConvoyState(convoy.state), ConvoyVerb.LAND, f"convoy {convoy.name}")
    if not is_due(tx, convoy):
        raise Refused(f"convoy {convoy.name} has unfinished beads", f"halftui convoy show {convoy_id}")


@verb("convoy.land")
def landed(tx: Tx, convoy_id: str, merged: str) -> None:
    """Let a convoy be landed whose branch was merged as this commit ("": there was nothing to merge)."""
    convoy = tx.get(Convoy, convoy_id)
    if not is_due(tx, convoy):  # a bead came meanwhile: it goes on, and is merged again at its end
        return
    finish(tx, convoy, merged)


@verb("convoy.land")
def stay(tx: Tx, convoy_id: str, reason: str) -> None:
    """Say why a convoy could not land; it keeps moving. Who says the same again is not heard."""
    convoy = tx.get(Convoy, convoy_id)
    reason = clean_line(reason, longest=500)
    if convoy.remark == reason or not is_due(tx, convoy):
        return
    convoy.remark = reason
    tx.touch(convoy, None)
    tx.record("convoy.stay", convoy_id, convoy.board_id, reason=convoy.remark)


@verb("convoy.strand")
def strand(tx: Tx, convoy_id: str, reasons: Sequence[str]) -> None:
    """Tell once that nothing of a convoy moves, and why; no reasons end that."""
    convoy = tx.get(Convoy, convoy_id)
    if not reasons:
        convoy.stranded_at = None
    elif convoy.stranded_at is None and convoy.state == ConvoyState.MOVING:
        convoy.stranded_at = tx.now
        tx.record("convoy.strand", convoy_id, convoy.board_id, reasons=list(reasons))
    tx.add(convoy)


def _leader(tx: Tx, text: str) -> signers.IdentityRow:
    found = signers.identity(tx, text)
    if found.kind != "leader":
        raise Refused(f"{found.name} is a {found.kind}", "halftui identity list shows the leaders")
    return found


def _move(tx: Tx, convoy: Convoy, done: ConvoyVerb) -> None:
    convoy.state = after(CONVOY_MOVES, ConvoyState(convoy.state), done, f"convoy {convoy.name}").value
    tx.touch(convoy, None)
    tx.flush()


def _take(tx: Tx, convoy: Convoy, bead: str) -> None:
    row = tx.get(Bead, bead)
    join(tx, row, convoy)
    weigh(tx, row)
    tx.touch(row, None)


def _members(tx: Tx, convoy_id: str, where: str) -> list[str]:
    found = tx.rows(f"SELECT id FROM bead WHERE convoy_id = :c AND {where} ORDER BY id", c=convoy_id)
    return [str(row[0]) for row in found]


def _free_id(tx: Tx, name: str, target: str) -> str:
    """Return an id whose branch is not the board's own."""
    stem = slug(name, "convoy")
    candidate = stem
    while target == f"{CONVOY_BRANCHES}{candidate}" or tx.rows(
        "SELECT 1 FROM convoy WHERE id = :i", i=candidate
    ):
        candidate = f"{stem}-{''.join(secrets.choice(BASE36) for _ in range(3))}"
    return candidate
