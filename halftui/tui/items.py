"""What the rail lists: agents, convoys, and what waits for a person, each as an item of two rows."""

from typing import NamedTuple

from halftui.domain.shown import AgentRow, Ask, Card, ConvoyRow, Snapshot
from halftui.tui.cards import Fact
from halftui.tui.draw import age, amount, money


class Item(NamedTuple):
    """Two rows about one thing; `key` names it, `kind` says what it is."""

    kind: str  # agent, convoy, ask, review, stuck
    key: str
    bead: str
    sign: str
    sign_ink: str
    name: str
    name_ink: str
    facts: tuple[Fact, ...]
    below: tuple[Fact, ...] = ()
    progress: float = -1.0  # of a convoy, 0 to 1


def agents(snapshot: Snapshot, now: float) -> list[Item]:
    """Return the agents, with what each does."""
    return [_agent(a, now, {q.attempt: q.text for q in snapshot.asks}) for a in snapshot.agents]


def _agent(row: AgentRow, now: float, asked: dict[str, str]) -> Item:
    sign, ink = {"asking": ("?", "asking"), "working": ("▶", "working")}.get(row.status, ("·", "muted"))
    doing = Fact(asked.get(row.attempt, row.now).partition("\n")[0] or row.status, "text", 1, least=6)
    facts = (Fact(row.bead, "muted", 2), doing) if row.bead else (Fact("idle", "muted"),)
    below: tuple[Fact, ...] = ()
    if row.since is not None:
        since = age(now - row.since)
        tokens = Fact(f"{amount(row.tokens)} tokens", rank=3) if row.tokens else None
        spent = Fact(money(row.cost_usd), "money", 2) if row.cost_usd else None
        below = tuple(f for f in (Fact(since, rank=1), tokens, spent, Fact(row.runtime, rank=6)) if f)
    return Item("agent", row.id, row.bead, sign, ink, row.name, "agent", facts, below)


def convoys(snapshot: Snapshot) -> list[Item]:
    """Return the convoys under way, and how far they are."""
    return [_convoy(c) for c in snapshot.convoys if c.state in ("moving", "staged")]


def _convoy(row: ConvoyRow) -> Item:
    counts, facts = dict(row.counts), (Fact(f"{row.finished}/{row.total}", "text", 1),)
    if row.state == "staged":
        below: tuple[Fact, ...] = (Fact("staged", rank=1), Fact("S starts it", "ready", 0))
        return Item("convoy", row.id, "", "○", "ready", row.name, "text", facts, below)
    told = (("active", "working", "▶"), ("review", "review", "✓"), ("blocked", "blocked", "◌"))
    moving = tuple(Fact(f"{s}{counts[n]}", i, k) for k, (n, i, s) in enumerate(told) if counts.get(n))
    failed = (Fact(f"✗{row.failed}", "failed", 0),) if row.failed else ()
    done = row.finished / row.total if row.total else 0.0
    below = (*moving, *failed) or (Fact(""),)
    return Item("convoy", row.id, "", "▶", "working", row.name, "text", facts, below, done)


def by_age(snapshot: Snapshot) -> list[Card]:
    """Return what waits for a review, the oldest first; what the board is at now comes last."""
    cards = snapshot.lane("review").cards
    return sorted(cards, key=lambda card: (card.is_under_way, card.updated_at, card.id))


def inbox(snapshot: Snapshot, now: float) -> list[Item]:
    """Return what waits for a person: questions, what is stuck, work to review, the oldest first."""
    reviews = [card for card in by_age(snapshot) if not card.is_under_way]
    return [_ask(q, now) for q in snapshot.asks] + _stuck(snapshot, now) + [
        Item("review", f"review {c.id}", c.id, "✓", "review", c.title, "text",
             (), (Fact(c.id, rank=2), Fact(f"to review, +{c.plus} -{c.minus}", "review", 1),
                  Fact(age(now - c.updated_at), rank=3)))
        for c in reviews
    ]  # fmt: skip


def _stuck(snapshot: Snapshot, now: float) -> list[Item]:
    """Return finished beads of which something can't be done outside."""
    found = [c for c in snapshot.lane("done").cards if c.progress and not c.is_under_way]
    return [
        Item("stuck", f"stuck {c.id}", c.id, "!", "asking", c.title, "text",
             (), (Fact(c.id, rank=2), Fact(c.progress, "text", 1, least=12),
                  Fact(age(now - c.updated_at), rank=3)))
        for c in found
    ]  # fmt: skip


def _ask(ask: Ask, now: float) -> Item:
    verb = {"question": "asks", "alarm": "stands still"}.get(ask.kind, f"may it use {ask.tool}?")
    words = ask.text.partition("\n")[0] or ask.detail.partition("\n")[0]
    return Item(
        "ask", ask.id, ask.bead, "?", "asking", words, "text", (),
        (Fact(ask.bead, rank=3), Fact(f"{ask.agent} {verb}", "agent", 2),
         Fact(age(now - ask.asked_at), "asking", 1)),
    )  # fmt: skip
