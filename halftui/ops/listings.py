"""What the command line asks beyond a board's screens: plain SQL into frozen views."""

from __future__ import annotations

import contextlib
import json

from halftui.domain import graph
from halftui.domain.shown import (
    ConvoyDetail,
    Happened,
    MessageRow,
    PermitRow,
    Place,
    SubscriptionRow,
    Twig,
)
from halftui.domain.states import FINISHED, BeadState
from halftui.domain.text import clean_line
from halftui.errors import NotFound, Refused
from halftui.ops import views
from halftui.store.store import Rows

EVENTS_REACH = 50_000  # how many events back a person's own are looked for


def place_beside(rows: Rows, bead_id: str, beside: str, *, is_behind: bool) -> Place:
    """Return the neighbours and the priority of a bead that is to stand right beside another."""
    found = rows.rows("SELECT board_id, priority, rank FROM bead WHERE id = :i", i=beside)
    if not found:
        raise NotFound(f"there is no bead {beside}", "halftui bead list shows them")
    board_id, priority, key = found[0]
    sign, order = (">", "") if is_behind else ("<", " DESC")
    next_one = rows.rows(
        f"SELECT id FROM bead WHERE board_id = :b AND rank {sign} :r AND id <> :i"
        f" ORDER BY rank{order}, id LIMIT 1",
        b=board_id,
        r=key,
        i=bead_id,
    )
    other = str(next_one[0][0]) if next_one else None
    return Place(beside, other, int(priority)) if is_behind else Place(other, beside, int(priority))


def convoy(rows: Rows, text: str, board_id: str) -> ConvoyDetail:
    """Return a convoy with its beads in waves; `text` is its id or its name. Raises NotFound, Refused."""
    ident = resolve_convoy(rows, text, board_id)
    cards = {card.id: card for card in views.convoy_cards(rows, ident)}
    found = rows.rows(
        "SELECT e.source, e.target, e.kind FROM edge e JOIN bead b ON b.id = e.source WHERE b.convoy_id = :c"
        " ORDER BY e.source, e.target",
        c=ident,
    )
    edges = [graph.Edge(*row) for row in found]
    waves = graph.waves(cards, edges)
    left = [card for card in cards if BeadState(cards[card].state) not in FINISHED]
    critical = graph.longest(graph.waves(left, edges), edges)
    started_at, ended_at, cost = rows.rows(
        "SELECT started_at, ended_at, (SELECT coalesce(sum(t.cost_usd), 0) FROM attempt t JOIN bead b"
        " ON b.id = t.bead_id WHERE b.convoy_id = c.id) FROM convoy c WHERE id = :c",
        c=ident,
    )[0]
    return ConvoyDetail(
        next(c for c in views.convoys(rows, board_id) if c.id == ident),
        tuple(tuple(cards[i] for i in wave) for wave in waves),
        tuple(Twig(cards[t.bead], t.depth, t.more) for t in graph.outline(waves, edges)),
        tuple(critical),
        _frees(rows, critical[0]) if critical else 0,
        started_at,
        ended_at,
        float(cost),
    )


def _frees(rows: Rows, bead_id: str) -> int:
    """Return how many beads wait for this one alone."""
    found = rows.rows(
        "SELECT count(*) FROM edge e JOIN bead b ON b.id = e.source WHERE e.target = :i AND e.kind = 'blocks'"
        " AND b.state = 'open' AND b.blockers = 1",
        i=bead_id,
    )
    return int(found[0][0])


def resolve_convoy(rows: Rows, text: str, board_id: str) -> str:
    """Return the id of the convoy of that id or name. Raises NotFound, Refused if two have the name."""
    found = rows.rows(
        "SELECT id FROM convoy WHERE board_id = :b AND (id = :t OR name = :t) ORDER BY id <> :t",
        b=board_id,
        t=text,
    )
    ids = [str(row[0]) for row in found]
    if not ids:
        raise NotFound(f"there is no convoy {text}", "halftui convoy list shows them")
    if len(ids) > 1 and ids[0] != text:
        raise Refused(f"{text} could be {', '.join(ids[:3])}", "name it by its id")
    return ids[0]


def attempt_of(rows: Rows, text: str, board_id: str = "") -> str:
    """Return the attempt that `text` names: its own id, or a bead's, whose newest is meant."""
    if rows.rows("SELECT 1 FROM attempt WHERE id = :i", i=text):
        return text
    if "@" in text:
        raise NotFound(f"there is no attempt {text}", "halftui attempt list BEAD shows them")
    bead = views.resolve_bead(rows, text, board_id)
    return newest_attempt(rows, bead)


def newest_attempt(rows: Rows, bead_id: str) -> str:
    """Return a bead's newest attempt. Raises NotFound."""
    found = rows.rows("SELECT id FROM attempt WHERE bead_id = :b ORDER BY epoch DESC LIMIT 1", b=bead_id)
    if not found:
        raise NotFound(f"no agent has worked on {bead_id} yet", f"halftui bead show {bead_id} says why")
    return str(found[0][0])


