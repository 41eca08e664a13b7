"""What may be asked of the board: plain SQL into frozen views."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from halftui import ops
from halftui.domain import lanes as lanes_of_boards
from halftui.domain.graph import NEVER_READY_TYPES
from halftui.domain.shown import AgentRow, Ask, AttemptRow, BoardRow, Card, Detail, Happened, Lane, Snapshot
from halftui.domain.text import clean_line
from halftui.errors import NotFound, Refused
from halftui.ops import counts
from halftui.ops.blocking import why_blocked
from halftui.ops.counts import ALL
from halftui.ops.filters import condition
from halftui.ops.journeys import OPEN_CHILDREN
from halftui.ops.journeys import convoys as convoys  # a part of a board's snapshot
from halftui.ops.spoken import comments
from halftui.store.store import Rows

WINDOW = 400  # cards of a lane that a snapshot holds; the rest is counted
LANES = lanes_of_boards.STATES

# Its own time and its direct parents' have come; few beads have a time, so those are looked up once
# (SQLite keeps a CROSS JOIN's order).
_IS_TIME = (
    "(b.not_before IS NULL OR b.not_before <= :now) AND b.id NOT IN (SELECT p.source FROM bead k"
    " CROSS JOIN edge p WHERE k.not_before > :now AND p.target = k.id AND p.kind = 'parent-child')"
)
# Ready is a statement about the bead and its graph. Startable adds what people said of it, which
# `is_inert` holds besides its type and its being set aside; dispatchable what the scheduler needs.
READY = (
    "b.state = 'open' AND b.blockers = 0"
    f" AND b.type NOT IN ({', '.join(repr(t) for t in sorted(NEVER_READY_TYPES))})"
    f" AND b.aside = '' AND {_IS_TIME}"
)
STARTABLE = f"b.state = 'open' AND b.blockers = 0 AND b.is_inert = 0 AND {_IS_TIME}"
BLOCKED = "b.state IN ('open', 'active', 'review') AND b.blockers > 0"
DISPATCHABLE = (
    f"b.board_id = :board AND {STARTABLE} AND b.assignee = ''"
    " AND (b.retry_at IS NULL OR b.retry_at <= :now)"
    " AND (CASE b.mode WHEN '' THEN :board_mode ELSE b.mode END) = 'auto'"
    f" AND NOT (b.type = 'epic' AND {OPEN_CHILDREN})"
    " AND (b.pin = '' OR NOT EXISTS"
    " (SELECT 1 FROM attempt p WHERE p.agent_id = b.pin AND p.state <> 'ended'))"
)
LANE_WHERE = {
    "blocked": f"b.state = 'open' AND NOT ({STARTABLE})",
    "ready": STARTABLE,
    "working": "b.state = 'active'",
    "review": "b.state = 'review'",
    "done": "b.state = 'done'",
    "closed": "b.state IN ('failed', 'cancelled')",
}
_WAITING_LANES = {"open": "blocked", "active": "working", "review": "review"}
_BY_TURN = "b.priority, b.rank, b.created_at"

FIELDS = """b.id, b.title, b.state, b.type, b.priority, b.rank, b.labels, b.assignee,
  coalesce(b.convoy_id, ''), b.hold, b.remark,
  b.failures + b.start_failures + b.losses, b.retry_at, b.files, b.plus, b.minus,
  b.created_at, b.updated_at, b.closed_at, b.version, b.blockers,
  coalesce(t.id, ''), coalesce(t.state, ''), coalesce(t.now, ''), t.started_at,
  coalesce(t.cost_usd, 0), coalesce(t.reason, ''),
  CASE b.pin WHEN '' THEN '' ELSE coalesce((SELECT p.name FROM agent p WHERE p.id = b.pin), '') END,
  b.progress"""
EVENTS = "SELECT seq, at, actor, verb, board_id, subject, before, after FROM event"
FROM = "FROM bead b LEFT JOIN attempt t ON t.bead_id = b.id AND t.epoch = b.epoch"
_CARD = f"SELECT {FIELDS} {FROM}"


def snapshot(rows: Rows, board_id: str, window: int = WINDOW, before: Snapshot | None = None) -> Snapshot:
    """Return a board as its screens show it, at most `window` cards a lane. Raises NotFound.

    A lane of the one `before` is taken over if no event since can have changed more than its order.
    """
    found = board(rows, board_id)
    kept: dict[str, Lane] = {} if before is None else ops.moved.lanes(rows, before)
    totals = counts.Totals(rows, board_id)
    return Snapshot(
        seq=last_seq(rows),
        at=rows.now,
        board=found,
        lanes=tuple(kept.get(name) or lane(rows, board_id, name, window, totals=totals) for name in LANES),
        agents=agents(rows, board_id),
        convoys=convoys(rows, board_id),
        asks=asks(rows, board_id),
        cost_today=_cost_since(rows, board_id, rows.now - rows.now % 86_400),
        own=ops.lanes.own(rows, found, window, kept=kept)
        if found.lanes is not lanes_of_boards.DEFAULT
        else (),
    )


def lanes(rows: Rows, board_id: str, words: str = "", most: int = WINDOW) -> tuple[Lane, ...]:
    """Return all lanes, people's own behind, each with `most` of its cards that hold all of the words."""
    own: tuple[Lane, ...] = ops.lanes.own(rows, board(rows, board_id), most, words)
    return tuple(lane(rows, board_id, name, most, words=words) for name in LANES) + own


