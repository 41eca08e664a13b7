"""What may be done to an attempt: one try of one agent at one bead, under a lease."""

import uuid
from dataclasses import dataclass

from halftui.domain.assign import (
    BACK_OFF_MINUTES,
    MOST,
    SETBACK_WORDS,
    Rules,
    Setback,
    back_off,
    setback,
)
from halftui.domain.happenings import Outcome
from halftui.domain.names import BEAD_BRANCHES, attempt_id, session_of
from halftui.domain.profile import NOBODY, Profile
from halftui.domain.states import ATTEMPT_MOVES, AttemptState, AttemptVerb, BeadState, after
from halftui.domain.text import clean, clean_line
from halftui.errors import Conflict, Unavailable
from halftui.ops import accounts, beads, budgets, collab, messages, profiles, slots, turns, verdicts
from halftui.ops.access import verb
from halftui.ops.agents import choose
from halftui.ops.budgets import NOTHING, Use
from halftui.ops.fields import LONGEST_TEXT
from halftui.store.rows.tables import Agent, Attempt, Bead, Subscription
from halftui.store.tx import Tx

COUNTERS = {
    Setback.START: "start_failures",
    Setback.LOST: "losses",
    Setback.TASK: "failures",
    Setback.HANDOFF: "handoffs",
}
NO_RULES = Rules()
OUTSIDE_SECONDS = 3_600.0  # of a limit whose end nobody told

# Without reading the row, since it runs several times a second for each live attempt.
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
    profile: Profile = NOBODY
    is_review: bool = False  # it looks at another's work, and the bead stays in review


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt left on the bead's branch."""

    base: str = ""
    tip: str = ""
    files: int = 0
    plus: int = 0
    minus: int = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """What an attempt left in the collaboration repository."""

    tip: str = ""  # "" if nothing is new
    fault: str = ""  # what is wrong with its result, in a sentence


@verb("attempt.claim")
def claim(
    tx: Tx,
    board_id: str,
    lease: float,
    cap: int,
    pool: tuple[str, ...],
    rules: Rules = NO_RULES,
    home: str = "",
) -> Claim | None:
    """Give the next dispatchable bead of a board to an agent; None if there is none or no free slot.

    One conditional UPDATE decides; `cap` is the limit over all boards, the board's own counts too.
    `lease` is in seconds. `home` names the engine's: work of which another home has the commits is not its.
    """
    if slots.refusal(tx, board_id, cap):
        return None
    mode, runtime = tx.rows("SELECT mode, runtime FROM board WHERE id = :b", b=board_id)[0]
    bead = turns.next_bead(tx, board_id, mode, runtime, rules, home)
    return _open(tx, bead, runtime, lease, pool) if bead else None


@verb("attempt.start")
def start(tx: Tx, attempt: str, epoch: int, sandbox: str, sandbox_name: str) -> None:
    """Record that the agent's program runs. Raises Conflict if this epoch is over."""
    row = _mine(tx, attempt, epoch)
    row.sandbox, row.sandbox_name = sandbox, sandbox_name
    _move(tx, row, AttemptVerb.START)
    tx.record("attempt.start", attempt, row.board_id, sandbox=sandbox)


@verb("attempt.greet")
def greet(tx: Tx, attempt: str, epoch: int, session: str) -> None:
    """Record the session that the program opened, so that a later attempt can go on with it.

    What its agent was told before has reached it by that.
    """
    row = _mine(tx, attempt, epoch)
    row.session = session_of(session)
    tx.add(row)
    messages.deliver_first(tx, row)


@verb("attempt.renew")
def renew(tx: Tx, attempt: str, epoch: int, lease: float, stirred_at: float | None = None) -> str:
    """Extend the lease by `lease` seconds from now; return why it should stop, or "".

    `stirred_at` is when the agent last used a tool, if that is known (UTC seconds).
    Raises Conflict if this epoch is over.
    """
    row = _mine(tx, attempt, epoch)
    row.lease_until = tx.now + lease
    row.stirred_at = stirred_at or row.stirred_at
    _tally(tx, row)
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
        profile=profiles.of_attempt(tx, row.board_id, row.profile).profile,
        is_review=row.kind == "review",
    )  # fmt: skip