def bead_of(rows: Rows, attempt: str) -> str:
    """Return the bead of an attempt."""
    return str(rows.rows("SELECT bead_id FROM attempt WHERE id = :i", i=attempt)[0][0])


def thread(rows: Rows, agent_id: str, most: int = 100) -> tuple[MessageRow, ...]:
    """Return the newest messages from and to an agent, oldest first."""
    found = rows.rows(
        "SELECT seq, sender, is_from_agent, text, sent_at, delivered_at, attempt_id FROM message"
        " WHERE agent_id = :a ORDER BY seq DESC LIMIT :m",
        a=agent_id,
        m=most,
    )
    return tuple(MessageRow(*[*r[:2], bool(r[2]), *r[3:]]) for r in reversed(found))


def permits(rows: Rows, board_id: str) -> tuple[PermitRow, ...]:
    """Return what agents of a board may do without asking, the oldest first."""
    found = rows.rows(
        "SELECT id, tool, act, granted_by, granted_at FROM permit WHERE board_id = :b"
        " ORDER BY granted_at, id",
        b=board_id,
    )
    return tuple(PermitRow(*r) for r in found)


def ask_of(rows: Rows, text: str, board_id: str) -> str:
    """Return the id of the open question that `text` names, whole or by a unique prefix."""
    found = [ask.id for ask in views.asks(rows, board_id) if text and ask.id.startswith(text)]
    if text in found or len(found) == 1:
        return text if text in found else found[0]
    if found:
        raise Refused(f"{text} could be {', '.join(found[:3])}", "name more of it")
    answered = rows.rows("SELECT answered_by FROM question WHERE id = :i", i=text)
    if answered:
        raise Refused(f"this was answered by {answered[0][0]}", "nothing is left to do")
    raise NotFound(f"there is no open question {text}", "halftui inbox shows them")


def agent_of(rows: Rows, text: str, board_id: str) -> str:
    """Return the id of the living agent that `text` names, by its name or id."""
    for agent in views.agents(rows, board_id):
        if text in (agent.id, agent.name):
            return agent.id
    raise NotFound(f"there is no agent {text}", "halftui agent list shows them")


def subscription_of(rows: Rows, name: str) -> str:
    """Return the id of the subscription of that name. Raises NotFound."""
    found = rows.rows("SELECT id FROM subscription WHERE name = :n", n=name)
    if not found:
        raise NotFound(
            f"there is no subscription {clean_line(name, longest=80)}", "halftui subscription list"
        )
    return str(found[0][0])


def subscriptions(rows: Rows) -> tuple[SubscriptionRow, ...]:
    """Return all subscriptions by name, without their credentials."""
    found = rows.rows(
        "SELECT s.name, s.kind, s.base_url, s.sealed <> '', s.cooling_until, s.parked, s.created_at,"
        " (SELECT count(*) FROM attempt t WHERE t.subscription_id = s.id AND t.state <> 'ended'),"
        " s.cap, s.limits FROM subscription s ORDER BY s.name"
    )
    return tuple(SubscriptionRow(*[*r[:3], bool(r[3]), *r[4:9], _headroom(str(r[9]))]) for r in found)


def _headroom(limits: str) -> str:
    """Return what a provider's headers tell of its windows; they come from outside, so nothing is sure."""
    told = json.loads(limits)
    parts = []
    for name in sorted(told):
        window, _, kind = name.rpartition("-")
        with contextlib.suppress(ValueError):
            if kind == "utilization":
                parts.append(f"{clean_line(window, longest=20)} {float(told[name]):.0%} used")
    return ", ".join(parts)


def newest_events(rows: Rows, board_id: str, subject: str = "", most: int = 50) -> tuple[Happened, ...]:
    """Return the newest events of a board, oldest first; of one subject if it is named."""
    only = " AND subject = :s" if subject else ""
    found = rows.rows(
        f"{views.EVENTS} WHERE board_id = :b{only} ORDER BY seq DESC LIMIT :m",
        **({"b": board_id, "m": most} | ({"s": subject} if subject else {})),
    )
    return tuple(views.happened(r) for r in reversed(found))


def events_of(rows: Rows, board_id: str, actor: str, most: int) -> tuple[Happened, ...]:
    """Return an actor's newest events on a board, oldest first; long past ones are not looked for."""
    found = rows.rows(
        f"{views.EVENTS} WHERE seq > (SELECT coalesce(max(seq), 0) FROM event) - :reach"
        " AND board_id = :b AND actor = :a ORDER BY seq DESC LIMIT :m",
        b=board_id,
        a=actor,
        m=most,
        reach=EVENTS_REACH,
    )
    return tuple(views.happened(r) for r in reversed(found))