def lane(
    rows: Rows,
    board_id: str,
    name: str,
    most: int = WINDOW,
    skip: int = 0,
    words: str = "",
    totals: counts.Totals | None = None,
) -> Lane:
    """Return a lane's count and `most` of its cards in its order, from number `skip` on.

    Only those that hold all of the words, as `filters.condition` reads them. `totals` are of this reading.
    """
    if name not in LANE_WHERE:
        row = lanes_of_boards.lane(board(rows, board_id).lanes, name)
        own: Lane = ops.lanes.cards(rows, board_id, row, most, skip, words)
        return own
    where = f"b.board_id = :board AND {LANE_WHERE[name]}"
    values: dict[str, Any] = {"board": board_id} | ({"now": rows.now} if ":now" in where else {})
    if words:
        held, bound = condition(words)
        where, values = f"{where} AND {held}", values | bound
    listed = f"{_CARD} WHERE {where} ORDER BY {order(name)}, b.id LIMIT :most OFFSET :skip"
    found = rows.rows(listed, most=most, skip=skip, **values)
    total = skip + len(found)
    if len(found) == most and not words:
        total = (totals or counts.Totals(rows, board_id)).of(name)
    elif len(found) == most:
        total = int(rows.rows(f"SELECT count(*) FROM bead b WHERE {where}", **values)[0][0])
    return Lane(name, total, _cards(rows, found, name))


def board(rows: Rows, board_id: str) -> BoardRow:
    """Return a board. Raises NotFound."""
    for found in boards(rows):
        if board_id in (found.id, found.name):
            return found
    raise NotFound(f"there is no board {board_id}", "halftui board list shows them")


def boards(rows: Rows) -> tuple[BoardRow, ...]:
    """Return all boards by name."""
    found = rows.rows(
        "SELECT id, name, repository, branch, prefix, mode, review, runtime, sandbox, model, command,"
        " cap, is_paused, version, created_at, checks, batch, recipe, profile, rounds, merge,"
        " collab, collab_branch, egress, lanes"
        " FROM board ORDER BY name"
    )
    return tuple(BoardRow(*[*r[:12], bool(r[12]), *r[13:-1], lanes_of_boards.parse(r[-1])]) for r in found)


def order(name: str) -> str:
    """Return what the cards of a lane are sorted by."""
    return "b.closed_at DESC" if name in ("done", "closed") else _BY_TURN


