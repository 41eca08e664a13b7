"""What may be done to budgets, the most that may be used; and the booking of what is used."""

from typing import NamedTuple

from halftui.domain.text import clean_line
from halftui.errors import Misconfigured, NotFound
from halftui.ops.access import verb
from halftui.ops.spending import MEASURES, SCOPES, spent, today
from halftui.store.rows.tables import Attempt, Budget
from halftui.store.tx import Tx


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
    row = tx.find(Budget, scope, subject, measure)
    before = {"most": row.most if row else None}
    if most is None:
        if row is None:
            raise NotFound(f"there is no such budget for {scope} {subject}".strip(), "halftui budget list")
        tx.delete(row)
    else:
        row = row or Budget(scope=scope, subject=subject, measure=measure, most=most)
        row.most = most
        tx.add(row)
    tx.record("budget.set", f"{scope}:{subject}", "", before, measure=measure, most=most)


class Use(NamedTuple):
    """What an attempt used of the provider."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    turns: int = 0


NOTHING = Use()


def tally(tx: Tx, row: Attempt, used: Use = NOTHING) -> str:
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
        g=row.agent_id, i=used.tokens_in, o=used.tokens_out, c=used.cost_usd, t=used.turns, x=seconds,
    )  # fmt: skip
    over = spent(tx, "attempt", [row.id]) or spent(tx, "bead", [row.bead_id])
    return next(iter(over.values()), "")
