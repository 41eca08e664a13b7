"""Budgets: the most that may be used, what was used, and what is spent."""

from collections.abc import Iterable
from dataclasses import dataclass

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, NotFound
from halftui.ops.access import verb
from halftui.store.store import Rows
from halftui.store.tables import Attempt, Budget
from halftui.store.tx import Tx

SCOPES = ("attempt", "bead", "convoy", "subscription", "day")
MEASURES = ("tokens", "usd", "turns", "minutes")
DAY = 86_400.0

_WHERE = {
    "attempt": "u.attempt_id = :s",
    "bead": "u.bead_id = :s",
    "convoy": "u.bead_id IN (SELECT id FROM bead WHERE convoy_id = :s)",
    "subscription": "u.subscription_id = :s",
    "agent": "u.agent_id = :s",
    "day": "u.day = :today AND (:s = '' OR u.board_id = :s)",
}


@dataclass(frozen=True, slots=True)
class Used:
    """What was used."""

    tokens: float = 0
    usd: float = 0.0
    turns: float = 0
    minutes: float = 0.0


@verb("budget.set")
def set_budget(tx: Tx, scope: str, subject: str, measure: str, most: float | None) -> None:
    """Limit what may be used of something; None takes the limit away, "" as subject means each one.

    Of the scope day the subject is a board. Raises Misconfigured for a bad value.
    """
    if scope not in SCOPES or measure not in MEASURES:
        raise Misconfigured(
            f"there is no budget of {clean_line(measure, longest=20)} for {clean_line(scope, longest=20)}",
            f"of {', '.join(MEASURES)} for {', '.join(SCOPES)}",
        )
    if most is not None and not 0 <= most < 1e15:
        raise Misconfigured(f"a budget can't be {most}", "it is 0 or more")
    row = tx.session.get(Budget, (scope, subject, measure))
    before = {"most": row.most if row else None}
    if most is None:
        if row is None:
            raise NotFound(f"there is no such budget for {scope} {subject}".strip(), "halftui budget list")
        tx.session.delete(row)
    else:
        row = row or Budget(scope=scope, subject=subject, measure=measure, most=most)
        row.most = most
        tx.add(row)
    tx.record("budget.set", f"{scope}:{subject}", "", before, measure=measure, most=most)


def used(rows: Rows, scope: str, subject: str) -> Used:
    """Return what was used of something so far; of a day, since its beginning (UTC)."""
    found = rows.rows(
        "SELECT coalesce(sum(u.tokens_in + u.tokens_out), 0), coalesce(sum(u.cost_usd), 0),"
        " coalesce(sum(u.turns), 0), coalesce(sum(u.seconds), 0) / 60.0"
        f" FROM usage u WHERE {_WHERE[scope]}",
        **({"s": subject} | ({"today": today(rows.now)} if scope == "day" else {})),
    )
    return Used(*map(float, found[0]))


def spent(rows: Rows, scope: str, subjects: Iterable[str]) -> dict[str, str]:
    """Return those of the subjects whose budget is reached, each with the sentence that says so."""
    found = rows.rows("SELECT subject, measure, most FROM budget WHERE scope = :s ORDER BY measure", s=scope)
    if not found:
        return {}
    over: dict[str, str] = {}
    for subject in subjects:
        limits = {m: float(most) for s, m, most in found if s == ""}
        limits |= {m: float(most) for s, m, most in found if s == subject}
        if limits and (sentence := _reached(used(rows, scope, subject), limits, scope)):
            over[subject] = sentence
    return over


def today(now: float) -> int:
    """Return the number of a moment's day since 1970, UTC."""
    return int(now // DAY)


def tally(
    tx: Tx, row: Attempt, tokens_in: int = 0, tokens_out: int = 0, cost_usd: float = 0.0, turns: int = 0
) -> str:
    """Book what an attempt used since the last time; return the sentence of a budget that stops it, or ""."""
    seconds = max(0.0, tx.now - (row.tallied_at or row.started_at))
    row.tallied_at = tx.now
    tx.add(row)
    tx.run(
        "INSERT INTO usage (attempt_id, day, subscription_id, bead_id, board_id, agent_id,"
        " tokens_in, tokens_out, cost_usd, turns, seconds)"
        " VALUES (:a, :d, :s, :bead, :board, :g, :i, :o, :c, :t, :x)"
        " ON CONFLICT (attempt_id, day, subscription_id) DO UPDATE SET"
        " tokens_in = usage.tokens_in + :i, tokens_out = usage.tokens_out + :o,"
        " cost_usd = usage.cost_usd + :c, turns = usage.turns + :t, seconds = usage.seconds + :x",
        a=row.id, d=today(tx.now), s=row.subscription_id or "", bead=row.bead_id, board=row.board_id,
        g=row.agent_id, i=tokens_in, o=tokens_out, c=cost_usd, t=turns, x=seconds,
    )  # fmt: skip
    over = spent(tx, "attempt", [row.id]) or spent(tx, "bead", [row.bead_id])
    return next(iter(over.values()), "")


def _reached(so_far: Used, limits: dict[str, float], scope: str) -> str:
    for measure, most in limits.items():
        if getattr(so_far, measure) >= most:
            whose = "today's budget" if scope == "day" else f"the {scope}'s budget"
            return f"{whose} of {_amount(measure, most)} is spent"
    return ""


def _amount(measure: str, most: float) -> str:
    return f"{most:.2f} USD" if measure == "usd" else f"{most:,.0f} {measure}"