def agents(rows: Rows, board_id: str) -> tuple[AgentRow, ...]:
    """Return the living agents, the asking first, then the working, then the idle."""
    found = rows.rows(
        "SELECT a.id, a.name, a.runtime, coalesce(t.state, ''), coalesce(t.bead_id, ''),"
        " coalesce(t.id, ''), coalesce(t.now, ''), t.started_at,"
        " coalesce(t.tokens_in + t.tokens_out, 0), coalesce(t.cost_usd, 0) FROM agent a"
        " LEFT JOIN attempt t ON t.agent_id = a.id AND t.state <> 'ended'"
        " WHERE a.board_id = :b AND a.retired_at IS NULL ORDER BY a.created_at, a.name",
        b=board_id,
    )
    status = {"": "idle", "asking": "asking"}
    listed = [AgentRow(r[0], r[1], r[2], status.get(r[3], "working"), *r[4:]) for r in found]
    return tuple(sorted(listed, key=lambda a: ("asking", "working", "idle").index(a.status)))


def asks(rows: Rows, board_id: str) -> tuple[Ask, ...]:
    """Return the unanswered questions, the oldest first."""
    found = rows.rows(
        "SELECT q.id, q.attempt_id, q.bead_id, b.title, g.name, q.kind, q.text, q.options, q.tool,"
        " q.detail, q.asked_at FROM question q JOIN bead b ON b.id = q.bead_id"
        " JOIN attempt t ON t.id = q.attempt_id JOIN agent g ON g.id = t.agent_id"
        " WHERE q.board_id = :b AND q.answered_at IS NULL ORDER BY q.asked_at, q.id",
        b=board_id,
    )
    return tuple(Ask(*[*r[:7], tuple((str(a), str(d)) for a, d in json.loads(r[7])), *r[8:]]) for r in found)


def bead(rows: Rows, bead_id: str) -> Detail:
    """Return everything about a bead. Raises NotFound."""
    found = rows.rows(f"{_CARD} WHERE b.id = :i", i=bead_id)
    if not found:
        raise NotFound(f"there is no bead {bead_id}", "halftui bead list shows them")
    rest = rows.rows(
        "SELECT board_id, description, acceptance, notes, summary, branch, base, tip, merged,"
        " created_by, due, not_before, handover, profile, pull_request, collab,"
        " collab_merged FROM bead WHERE id = :i",
        i=bead_id,
    )[0]
    name = lane_of(rows, bead_id)
    waits, frees = _edges(rows, bead_id, "source", "target"), _edges(rows, bead_id, "target", "source")
    tries = attempts(rows, bead_id)
    shown, said = _cards(rows, found, name)[0], comments(rows, bead_id)
    early, late = [shown, *rest[:10], tuple(why(rows, bead_id))], [*rest[10:13], said, *rest[13:]]
    late += [ops.egress.shown(rows, bead_id), ops.artefacts.of_bead(rows, bead_id)]
    return Detail(*[*early, waits, frees, tries, *late])


def beads(
    rows: Rows, board_id: str, lane_names: Sequence[str] = LANES[:-1], most: int = 100
) -> tuple[Card, ...]:
    """Return up to `most` cards (0: all) of these lanes, lane by lane."""
    cards: list[Card] = []
    for name in lane_names:
        room = most - len(cards) if most else ALL
        if room:
            cards += lane(rows, board_id, name, room).cards
    return tuple(cards)


def ready(rows: Rows, board_id: str, most: int = 100) -> tuple[Card, ...]:
    """Return up to `most` cards (0: all) of the ready beads: first what can be started, then what is held."""
    held = f"{READY} AND b.is_inert = 1"  # by a hold, or a staged convoy
    return _selected(rows, board_id, (STARTABLE, held), most)


def blocked(rows: Rows, board_id: str, most: int = 100) -> tuple[Card, ...]:
    """Return up to `most` cards (0: all) of the unfinished beads that wait for others, in any lane."""
    return _selected(rows, board_id, (BLOCKED,), most)


