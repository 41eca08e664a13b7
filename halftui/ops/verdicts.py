"""What a reviewing agent's end means for the work that it looked at."""

from halftui.domain import verdict
from halftui.domain.happenings import Outcome
from halftui.domain.shown import GOING_ON
from halftui.domain.states import BeadState
from halftui.domain.text import clean, clean_line
from halftui.ops import beads
from halftui.store.rows.tables import Agent, Attempt, Bead, Board
from halftui.store.store import Rows
from halftui.store.tx import Tx

APPROVED, PERSON = "approved", "person"
MOST_TRIES = 3  # reviews that come to no verdict; then a person looks
AGAIN_SECONDS = 60.0
WAITS = f"waits for a reviewer{GOING_ON}"


def judge(tx: Tx, bead: Bead, row: Attempt, outcome: Outcome, summary: str) -> None:
    """Draw the conclusion of a review that ended: approved, sent back with its findings, or again later."""
    if bead.state != BeadState.REVIEW:
        return
    reviewer = tx.get(Agent, row.agent_id).name
    words = row.handed_in or clean(summary)
    found = verdict.read(words) if outcome is Outcome.PASSED else None
    if found is not None:
        row.reason = "approves" if found.is_approved else "sends back"
    says, findings = row.reason or "unclear", found.findings if found else ""
    tx.record("bead.review", bead.id, bead.board_id, reviewer=reviewer, verdict=says, text=findings)
    if found is None:
        _again(tx, bead, f"{reviewer}: {says}", is_stopped=outcome is Outcome.STOPPED)
    elif found.is_approved:
        bead.verdict, bead.progress, bead.retry_at = APPROVED, f"{reviewer} approves", None
        bead.rounds = 0
        tx.touch(bead, None)
    else:
        bead.rounds += 1
        tx.touch(bead, None)
        beads.reject(tx, bead.id, f"{reviewer} reviewed it:\n\n{found.findings}")


def meet(tx: Tx, bead: Bead) -> None:
    """Say who looks at work that is handed in: an agent, or a person if agents sent it back often enough."""
    bead.verdict, bead.progress = "", ""
    board = tx.get(Board, bead.board_id)
    if board.review != "agent":
        return
    if bead.rounds >= board.rounds or not bead.tip:
        why = f"agents sent it back {bead.rounds} times: you decide" if bead.rounds else "you decide"
        bead.verdict, bead.progress = PERSON, why
    else:
        bead.progress = WAITS


def approved(rows: Rows, board_id: str) -> list[str]:
    """Return the beads that agents approved and that are neither merged nor queued."""
    found = rows.rows(
        "SELECT b.id FROM bead b WHERE b.board_id = :b AND b.state = 'review' AND b.verdict = 'approved'"
        " AND NOT EXISTS (SELECT 1 FROM merge m WHERE m.bead_id = b.id) ORDER BY b.updated_at, b.id",
        b=board_id,
    )
    return [str(row[0]) for row in found]


def _again(tx: Tx, bead: Bead, why: str, *, is_stopped: bool) -> None:
    tries = tx.rows(
        "SELECT count(*) FROM attempt WHERE bead_id = :b AND kind = 'review' AND epoch > (SELECT"
        " coalesce(max(epoch), 0) FROM attempt WHERE bead_id = :b AND kind = 'work')",
        b=bead.id,
    )[0][0]
    if is_stopped or tries >= MOST_TRIES:
        bead.verdict, bead.retry_at = PERSON, None
        bead.progress = clean_line(f"no agent came to a verdict ({why}): you decide")
    else:
        bead.progress, bead.retry_at = WAITS, tx.now + AGAIN_SECONDS
    tx.touch(bead, None)
