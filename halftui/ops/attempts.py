"""What may be done to an attempt: one try of one agent at one bead, under a lease."""

import uuid
from dataclasses import dataclass

from halftui.domain.happenings import Outcome
from halftui.domain.names import attempt_id
from halftui.domain.states import ATTEMPT_MOVES, AttemptState, AttemptVerb, BeadState, after
from halftui.domain.text import clean, clean_line
from halftui.errors import Conflict
from halftui.ops import beads, subscriptions
from halftui.ops.access import verb
from halftui.ops.agents import choose
from halftui.ops.fields import LONGEST_TEXT
from halftui.ops.views import DISPATCHABLE
from halftui.store.tables import Agent, Attempt, Bead, Board
from halftui.store.tx import Tx

BACK_OFF_MINUTES = (2, 2, 5, 10, 30)

# Without the ORM, since it runs several times a second for each live attempt.
_METER = (
    "UPDATE attempt SET tokens_in = :i, tokens_out = :o, cost_usd = :c, turns = :n, heard = :h"
    " WHERE id = :a AND epoch = :e AND state <> 'ended'"
    " AND epoch = (SELECT epoch FROM bead WHERE bead.id = attempt.bead_id)"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A bead in the hands of an agent."""

    attempt: str
    epoch: int
    bead: str
    board: str
    agent: str  # its name
    agent_id: str
    runtime: str
    session: str  # to open, or to go on with
    is_resumed: bool
    subscription: str | None  # None: the platform's own credential
    heard: int | None = None  # of an adopted one: bytes of its program's output that were told


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt left on the bead's branch."""

    base: str = ""
    tip: str = ""
    files: int = 0
    plus: int = 0
    minus: int = 0


@verb("attempt.claim")
def claim(tx: Tx, board_id: str, lease: float, cap: int, pool: tuple[str, ...]) -> Claim | None:
    """Give the next dispatchable bead of a board to an agent; None if there is none or no free slot.

    One conditional UPDATE decides; `cap` is the limit over all boards, the board's own counts too.
    `lease` is in seconds.
    """
    board = tx.get(Board, board_id)
    counted = tx.rows("SELECT board_id, count(*) FROM attempt WHERE state <> 'ended' GROUP BY board_id")
    live = {str(on): int(count) for on, count in counted}
    if board.is_paused or sum(live.values()) >= cap or live.get(board_id, 0) >= board.cap:
        return None
    found = tx.rows(
        f"SELECT b.id FROM bead b WHERE {DISPATCHABLE} ORDER BY b.priority, b.rank, b.created_at LIMIT 1",
        board=board_id,
        now=tx.now,
        board_mode=board.mode,
    )
    return _open(tx, board, str(found[0][0]), lease, pool) if found else None


@verb("attempt.start")
def start(tx: Tx, attempt: str, epoch: int, sandbox: str, sandbox_name: str) -> None:
    """Record that the agent's program runs. Raises Conflict if this epoch is over."""
    row = _mine(tx, attempt, epoch)
    row.sandbox, row.sandbox_name = sandbox, sandbox_name
    _move(tx, row, AttemptVerb.START)
    tx.record("attempt.start", attempt, row.board_id, sandbox=sandbox)


@verb("attempt.greet")
def greet(tx: Tx, attempt: str, epoch: int, session: str) -> None:
    """Record the session that the program opened, so that a later attempt can go on with it."""
    row = _mine(tx, attempt, epoch)
    row.session = session
    tx.add(row)


@verb("attempt.renew")
def renew(tx: Tx, attempt: str, epoch: int, lease: float) -> str:
    """Extend the lease by `lease` seconds from now; return why it should stop, or "".

    Raises Conflict if this epoch is over.
    """
    row = _mine(tx, attempt, epoch)
    row.lease_until = tx.now + lease
    tx.add(row)
    return row.stop_reason


@verb("attempt.adopt")
def adopt(tx: Tx, attempt: str, lease: float, sandbox: str, name: str, session: str) -> Claim:
    """Take over a live attempt whose program outlived its board, and return it in a new epoch.

    Whoever had it before is fenced off by that. `session` is what the program was started with,
    if it never told another. Raises Conflict if the attempt is over.
    """
    row = tx.get(Attempt, attempt)
    _mine(tx, attempt, row.epoch)
    bead = tx.get(Bead, row.bead_id)
    row.epoch = bead.epoch = bead.epoch + 1
    row.lease_until, row.sandbox, row.sandbox_name = tx.now + lease, sandbox, name
    if row.state == AttemptState.STARTING:
        _move(tx, row, AttemptVerb.START)
    tx.add(row)
    tx.add(bead)
    agent = tx.get(Agent, row.agent_id)
    tx.record("attempt.adopt", attempt, row.board_id, sandbox=sandbox)
    return Claim(
        attempt=attempt, epoch=row.epoch, bead=bead.id, board=row.board_id, agent=agent.name,
        agent_id=agent.id, runtime=row.runtime, session=row.session or session, is_resumed=False,
        subscription=row.subscription_id, heard=row.heard,
    )  # fmt: skip


@verb("attempt.meter")
def meter(
    tx: Tx, attempt: str, epoch: int, tokens_in: int, tokens_out: int, cost_usd: float, turns: int,
    heard: int = 0,
) -> None:  # fmt: skip
    """Write down what was used in all, as told by `heard` bytes of output.

    These are sums, so that a write may be tried again. Raises Conflict if this epoch is over.
    """
    values = {"i": tokens_in, "o": tokens_out, "c": cost_usd, "n": turns, "h": heard}
    if not tx.change(_METER, a=attempt, e=epoch, **values):
        _mine(tx, attempt, epoch)  # says why


@verb("attempt.stop")
def stop(tx: Tx, attempt: str, reason: str) -> None:
    """Ask for an attempt to be stopped; its bead is then held with the reason."""
    row = tx.get(Attempt, attempt)
    if row.state == AttemptState.ENDED:
        return
    row.stop_reason = clean_line(reason) or f"stopped by {tx.actor}"
    tx.add(row)
    tx.record("attempt.stop", attempt, row.board_id, reason=row.stop_reason)


@verb("attempt.end")
def end(
    tx: Tx,
    attempt: str,
    epoch: int,
    outcome: Outcome,
    reason: str,
    summary: str,
    work: Work | None = None,
    retry_at: float | None = None,
) -> None:
    """End an attempt and move its bead on: passed → review, else back to open by the outcome.

    `retry_at` says when a limited one may go on (UTC seconds). Raises Conflict if this epoch is over.
    """
    row = _mine(tx, attempt, epoch)
    _move(tx, row, AttemptVerb.END)
    reason = clean_line(reason, longest=80)
    row.outcome, row.reason, row.ended_at, row.now = outcome.value, reason, tx.now, ""
    bead = tx.get(Bead, row.bead_id)
    if work is not None:
        bead.base, bead.tip, bead.files = work.base or bead.base, work.tip, work.files
        bead.plus, bead.minus = work.plus, work.minus
    tx.record("attempt.end", attempt, row.board_id, outcome=outcome.value, reason=reason)
    tx.change(
        "UPDATE question SET answered_at = :n, answered_by = 'engine', answer = 'the attempt ended'"
        " WHERE attempt_id = :a AND answered_at IS NULL",
        n=tx.now,
        a=attempt,
    )
    if bead.state == BeadState.ACTIVE:  # a cancelled bead ignores the late result
        _move_bead_on(tx, bead, row, outcome, clean(summary), retry_at)


def _move_bead_on(
    tx: Tx, bead: Bead, row: Attempt, outcome: Outcome, summary: str, retry_at: float | None
) -> None:
    if outcome is Outcome.PASSED:
        bead.failures, bead.remark, bead.retry_at = 0, "", None
        beads.put_in_review(tx, bead, summary.strip() or "no summary was given")
        return
    if outcome is Outcome.STOPPED:
        bead.hold = row.stop_reason or "stopped"
    elif outcome is Outcome.LIMITED:
        bead.retry_at = retry_at or tx.now + 3600
    elif outcome is Outcome.LOST:
        bead.retry_at = retry_at
    elif outcome is Outcome.FAILED:
        _count_failure(tx, bead, row.reason, summary)
    beads.reopen_for_work(tx, bead, f"{outcome.value}: {row.reason}")


def _count_failure(tx: Tx, bead: Bead, reason: str, summary: str) -> None:
    bead.failures += 1
    bead.summary = summary[:LONGEST_TEXT]
    bead.retry_at = tx.now + 60 * BACK_OFF_MINUTES[min(bead.failures, len(BACK_OFF_MINUTES)) - 1]
    if bead.failures >= len(BACK_OFF_MINUTES):
        bead.hold = f"failed {bead.failures} times: {reason}"


def _open(tx: Tx, board: Board, bead_id: str, lease: float, pool: tuple[str, ...]) -> Claim | None:
    taken = tx.change(
        "UPDATE bead SET state = 'active', epoch = epoch + 1, version = version + 1, updated_at = :n"
        " WHERE id = :i AND state = 'open' AND blockers = 0 AND is_inert = 0",
        n=tx.now,
        i=bead_id,
    )
    if not taken:
        return None
    bead = tx.get(Bead, bead_id)
    runtime = bead.runtime or board.runtime
    agent = choose(tx, bead, runtime, pool)
    last = tx.rows(
        "SELECT session FROM attempt WHERE bead_id = :b AND agent_id = :a AND runtime = :r"
        " ORDER BY epoch DESC LIMIT 1",
        b=bead_id,
        a=agent.id,
        r=runtime,
    )
    old = str(last[0][0]) if last else ""  # empty as well if the last one never got an answer
    subscription = subscriptions.choose(tx)
    attempt = Attempt(
        id=attempt_id(bead_id, bead.epoch),
        bead_id=bead_id,
        board_id=board.id,
        epoch=bead.epoch,
        agent_id=agent.id,
        lease_until=tx.now + lease,
        runtime=runtime,
        subscription_id=subscription,
        started_at=tx.now,
    )
    tx.add(attempt)
    bead.assignee, bead.branch = agent.name, f"halftui/{bead_id}"
    tx.record("bead.claim", bead_id, board.id, agent=agent.name, attempt=attempt.id)
    return Claim(
        attempt=attempt.id, epoch=bead.epoch, bead=bead_id, board=board.id, agent=agent.name,
        agent_id=agent.id, runtime=runtime, session=old or str(uuid.uuid4()),
        is_resumed=bool(old), subscription=subscription,
    )  # fmt: skip


def _mine(tx: Tx, attempt: str, epoch: int) -> Attempt:
    row = tx.get(Attempt, attempt)
    newest = tx.get(Bead, row.bead_id).epoch
    if row.state == AttemptState.ENDED or row.epoch != epoch or newest != epoch:
        raise Conflict(f"attempt {attempt} is over", "a newer one has the bead")
    return row


def _move(tx: Tx, row: Attempt, done: AttemptVerb) -> None:
    row.state = after(ATTEMPT_MOVES, AttemptState(row.state), done, f"attempt {row.id}").value
    tx.add(row)