def attempts(rows: Rows, bead_id: str) -> tuple[AttemptRow, ...]:
    """Return a bead's attempts, the newest first."""
    found = rows.rows(
        "SELECT t.id, t.bead_id, t.epoch, g.name, t.state, t.outcome, t.reason, t.runtime,"
        " t.sandbox, t.tokens_in, t.tokens_out, t.cost_usd, t.turns, t.started_at, t.ended_at"
        " FROM attempt t JOIN agent g ON g.id = t.agent_id WHERE t.bead_id = :b"
        " ORDER BY t.epoch DESC",
        b=bead_id,
    )
    return tuple(AttemptRow(*r) for r in found)


def convoy_cards(rows: Rows, convoy_id: str) -> tuple[Card, ...]:
    """Return all beads of a convoy in the order in which they would start."""
    cards: list[Card] = []
    for name, where in LANE_WHERE.items():
        values = {"c": convoy_id, "now": rows.now} if ":now" in where else {"c": convoy_id}
        found = rows.rows(f"{_CARD} WHERE b.convoy_id = :c AND {where}", **values)
        cards += _cards(rows, found, name)
    return tuple(sorted(cards, key=lambda c: (c.priority, c.rank, c.id)))


def lane_of(rows: Rows, bead_id: str) -> str:
    """Return the lane a bead stands in."""
    for name, where in LANE_WHERE.items():
        values = {"i": bead_id, "now": rows.now} if ":now" in where else {"i": bead_id}
        if rows.rows(f"SELECT 1 FROM bead b WHERE b.id = :i AND {where}", **values):
            return name
    raise NotFound(f"there is no bead {bead_id}", "halftui bead list shows them")


def why(rows: Rows, bead_id: str) -> list[str]:
    """Return why an open bead is not started, a sentence each; [] if nothing stands in its way."""
    state, hold, aside, assignee, convoy, kind, start, retry_at, mode, board_mode, paused, parts = rows.rows(
        "SELECT b.state, b.hold, b.aside, b.assignee, coalesce(c.state, ''), b.type, b.not_before,"
        f" b.retry_at, b.mode, o.mode, o.is_paused, {OPEN_CHILDREN} FROM bead b JOIN board o"
        " ON o.id = b.board_id LEFT JOIN convoy c ON c.id = b.convoy_id WHERE b.id = :i",
        i=bead_id,
    )[0]
    if state != "open":
        return []
    placing = rows.rows(
        "SELECT b.board_id, CASE b.runtime WHEN '' THEN o.runtime ELSE b.runtime END,"
        " coalesce(b.convoy_id, '') FROM bead b JOIN board o ON o.id = b.board_id WHERE b.id = :i",
        i=bead_id,
    )[0]
    reasons = why_blocked(rows, bead_id)
    reasons += [f"on hold: {hold}"] if hold else []
    reasons += [f"set aside: {aside}"] if aside else []
    reasons += [f"it is {assignee}'s"] if assignee else []
    reasons += ops.slots.pinned(rows, bead_id) + ops.slots.elsewhere(rows, bead_id)
    reasons += ["its convoy is staged, not started"] if convoy == "staged" else []
    reasons += [f"beads of type {kind} are never dispatched"] if kind in NEVER_READY_TYPES else []
    if start and start > rows.now:
        reasons.append(f"not before {_minutes(start - rows.now)} from now")
    parents = (
        "SELECT k.id, k.not_before FROM edge p JOIN bead k ON k.id = p.target WHERE p.source = :i"
        " AND p.kind = 'parent-child' AND k.not_before > :now ORDER BY k.id"
    )
    for parent, time in rows.rows(parents, i=bead_id, now=rows.now):
        reasons.append(f"{parent}, its parent, is not before {_minutes(time - rows.now)} from now")
    if retry_at and retry_at > rows.now:
        reasons.append(f"tried again in {_minutes(retry_at - rows.now)}")
    reasons += ["its children come first"] if kind == "epic" and parts else []
    reasons += ["the board dispatches by hand (manual)"] if (mode or board_mode) == "manual" else []
    reasons += ["the board is paused"] if paused else []
    return reasons or ops.slots.why(rows, *placing)


def last_seq(rows: Rows) -> int:
    """Return the newest event's number, 0 if there is none."""
    return int(rows.rows("SELECT coalesce(max(seq), 0) FROM event")[0][0])