@verb("attempt.meter")
def meter(
    tx: Tx, attempt: str, epoch: int, tokens_in: int, tokens_out: int, cost_usd: float, turns: int,
    heard: int = 0,
) -> None:  # fmt: skip
    """Write down what was used in all, as told by `heard` bytes of output.

    These are sums, so that a write may be tried again. Raises Conflict if this epoch is over.
    """
    sums = (tokens_in, tokens_out, cost_usd, turns)
    before = tx.rows("SELECT tokens_in, tokens_out, cost_usd, turns FROM attempt WHERE id = :a", a=attempt)
    values = dict(zip("iocn", sums, strict=True), h=heard)
    if not tx.change(_METER, a=attempt, e=epoch, **values):
        _mine(tx, attempt, epoch)  # says why
    then = before[0]
    used = Use(tokens_in - then[0], tokens_out - then[1], cost_usd - then[2], turns - then[3])
    if any(used):
        _tally(tx, tx.get(Attempt, attempt), used)


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
    shared: Shared | None = None,
    home: str = "",
) -> None:
    """End an attempt and move its bead on: passed → review, else back to open by the outcome.

    `retry_at` says when a limited one may go on (UTC seconds), `home` who has its commits now.
    Raises Conflict if this epoch is over.
    """
    row = _mine(tx, attempt, epoch)
    has_begun = row.state != AttemptState.STARTING
    _move(tx, row, AttemptVerb.END)
    budgets.tally(tx, row)
    profiles.undress(tx, attempt)
    reason = clean_line(reason, longest=80)
    row.outcome, row.reason, row.ended_at, row.now = outcome.value, reason, tx.now, ""
    bead = tx.get(Bead, row.bead_id)
    if work is not None:
        bead.base, bead.tip, bead.files = work.base or bead.base, work.tip, work.files
        bead.plus, bead.minus = work.plus, work.minus
    if home and (work is not None or (shared is not None and shared.tip)):
        bead.home = home
    if shared is not None and shared.tip:
        bead.collab, bead.collab_merged = shared.tip, ""
    tx.record("attempt.end", attempt, row.board_id, outcome=outcome.value, reason=reason)
    tx.run(
        "UPDATE question SET answered_at = :n, answered_by = 'engine', answer = 'the attempt ended'"
        " WHERE attempt_id = :a AND answered_at IS NULL",
        n=tx.now,
        a=attempt,
    )
    if row.kind == "review":
        verdicts.judge(tx, bead, row, outcome, summary)
        return
    if bead.state != BeadState.ACTIVE:  # a cancelled bead ignores the late result
        return
    if outcome is Outcome.PASSED and row.is_handoff:
        _hand_over(tx, bead, row, summary)
        return
    if outcome is Outcome.PASSED:
        beads.forget_setbacks(bead)
        bead.handover = ""
        bead.remark = ""
        beads.put_in_review(tx, bead, row.handed_in or clean(summary).strip() or "no summary was given")
        if shared is not None:
            collab.judge(tx, bead, shared.fault)
        return
    kind = setback(outcome, reason, has_begun=has_begun, by_patrol=tx.actor.kind == "patrol")
    if outcome is Outcome.FAILED:
        bead.summary = clean(summary)[:LONGEST_TEXT]
    _set_back(tx, bead, row, kind, retry_at)
    beads.reopen_for_work(tx, bead, f"{outcome.value}: {row.reason}")


def _hand_over(tx: Tx, bead: Bead, row: Attempt, summary: str) -> None:
    """Open a bead for a fresh context, which begins with what the old one left it."""
    row.outcome, row.reason, row.session = Outcome.STOPPED.value, "hand-off", ""
    bead.handover = clean(summary).strip()[:LONGEST_TEXT] or "nothing was said"
    beads.reopen_for_work(tx, bead, "handed over")


@verb("attempt.switch")
def switch(tx: Tx, attempt: str, epoch: int) -> str | None:
    """Let a running attempt go on with another account, the one it has being of no use; return it.

    None is the platform's own credential. Raises Unavailable if none may be used now, with `until` if
    that is known, and Conflict if this epoch is over.
    """
    row = _mine(tx, attempt, epoch)
    if accounts.usable(tx, row.runtime, row.subscription_id):
        return row.subscription_id
    _tally(tx, row)
    row.subscription_id = accounts.choose(tx, row.runtime, row.subscription_id)
    _assign(tx, row)
    tx.record("attempt.switch", attempt, row.board_id, subscription=_name_of(tx, row.subscription_id))
    return row.subscription_id


def _assign(tx: Tx, row: Attempt) -> None:
    tx.add(row)
    agent = tx.get(Agent, row.agent_id)
    if agent.subscription_id != row.subscription_id:
        agent.subscription_id = row.subscription_id
        tx.add(agent)


def _name_of(tx: Tx, subscription: str | None) -> str:
    return tx.get(Subscription, subscription).name if subscription else ""


