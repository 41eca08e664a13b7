"""Which hosts the agents of a bead may reach: those of its board that the bead leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from halftui.domain import egress
from halftui.domain.egress import Hosts
from halftui.errors import Refused
from halftui.store.store import Rows

if TYPE_CHECKING:
    from halftui.store.rows.tables import Bead
    from halftui.store.tx import Tx


def of_bead(rows: Rows, bead: str) -> Hosts:
    """Return the hosts that a bead's agents may reach now; none for what is no bead."""
    sql = "SELECT o.egress, b.egress FROM bead b JOIN board o ON o.id = b.board_id WHERE b.id = :i"
    found = rows.rows(sql, i=bead)
    return egress.narrowed(*found[0]) if found else ()


def shown(rows: Rows, bead: str) -> str:
    """Return them as they are written, with commas."""
    return egress.written(of_bead(rows, bead))


def fit(tx: Tx, row: Bead) -> None:
    """Raise Refused if a bead names a host that its board does not allow."""
    if row.egress in ("", egress.NONE):
        return
    (found,) = tx.rows("SELECT egress FROM board WHERE id = :b", b=row.board_id)
    allowed = egress.parse(str(found[0]))
    if wide := [host for host in egress.parse(row.egress) if not egress.is_within(host, allowed)]:
        hint = "a maintainer allows it: halftui board edit egress=…"
        raise Refused(f"{row.board_id} does not allow {wide[0]}", hint)
