"""What is kept for a while only: the files of finished beads, and what checks printed."""

from halftui.ops.access import verb
from halftui.store.store import Rows
from halftui.store.tx import Tx

_OLD = "FROM trial WHERE ended_at < :t AND output <> ''"


@verb("house.clear")
def clear_trials(tx: Tx, before: float) -> None:
    """Forget what checks printed that ended before a time (UTC seconds); how they went stays."""
    count, size = printed(tx, before)
    if count:
        tx.change("UPDATE trial SET output = '' WHERE ended_at < :t AND output <> ''", t=before)
        tx.record("house.clear", "trials", "", trials=count, characters=size)


@verb("house.clear")
def clear_artefacts(tx: Tx, bead: str, board_id: str) -> None:
    """Forget the files that agents attached to a bead; their content is removed after that."""
    if count := tx.change("DELETE FROM artefact WHERE bead_id = :b", b=bead):
        tx.record("house.clear", bead, board_id, artefacts=count)


def printed(rows: Rows | Tx, before: float) -> tuple[int, int]:
    """Return how many checks ended before a time with output that is kept, and its characters."""
    count, size = rows.rows(f"SELECT count(*), coalesce(sum(length(output)), 0) {_OLD}", t=before)[0]
    return int(count), int(size)
