"""Writes a board in the beads JSONL format: the lines that came from files, with what changed here since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from halftui.domain import jsonl, jsonl_lines
from halftui.domain.jsonl import ISSUE, SCHEMA, Issue, Link
from halftui.store.store import Rows

BATCH = 400  # ids in one statement, below every database's limit of parameters
COLUMNS = tuple(f.name for f in fields(Issue))


@dataclass(frozen=True, slots=True)
class Known:
    """A bead as it stands, and the line that it came from, "" if from none."""

    board: str
    issue: Issue
    links: tuple[Link, ...]
    line: str
    at: float  # when the line first came; stands for times that it does not tell


def give(rows: Rows, board_id: str, write: Callable[[str], object]) -> int:
    """Write a board's lines, without their ends: headers, beads by id, then the rest; return how many.

    The line of a bead that nobody changed here is the very line that it came from.
    """
    found = rows.rows("SELECT DISTINCT kind FROM original WHERE board_id = :b", b=board_id)
    kinds = {str(row[0]) for row in found} - {ISSUE, SCHEMA}
    count = _give_others(rows, board_id, SCHEMA, write)
    found = rows.rows("SELECT id FROM bead WHERE board_id = :b", b=board_id)
    idents = sorted(str(row[0]) for row in found)
    for start in range(0, len(idents), BATCH):
        beads = known(rows, idents[start : start + BATCH])
        for ident in sorted(beads):
            write(line_of(ident, beads[ident]))
    return count + len(idents) + sum(_give_others(rows, board_id, kind, write) for kind in sorted(kinds))


def known(rows: Rows, idents: Sequence[str]) -> dict[str, Known]:
    """Return those of the beads that there are, on whatever board; at most BATCH are asked for."""
    ids = {f"i{n}": ident for n, ident in enumerate(idents)}
    listed = ", ".join(f":{name}" for name in ids)
    links: dict[str, list[Link]] = {}
    for source, *link in rows.rows(
        "SELECT source, target, kind, on_failure, gate, created_by, created_at FROM edge"
        f" WHERE source IN ({listed}) ORDER BY target, kind",
        **ids,
    ):
        links.setdefault(source, []).append(Link(*link))
    found = rows.rows(
        f"SELECT b.id, b.board_id, coalesce(o.line, ''), coalesce(o.at, b.created_at), {_COLUMNS} FROM bead b"
        " LEFT JOIN original o ON o.board_id = b.board_id AND o.kind = 'issue' AND o.key = b.id"
        f" WHERE b.id IN ({listed})",
        **ids,
    )
    return {
        ident: Known(board, Issue(*issue), tuple(links.get(ident, ())), line, at)
        for ident, board, line, at, *issue in found
    }


def line_of(ident: str, bead: Known) -> str:
    """Return a bead's line as it is to be told now."""
    if not bead.line:
        return jsonl_lines.fresh(ident, bead.issue, bead.links)
    told, links = told_by(bead.line, bead.at)
    return jsonl_lines.renewed(bead.line, told, bead.issue, links, bead.links)


def told_by(line: str, at: float) -> tuple[Issue, tuple[Link, ...]]:
    """Return what a bead's line says of it and of its dependencies."""
    record = jsonl.parse(line.encode())
    assert record is not None
    assert record.issue is not None  # only such lines are kept as a bead's
    return jsonl.filled(record.issue, at), record.links


def _give_others(rows: Rows, board_id: str, kind: str, write: Callable[[str], object]) -> int:
    found = rows.rows("SELECT key, line FROM original WHERE board_id = :b AND kind = :k", b=board_id, k=kind)
    for _, line in sorted(found):
        write(str(line))
    return len(found)


_COLUMNS = ", ".join(f"b.{name}" for name in COLUMNS)