def _tally(tx: Tx, row: Attempt, used: Use = NOTHING) -> None:
    """Book what was used, and ask for the attempt to be stopped if that reached its or its bead's budget."""
    over = budgets.tally(tx, row, used)
    if over and not row.stop_reason:
        row.stop_reason = over
        tx.add(row)
        tx.record("attempt.stop", row.id, row.board_id, reason=over)


def _set_back(tx: Tx, bead: Bead, row: Attempt, kind: Setback | None, retry_at: float | None) -> None:
    """Count a setback of the bead, and let it wait, or hold it when it needs a person."""
    bead.retry_at = retry_at
    if row.outcome == Outcome.STOPPED:
        bead.hold = row.stop_reason or "stopped"
    elif row.outcome == Outcome.LIMITED and row.subscription_id is None:
        bead.retry_at = retry_at or tx.now + OUTSIDE_SECONDS
    elif row.outcome == Outcome.LIMITED:
        bead.retry_at = _first_account(tx, row.runtime)
    elif kind is None and row.outcome == Outcome.FAILED:
        bead.retry_at = retry_at or tx.now + 60.0 * BACK_OFF_MINUTES[0]
    elif kind is not None:
        count = getattr(bead, COUNTERS[kind]) + 1
        setattr(bead, COUNTERS[kind], count)
        wait = back_off(kind, count)
        bead.retry_at = max(retry_at or 0.0, tx.now + wait) if wait else retry_at
        if count >= MOST:
            bead.hold = f"{SETBACK_WORDS[kind]} {count} times: {row.reason}"


def _first_account(tx: Tx, runtime: str) -> float | None:
    """Return when the first account rests no more (UTC seconds), None if one can be used or none will."""
    try:
        accounts.choose(tx, runtime)
    except Unavailable as error:
        return error.until.timestamp() if error.until else None
    return None


def _open(tx: Tx, bead_id: str, usual_runtime: str, lease: float, pool: tuple[str, ...]) -> Claim | None:
    taken = tx.change(
        "UPDATE bead SET state = 'active', epoch = epoch + 1, version = version + 1, updated_at = :n"
        " WHERE id = :i AND state = 'open' AND blockers = 0 AND is_inert = 0",
        n=tx.now,
        i=bead_id,
    )
    if not taken:
        return None
    bead = tx.get(Bead, bead_id)
    runtime = bead.runtime or usual_runtime
    worn = profiles.of_bead(tx, bead_id)
    agent = choose(tx, bead, runtime, pool, worn.name)
    old = _session(tx, bead, agent, runtime) if bead.epoch > 1 else ""
    subscription = accounts.choose(tx, runtime)
    attempt = Attempt(
        id=attempt_id(bead_id, bead.epoch),
        bead_id=bead_id,
        board_id=bead.board_id,
        epoch=bead.epoch,
        agent_id=agent.id,
        lease_until=tx.now + lease,
        runtime=runtime,
        subscription_id=subscription,
        started_at=tx.now,
    )
    tx.add(attempt)
    profiles.dress(tx, agent, attempt, worn)
    _assign(tx, attempt)
    bead.assignee, bead.branch = agent.name, f"{BEAD_BRANCHES}{bead_id}"
    tx.record("bead.claim", bead_id, bead.board_id, agent=agent.name, attempt=attempt.id)
    return Claim(
        attempt=attempt.id, epoch=bead.epoch, bead=bead_id, board=bead.board_id, agent=agent.name,
        agent_id=agent.id, runtime=runtime, session=old or str(uuid.uuid4()),
        is_resumed=bool(old), subscription=subscription, profile=worn.profile,
    )  # fmt: skip


def _session(tx: Tx, bead: Bead, agent: Agent, runtime: str) -> str:
    """Return the session to go on with, or "" if there is none: the last attempt may have got no answer."""
    found = tx.rows(
        "SELECT session FROM attempt WHERE bead_id = :b AND agent_id = :a AND runtime = :r AND kind = 'work'"
        " ORDER BY epoch DESC LIMIT 1",
        b=bead.id,
        a=agent.id,
        r=runtime,
    )
    return str(found[0][0]) if found else ""


def _mine(tx: Tx, attempt: str, epoch: int) -> Attempt:
    row = tx.get(Attempt, attempt)
    newest = tx.get(Bead, row.bead_id).epoch
    if row.state == AttemptState.ENDED or row.epoch != epoch or newest != epoch:
        raise Conflict(f"attempt {attempt} is over", "a newer one has the bead")
    return row


def _move(tx: Tx, row: Attempt, done: AttemptVerb) -> None:
    row.state = after(ATTEMPT_MOVES, AttemptState(row.state), done, f"attempt {row.id}").value
    tx.add(row)
