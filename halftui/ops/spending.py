"""What was used, and which budgets that reaches; plain SQL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from halftui.domain.shown import BudgetRow, UsageRow
from halftui.errors import Misconfigured
from halftui.store.store import Rows

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


BY = {
    "attempt": "u.attempt_id",
    "bead": "u.bead_id",
    "convoy": "coalesce(b.convoy_id, '')",
    "agent": "coalesce(g.name, u.agent_id)",
    "subscription": "coalesce(s.name, u.subscription_id)",
    "day": "u.day",
}


@dataclass(frozen=True, slots=True)
class Used:
    """What was used."""

    tokens: float = 0
    usd: float = 0.0
    turns: float = 0
    minutes: float = 0.0


def used(rows: Rows, scope: str, subject: str) -> Used:
    """Return what was used of something so far; of a day, since its beginning (UTC)."""
    found = rows.rows(
        "SELECT coalesce(sum(u.tokens_in + u.tokens_out), 0), coalesce(sum(u.cost_usd), 0),"
        " coalesce(sum(u.turns), 0), coalesce(sum(u.seconds), 0) / 60.0"
        f" FROM usage u WHERE {_WHERE[scope]}",
        **({"s": subject} | ({"today": today(rows.now)} if scope == "day" else {})),
    )
    return Used(*map(float, found[0]))


def spent(rows: Rows, scope: str, subjects: Iterable[str], more: float = 0.0) -> dict[str, str]:
    """Return those of the subjects whose budget is reached, each with the sentence that says so.

    `more` tokens were used of each that are not booked yet.
    """
    found = rows.rows("SELECT subject, measure, most FROM budget WHERE scope = :s ORDER BY measure", s=scope)
    if not found:
        return {}
    over: dict[str, str] = {}
    for subject in subjects:
        limits = {m: float(most) for s, m, most in found if s == ""}
        limits |= {m: float(most) for s, m, most in found if s == subject}
        if not limits:
            continue
        so_far = used(rows, scope, subject)
        if sentence := _reached(replace(so_far, tokens=so_far.tokens + more), limits, scope):
            over[subject] = sentence
    return over


def today(now: float) -> int:
    """Return the number of a moment's day since 1970, UTC."""
    return int(now // DAY)


def budgets(rows: Rows) -> tuple[BudgetRow, ...]:
    """Return all budgets, with what was used of those that are of one thing."""
    found = rows.rows(
        "SELECT b.scope, b.subject, b.measure, b.most, coalesce(s.name, c.name, o.name, b.subject)"
        " FROM budget b"
        " LEFT JOIN subscription s ON b.scope = 'subscription' AND s.id = b.subject"
        " LEFT JOIN convoy c ON b.scope = 'convoy' AND c.id = b.subject"
        " LEFT JOIN board o ON b.scope = 'day' AND o.id = b.subject"
        " ORDER BY b.scope, 5, b.subject, b.measure"
    )
    return tuple(
        BudgetRow(
            scope, subject, measure, float(most),
            getattr(used(rows, scope, subject), measure) if subject or scope == "day" else None, name,
        )
        for scope, subject, measure, most, name in found
    )  # fmt: skip


def usage(rows: Rows, by: str, board_id: str, days: int) -> tuple[UsageRow, ...]:
    """Return what was used on a board in the last `days` days, today included, the dearest first.

    `by` is one of `BY`. Raises Misconfigured for another.
    """
    if by not in BY:
        raise Misconfigured(f"use can't be told by {by}", f"it is told by {', '.join(BY)}")
    found = rows.rows(
        f"SELECT {BY[by]}, sum(u.tokens_in), sum(u.tokens_out), sum(u.cost_usd), sum(u.turns),"
        " sum(u.seconds) / 60.0 FROM usage u LEFT JOIN bead b ON b.id = u.bead_id"
        " LEFT JOIN agent g ON g.id = u.agent_id LEFT JOIN subscription s ON s.id = u.subscription_id"
        f" WHERE u.board_id = :b AND u.day > :since GROUP BY {BY[by]} ORDER BY 4 DESC, 1",
        b=board_id,
        since=today(rows.now) - days,
    )
    return tuple(UsageRow(*[_day(r[0]) if by == "day" else str(r[0]), *r[1:]]) for r in found)


def _day(number: int) -> str:
    return datetime.fromtimestamp(number * DAY, UTC).strftime("%Y-%m-%d")


def _reached(so_far: Used, limits: dict[str, float], scope: str) -> str:
    for measure, most in limits.items():
        if getattr(so_far, measure) >= most:
            whose = "today's budget" if scope == "day" else f"the {scope}'s budget"
            return f"{whose} of {_amount(measure, most)} is spent"
    return ""


def _amount(measure: str, most: float) -> str:
    return f"{most:.2f} USD" if measure == "usd" else f"{most:,.0f} {measure}"
