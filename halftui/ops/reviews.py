"""Which work an agent is to review next, and giving it to one that did not make it."""

import uuid

from halftui.domain.names import attempt_id
from halftui.domain.shown import GOING_ON
from halftui.ops import accounts, profiles, slots
from halftui.ops.access import verb
from halftui.ops.agents import choose_reviewer
from halftui.ops.attempts import Claim
from halftui.ops.profiles import Worn
from halftui.ops.turns import HERE
from halftui.store.rows.tables import Attempt, Bead, Board
from halftui.store.store import Rows
from halftui.store.tx import Tx

PROFILE = "reviewer"  # that reviewers have, if the board has it

# Checks go first: nobody reads what does not pass them. SQLite keeps the order of a cross join: boards first.
_DUE = """
FROM board o CROSS JOIN bead b
WHERE o.review = 'agent' AND o.is_paused = 0 AND b.board_id = o.id AND b.state = 'review'
  AND b.verdict = '' AND b.tip <> ''
  AND b.rounds < o.rounds AND (b.retry_at IS NULL OR b.retry_at <= :now)
  AND (o.checks = '' OR b.tried = b.tip)
  AND NOT EXISTS (SELECT 1 FROM attempt t WHERE t.bead_id = b.id AND t.state <> 'ended')
"""


@verb("review.claim")
def claim(
    tx: Tx, board_id: str, lease: float, cap: int, pool: tuple[str, ...], home: str = ""
) -> Claim | None:
    """Give work that was handed in to an agent that did not make it; None if nothing is due, or no slot free.

    The bead stays in review. `lease` is in seconds, `cap` the limit over all boards; of what another home
    than `home` has the commits, that one sees to the review.
    """
    if slots.refusal(tx, board_id, cap):
        return None
    found = tx.rows(
        f"SELECT b.id {_DUE} AND b.board_id = :b AND (:home = '' OR {HERE})"
        " ORDER BY b.priority, b.updated_at, b.id LIMIT 1",
        b=board_id,
        now=tx.now,
        home=home,
    )
    return _open(tx, tx.get(Bead, str(found[0][0])), lease, pool) if found else None


def due(rows: Rows) -> frozenset[str]:
    """Return the boards where work waits for a reviewer."""
    return frozenset(str(r[0]) for r in rows.rows(f"SELECT DISTINCT b.board_id {_DUE}", now=rows.now))


def _open(tx: Tx, bead: Bead, lease: float, pool: tuple[str, ...]) -> Claim:
    board = tx.get(Board, bead.board_id)
    names = {found.name for found in profiles.listed(tx, board.id)}
    worn = profiles.version(tx, board.id, PROFILE) if PROFILE in names else Worn()
    runtime = worn.profile.runtime or board.runtime
    agent = choose_reviewer(tx, bead, runtime, pool, worn.name)
    bead.epoch += 1
    bead.progress = f"{agent.name} reviews it{GOING_ON}"
    attempt = Attempt(
        id=attempt_id(bead.id, bead.epoch), bead_id=bead.id, board_id=board.id, epoch=bead.epoch,
        agent_id=agent.id, lease_until=tx.now + lease, runtime=runtime, kind="review",
        subscription_id=accounts.choose(tx, runtime), started_at=tx.now,
    )  # fmt: skip
    tx.add(attempt)
    profiles.dress(tx, agent, attempt, worn)
    tx.touch(bead, None)
    tx.record("review.claim", bead.id, board.id, agent=agent.name, attempt=attempt.id)
    return Claim(
        attempt=attempt.id, epoch=bead.epoch, bead=bead.id, board=board.id, agent=agent.name,
        agent_id=agent.id, runtime=runtime, session=str(uuid.uuid4()), is_resumed=False,
        subscription=attempt.subscription_id, profile=worn.profile, is_review=True,
    )  # fmt: skip
