"""What may be done with a collaboration repository: name it, judge a result, note what was merged there."""

from halftui.domain.text import clean_line
from halftui.errors import Refused
from halftui.ops import beads
from halftui.ops.access import verb
from halftui.ops.trials import MOST_REDS
from halftui.store.rows.judged import Outbox
from halftui.store.rows.tables import Bead, Board
from halftui.store.tx import Tx


@verb("board.pair")
def pair(tx: Tx, board_id: str, place: str, branch: str, version: int | None = None) -> None:
    """Give a board the collaboration repository at `place`, whose `branch` results are merged into.

    "" takes it away. Raises Refused while agents are at work, or work for the present one is not merged:
    both hold clones of what is there now.
    """
    board = tx.get(Board, board_id)
    if place and place == board.repository:
        raise Refused(f"{clean_line(place)} is the board's own repository", "name another one")
    live = "SELECT bead_id FROM attempt WHERE board_id = :b AND state <> 'ended' LIMIT 1"
    if found := tx.rows(live, b=board_id):
        raise Refused(f"an agent works on {found[0][0]}", "halftui board drain waits for all of them")
    kept = (
        "SELECT id FROM bead WHERE board_id = :b AND collab <> '' AND collab_merged = ''"
        " AND state NOT IN ('failed', 'cancelled') LIMIT 1"
    )
    if board.collab and place != board.collab and (found := tx.rows(kept, b=board_id)):
        raise Refused(f"{found[0][0]} has work for {clean_line(board.collab)}", "accept it, or cancel it")
    if place != board.collab:  # what nobody accepted stays where it was collected
        tx.run("UPDATE bead SET collab = '' WHERE board_id = :b AND collab_merged = ''", b=board_id)
    before = {"collab": board.collab, "collab_branch": board.collab_branch}
    board.collab, board.collab_branch = place, branch if place else ""
    tx.touch(board, version)
    tx.record("board.pair", board_id, board_id, before, collab=place, collab_branch=board.collab_branch)


def judge(tx: Tx, bead: Bead, fault: str) -> None:
    """Send work that was handed in back if its result is wrong; after MOST_REDS times in a row it is held."""
    if not fault:
        if not tx.get(Board, bead.board_id).checks:  # else those go on counting
            bead.reds = 0
            tx.add(bead)
        return
    bead.reds += 1
    tx.touch(bead, None)
    tx.flush()
    beads.reject(tx, bead.id, fault)
    if bead.reds >= MOST_REDS:
        beads.hold(tx, bead.id, f"its result was wrong {bead.reds} times: {fault}")


@verb("collab.land")
def landed(tx: Tx, seq: int, merged: str) -> None:
    """Note that a bead's plans and results are on their target as the commit `merged`; once is enough."""
    row = tx.get(Outbox, seq)
    if row.state != "waiting":
        return
    row.state, row.answer = "done", merged
    tx.add(row)
    bead = tx.find(Bead, row.bead_id)
    if bead is not None and bead.collab == row.tip:
        bead.collab_merged, bead.progress = merged, ""
        tx.touch(bead, None)
    tx.record("collab.land", row.bead_id, row.board_id, merged=merged)
