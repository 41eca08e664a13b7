"""How the work flows: what each day brought, who did it, and how long it took; plain SQL."""

from __future__ import annotations

from typing import NamedTuple

from halftui.ops.spending import DAY, today
from halftui.store.store import Rows


class Day(NamedTuple):
    """What one day brought; `day` counts since 1970, UTC."""

    day: int
    created: int
    done: int
    cycle_hours: float  # the median from the first attempt, or the making, to the end; 0 if none ended
    tokens: int
    cost_usd: float
    minutes: float  # of agents


class Crew(NamedTuple):
    """An agent with all that it did; `status` is idle, working or asking."""

    id: str
    name: str
    runtime: str
    account: str
    status: str
    bead: str
    title: str
    attempt: str
    now: str
    since: float | None
    cost_usd: float  # of what it does now
    tokens: int
    tries: int  # in all, as what follows
    passed: int
    failed: int
    total_usd: float
    total_tokens: int
    profile: str = ""  # name and version
    public: str = ""  # of its key, "" until it has one


def days(rows: Rows, board_id: str, count: int) -> tuple[Day, ...]:
    """Return the last `count` days of a board, today the last."""
    last = today(rows.now)
    first = last - count + 1
    since = first * DAY
    made = _by_day(rows, "created_at", board_id, since)
    spans = _cycles(rows, board_id, since)
    used = rows.rows(
        "SELECT day, sum(tokens_in + tokens_out), sum(cost_usd), sum(seconds) / 60.0 FROM usage"
        " WHERE board_id = :b AND day >= :d GROUP BY day",
        b=board_id,
        d=first,
    )
    spent = {int(day): (int(tokens), float(usd), float(minutes)) for day, tokens, usd, minutes in used}
    return tuple(
        Day(day, made.get(day, 0), len(spans.get(day, ())), _median(spans.get(day, ())),
            *spent.get(day, (0, 0.0, 0.0)))
        for day in range(first, last + 1)
    )  # fmt: skip


def crew(rows: Rows, board_id: str) -> tuple[Crew, ...]:
    """Return the living agents of a board with all they did, those at work first."""
    found = rows.rows(
        "SELECT a.id, a.name, a.runtime, coalesce(s.name, ''), coalesce(t.state, ''),"
        " coalesce(t.bead_id, ''), coalesce(b.title, ''), coalesce(t.id, ''),"
        " coalesce(t.now, ''), t.started_at,"
        " coalesce(t.cost_usd, 0), coalesce(t.tokens_in + t.tokens_out, 0), o.tries, o.passed, o.failed,"
        " o.usd, o.tokens, CASE a.profile WHEN '' THEN '' ELSE a.profile || '@' || a.profile_version END,"
        " coalesce(k.public, '') FROM agent a"
        " LEFT JOIN signing_key k ON k.subject = 'agent:' || a.id AND k.retired_at IS NULL"
        " LEFT JOIN attempt t ON t.agent_id = a.id AND t.state <> 'ended'"
        " LEFT JOIN bead b ON b.id = t.bead_id"
        " LEFT JOIN subscription s ON s.id = coalesce(t.subscription_id, a.subscription_id)"
        " LEFT JOIN (SELECT agent_id, count(*) AS tries, sum(cost_usd) AS usd,"
        "  sum(tokens_in + tokens_out) AS tokens,"
        "  sum(CASE WHEN outcome = 'passed' THEN 1 ELSE 0 END) AS passed,"
        "  sum(CASE WHEN outcome IN ('failed', 'lost') THEN 1 ELSE 0 END) AS failed"
        "  FROM attempt WHERE board_id = :b GROUP BY agent_id) o ON o.agent_id = a.id"
        " WHERE a.board_id = :b AND a.retired_at IS NULL ORDER BY a.created_at, a.name",
        b=board_id,
    )
    status = {"": "idle", "asking": "asking"}
    listed = [
        Crew(*[*r[:4], status.get(r[4], "working"), *r[5:12], *[n or 0 for n in r[12:17]], *r[17:]])
        for r in found
    ]  # fmt: skip
    return tuple(sorted(listed, key=lambda a: ("asking", "working", "idle").index(a.status)))


def _by_day(rows: Rows, column: str, board_id: str, since: float) -> dict[int, int]:
    counts: dict[int, int] = {}
    for (at,) in rows.rows(
        f"SELECT {column} FROM bead WHERE board_id = :b AND {column} >= :s", b=board_id, s=since
    ):
        counts[today(at)] = counts.get(today(at), 0) + 1
    return counts


def _cycles(rows: Rows, board_id: str, since: float) -> dict[int, list[float]]:
    """Return by day the hours that each bead took which was done on it."""
    found = rows.rows(
        "SELECT b.closed_at, coalesce((SELECT min(t.started_at) FROM attempt t WHERE t.bead_id = b.id),"
        " b.created_at) FROM bead b WHERE b.board_id = :b AND b.state = 'done' AND b.closed_at >= :s",
        b=board_id,
        s=since,
    )
    spans: dict[int, list[float]] = {}
    for closed_at, started_at in found:
        spans.setdefault(today(closed_at), []).append(max(closed_at - started_at, 0.0) / 3_600)
    return spans


def _median(values: list[float] | tuple[()]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return 0.0
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
