"""Takes a file of the beads JSONL format into a board.

Every line is kept as it was beside the bead that it became. What a file says is compared with what it
said last time, field by field: what it changed since is taken over, and what was changed here stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from halftui.domain import jsonl, rank
from halftui.domain.graph import NEVER_READY_TYPES
from halftui.domain.jsonl import ISSUE, TOMBSTONE, Issue, Link, Record
from halftui.domain.states import FINISHED, BeadState
from halftui.errors import Refused
from halftui.ops import originals
from halftui.ops.access import verb
from halftui.ops.edges import recount_all, refuse_cycles
from halftui.ops.originals import BATCH, COLUMNS, Known
from halftui.ops.travel import land
from halftui.store.rows.tables import Bead, Convoy, Edge, Original
from halftui.store.tx import Tx

# A state and what comes with it: of the file or of the board, never a mixture.
OUTCOME = ("state", "aside", "summary", "remark", "closed_at")
DELETED = "it was deleted where it came from"


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import did, in beads; `others` counts the lines that are kept and are no beads."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    others: int = 0
    dangling: int = 0  # dependencies of the board whose target is not there


@dataclass(slots=True)
class Changes:
    """What an import is about to write."""

    created: list[Record] = field(default_factory=list)
    updated: dict[str, tuple[Known, Issue]] = field(default_factory=dict)
    linked: list[tuple[str, Link]] = field(default_factory=list)
    unlinked: list[tuple[str, Link]] = field(default_factory=list)
    lines: list[tuple[Record, float | None]] = field(default_factory=list)  # and when it first came
    unchanged: int = 0


@verb("board.import")
def take(tx: Tx, board_id: str, records: Sequence[Record]) -> Taken:
    """Take a file's records into a board, all or none, and return what that did.

    It leaves the one event `board.import`, and none if nothing changed. Raises Refused for a cycle of
    blocking edges, for a bead of another board, and for a new state of a bead that an agent works on.
    """
    changes = Changes()
    issues = [r for r in records if r.kind == ISSUE]
    for batch in _batches(issues):
        _compare_beads(tx, board_id, batch, changes)
    others = [r for r in records if r.kind != ISSUE]
    _compare_others(tx, board_id, others, {r.key for r in issues}, changes)
    if changes.lines:
        _write(tx, board_id, changes)
    taken = Taken(
        len(changes.created), len(changes.updated), changes.unchanged, len(others), _dangling(tx, board_id)
    )
    if changes.lines:
        tx.record("board.import", board_id, board_id, **asdict(taken))
    return taken


def _compare_beads(tx: Tx, board_id: str, records: Sequence[Record], changes: Changes) -> None:
    here = originals.known(tx, [r.key for r in records])
    for record in records:
        bead = here.get(record.key)
        if bead is None:
            changes.created.append(record)
            changes.linked += [(record.key, link) for link in record.links]
            changes.lines.append((record, None))
        elif bead.board != board_id:
            raise Refused(f"{record.key} is a bead of the board {bead.board}", "import the file there")
        elif _is_old(record, bead):
            changes.unchanged += 1
        else:
            _merge(record, bead, changes)


def _is_old(record: Record, bead: Known) -> bool:
    """Return True if the file says what it said last time, or what the board says itself."""
    if bead.line and jsonl.same(record.line, bead.line):
        return True
    return jsonl.same(record.line, originals.line_of(record.key, bead))


def _merge(record: Record, bead: Known, changes: Changes) -> None:
    line = bead.line or originals.line_of(record.key, bead)
    before, links = originals.told_by(line, bead.at)
    after, _ = originals.told_by(record.line, bead.at)
    changes.updated[record.key] = (bead, _merged(before, after, bead.issue))
    changes.lines.append((record, bead.at))
    gone, new = set(links) - set(record.links), set(record.links) - set(links)
    changes.unlinked += [(record.key, link) for link in sorted(gone | new, key=_end)]
    kept = {_end(link) for link in bead.links} - {_end(link) for link in gone}
    changes.linked += [(record.key, link) for link in sorted(new, key=_end) if _end(link) not in kept]


def _merged(before: Issue, after: Issue, here: Issue) -> Issue:
    moved = {name for name in COLUMNS if getattr(after, name) != getattr(before, name)}
    if moved & {"state", "aside"}:
        moved |= set(OUTCOME)
    merged = replace(here, **{name: getattr(after, name) for name in moved})
    latest = max(t for t in (merged.updated_at, here.updated_at) if t is not None)
    return replace(merged, updated_at=latest)


def _compare_others(
    tx: Tx, board_id: str, records: Sequence[Record], issues: set[str], changes: Changes
) -> None:
    sql = "SELECT kind, key, line, at FROM original WHERE board_id = :b AND kind <> :k"
    here = {(str(kind), str(key)): (str(line), float(at))
            for kind, key, line, at in tx.rows(sql, b=board_id, k=ISSUE)}  # fmt: skip
    for record in records:
        line, at = here.get((record.kind, record.key), ("", None))
        if not line or not jsonl.same(line, record.line):
            changes.lines.append((record, at))
    new = {r.key for r, _ in changes.lines if r.kind == TOMBSTONE} - issues
    for batch in _batches(sorted(new)):
        for ident, bead in originals.known(tx, batch).items():
            if bead.board == board_id and bead.issue.state not in FINISHED:
                _bury(tx, ident, bead, changes)


def _bury(tx: Tx, ident: str, bead: Known, changes: Changes) -> None:
    gone = replace(bead.issue, state=BeadState.CANCELLED.value, remark=DELETED, closed_at=tx.now)
    changes.updated[ident] = (bead, replace(gone, updated_at=tx.now))


def _write(tx: Tx, board_id: str, changes: Changes) -> None:
    _refuse_live(tx, changes.updated)
    _create(tx, board_id, changes.created)
    _update(tx, changes.updated)
    _keep_lines(tx, board_id, changes)
    ends = "source = :s AND target = :t AND kind = :k"
    tx.change_each(f"DELETE FROM edge WHERE {ends}", [_ends(s, link) for s, link in changes.unlinked])
    for batch in _batches(changes.linked):
        tx.add_each(Edge, [_edge(tx, source, link) for source, link in batch])
    if changes.linked:
        refuse_cycles(tx)
    recount_all(tx)
    for convoy in sorted(_convoys(tx, changes.updated)):
        land(tx, tx.get(Convoy, convoy))


def _create(tx: Tx, board_id: str, records: Iterable[Record]) -> None:
    issues = {r.key: jsonl.filled(r.issue, tx.now) for r in records if r.issue is not None}
    order = sorted(issues, key=lambda ident: (issues[ident].created_at, ident))
    last = tx.rows("SELECT max(rank) FROM bead WHERE board_id = :b", b=board_id)[0][0]
    usual = Bead(id="", board_id=board_id, title="", rank="", created_at=0.0, updated_at=0.0).columns()
    places = list(zip(order, rank.following(last, len(order)), strict=True))
    for batch in _batches(places):
        tx.add_each(Bead, [
            {**usual, **asdict(issues[ident]), "id": ident, "rank": key,
             "is_inert": _is_inert(issues[ident], is_staged=False)}
            for ident, key in batch
        ])  # fmt: skip
    tx.change_each(_GO_ON_COUNTING, [{"i": ident} for ident in order])


# A bead that was deleted and comes back: the numbers of its attempts are taken.
_GO_ON_COUNTING = """
UPDATE bead SET epoch = (SELECT max(t.epoch) FROM attempt t WHERE t.bead_id = bead.id)
WHERE id = :i AND EXISTS (SELECT 1 FROM attempt t WHERE t.bead_id = bead.id)
"""


def _update(tx: Tx, updated: Mapping[str, tuple[Known, Issue]]) -> None:
    staged = {
        str(row[0])
        for row in tx.rows(
            "SELECT b.id FROM bead b JOIN convoy c ON c.id = b.convoy_id WHERE c.state = 'staged'"
        )
    }
    settings = ", ".join(f"{name} = :{name}" for name in (*COLUMNS, "is_inert"))
    tx.change_each(f"UPDATE bead SET {settings}, version = version + 1 WHERE id = :id", [
        {**asdict(issue), "id": ident, "is_inert": _is_inert(issue, is_staged=ident in staged)}
        for ident, (_, issue) in updated.items()
    ])  # fmt: skip


def _keep_lines(tx: Tx, board_id: str, changes: Changes) -> None:
    one = "DELETE FROM original WHERE board_id = :b AND kind = :k AND key = :i"
    olds = [(r.kind, r.key) for r, at in changes.lines if at is not None]
    olds += [(TOMBSTONE, r.key) for r in changes.created]  # it lives again
    tx.change_each(one, [{"b": board_id, "k": kind, "i": key} for kind, key in olds])
    for batch in _batches(changes.lines):
        tx.add_each(Original, [
            {"board_id": board_id, "kind": r.kind, "key": r.key, "line": r.line,
             "at": tx.now if at is None else at}
            for r, at in batch
        ])  # fmt: skip


def _refuse_live(tx: Tx, updated: Mapping[str, tuple[Known, Issue]]) -> None:
    live = {str(row[0]) for row in tx.rows("SELECT bead_id FROM attempt WHERE state <> 'ended'")}
    moved = sorted(i for i, (bead, issue) in updated.items() if i in live and issue.state != bead.issue.state)
    if moved:
        raise Refused(
            f"the file moves {', '.join(moved[:3])}, which an agent works on",
            f"stop it first: halftui bead release {moved[0]}",
        )


def _convoys(tx: Tx, updated: Mapping[str, tuple[Known, Issue]]) -> set[str]:
    ended = {i for i, (_, issue) in updated.items() if issue.state in FINISHED}
    found = tx.rows("SELECT id, convoy_id FROM bead WHERE convoy_id IS NOT NULL") if ended else ()
    return {str(convoy) for ident, convoy in found if ident in ended}


def _dangling(tx: Tx, board_id: str) -> int:
    sql = (
        "SELECT count(*) FROM edge e JOIN bead b ON b.id = e.source WHERE b.board_id = :b"
        " AND NOT EXISTS (SELECT 1 FROM bead t WHERE t.id = e.target)"
    )
    return int(tx.rows(sql, b=board_id)[0][0])


def _is_inert(issue: Issue, *, is_staged: bool) -> int:
    return int(is_staged or bool(issue.hold or issue.aside) or issue.type in NEVER_READY_TYPES)


def _edge(tx: Tx, source: str, link: Link) -> dict[str, Any]:
    at = tx.now if link.created_at is None else link.created_at
    return {"source": source, **asdict(link), "created_at": at}


def _ends(source: str, link: Link) -> dict[str, str]:
    return {"s": source, "t": link.target, "k": link.kind}


def _end(link: Link) -> tuple[str, str]:
    return link.target, link.kind


def _batches(things: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (things[start : start + BATCH] for start in range(0, len(things), BATCH))