def events(rows: Rows, after: int, subject: str = "", most: int = 500) -> tuple[Happened, ...]:
    """Return up to `most` events with a number above `after`, oldest first."""
    values = {"a": after, "m": most} | ({"s": subject} if subject else {})
    only = " AND subject = :s" if subject else ""
    found = rows.rows(
        f"{EVENTS} WHERE seq > :a{only} ORDER BY seq LIMIT :m",
        **values,
    )
    return tuple(happened(r) for r in found)


def happened(row: Sequence[Any]) -> Happened:
    """Return a row of `EVENTS`."""
    return Happened(*[*row[:6], json.loads(row[6]), json.loads(row[7])])


def resolve_bead(rows: Rows, text: str, board_id: str = "") -> str:
    """Return the bead id that `text` names, whole or by a unique prefix.

    The board's own prefix may be left out. Raises NotFound, or Refused naming the candidates.
    """
    starts = [text, f"{board(rows, board_id).prefix}-{text}"] if board_id else [text]
    found: list[str] = []
    for start in starts if text else ():
        if rows.rows("SELECT 1 FROM bead WHERE id = :i", i=start):
            return start
        sql = "SELECT id FROM bead WHERE substr(id, 1, :n) = :s ORDER BY id LIMIT 4"
        found += [str(r[0]) for r in rows.rows(sql, n=len(start), s=start)]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(f"{text} could be {', '.join(found[:3])}", "name more of it")
    raise NotFound(f"there is no bead {clean_line(text, longest=80)}", "halftui bead list shows them")


def _cards(rows: Rows, found: Sequence[tuple[Any, ...]], name: str) -> tuple[Card, ...]:
    return tuple(card(rows, r, name) for r in found)


def _selected(rows: Rows, board_id: str, wheres: Sequence[str], most: int) -> tuple[Card, ...]:
    cards: list[Card] = []
    for where in wheres:
        values = {"now": rows.now} if ":now" in where else {}
        found = rows.rows(
            f"{_CARD} WHERE b.board_id = :board AND {where} ORDER BY {_BY_TURN}, b.id LIMIT :most",
            board=board_id,
            most=most - len(cards) if most else ALL,
            **values,
        )
        lane_name = "ready" if where == STARTABLE else ""
        cards += [card(rows, r, lane_name or _WAITING_LANES[r[2]]) for r in found]
    return tuple(cards)


def card(rows: Rows, r: tuple[Any, ...], name: str) -> Card:
    """Return a row of FIELDS as a card in a lane."""
    waits = _blockers(rows, str(r[0])) if r[20] else ()
    labels = tuple(json.loads(str(r[6]))) if r[6] != "[]" else ()
    return Card(*[*r[:2], name, *r[2:6], labels, *r[7:20], waits, *r[21:]])


def _blockers(rows: Rows, bead_id: str) -> tuple[str, ...]:
    found = rows.rows(
        "SELECT e.target FROM edge e JOIN bead t ON t.id = e.target WHERE e.source = :s AND"
        " e.kind IN ('blocks', 'conditional-blocks', 'waits-for', 'parent-child')"
        " AND t.state IN ('open', 'active', 'review') ORDER BY e.target LIMIT 3",
        s=bead_id,
    )
    return tuple(str(r[0]) for r in found)


def _edges(rows: Rows, bead_id: str, here: str, there: str) -> tuple[tuple[str, str, str], ...]:
    found = rows.rows(
        f"SELECT e.{there}, e.kind, coalesce(b.state, '') FROM edge e"
        f" LEFT JOIN bead b ON b.id = e.{there} WHERE e.{here} = :i ORDER BY e.kind, e.{there}",
        i=bead_id,
    )
    return tuple((str(a), str(k), str(s)) for a, k, s in found)


def _cost_since(rows: Rows, board_id: str, start: float) -> float:
    found = rows.rows(
        "SELECT coalesce(sum(cost_usd), 0) FROM attempt WHERE board_id = :b AND started_at >= :s",
        b=board_id,
        s=start,
    )
    return float(found[0][0])


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
