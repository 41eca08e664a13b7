"""What keeps the scheduler from starting anything: caps, breakers, accounts, budgets; plain SQL."""

import json
from dataclasses import dataclass

from halftui.domain.assign import Rules
from halftui.errors import Unavailable
from halftui.ops import accounts, spending
from halftui.store.store import Rows

AWAY = "its work is with {home}, which is not running: start HalfTUI there"
NO_CAP = 2**31
ALIVE_SECONDS = 30.0  # an engine that was not heard of for longer is gone


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of an engine."""

    cap: int
    rules: Rules


def engine(rows: Rows) -> Beat | None:
    """Return an engine that is at work, the one with the most room; None if there is none."""
    found = rows.rows(
        "SELECT cap, rules FROM heartbeat WHERE seen_at > :since ORDER BY cap DESC LIMIT 1",
        since=rows.now - ALIVE_SECONDS,
    )
    return Beat(int(found[0][0]), Rules(**json.loads(found[0][1]))) if found else None


def refusal(rows: Rows, board_id: str, cap: int) -> str:
    """Return why nothing at all may start on a board now, or ""."""
    found = rows.rows("SELECT is_paused, cap FROM board WHERE id = :b", b=board_id)
    if not found:
        return "there is no such board"
    paused, board_cap = found[0]
    if paused:
        return "the board is paused"
    live = _live(rows, "board_id")
    if sum(live.values()) >= cap:
        return f"all {cap} slots of all boards are taken"
    if live.get(board_id, 0) >= board_cap:
        return f"all {board_cap} slots of this board are taken"
    over = spending.spent(rows, "day", ["", board_id])
    return f"{next(iter(over.values()))}; it goes on at 00:00 UTC" if over else ""


def closed(rows: Rows, runtime: str, rules: Rules) -> str:
    """Return why no attempt with this runtime may start now, or ""."""
    most = rules.runtime_caps.get(runtime)
    if most is not None and _live(rows, "runtime").get(runtime, 0) >= most:
        return f"all {most} slots of the runtime {runtime} are taken"
    try:
        accounts.choose(rows, runtime)
    except Unavailable as error:
        return error.message
    return ""


def why(rows: Rows, board_id: str, runtime: str, convoy: str) -> list[str]:
    """Return why a bead that could start has to wait, a sentence each."""
    beat = engine(rows) or Beat(NO_CAP, Rules())
    over = spending.spent(rows, "convoy", [convoy] if convoy else [])
    notice = str(rows.rows("SELECT notice FROM board WHERE id = :b", b=board_id)[0][0])
    found = [notice, refusal(rows, board_id, beat.cap), closed(rows, runtime, beat.rules), *over.values()]
    return [sentence for sentence in found if sentence]


def is_alive(rows: Rows, home: str) -> bool:
    """Return True if the engine of that home is at work."""
    return home in engines(rows)


def engines(rows: Rows) -> frozenset[str]:
    """Return the homes whose engines are at work."""
    found = rows.rows("SELECT id FROM heartbeat WHERE seen_at > :since", since=rows.now - ALIVE_SECONDS)
    return frozenset(str(home) for (home,) in found)


def elsewhere(rows: Rows, bead: str) -> list[str]:
    """Return that the commits of a bead are in a home that is not at work; [] if nothing is amiss."""
    found = rows.rows("SELECT home FROM bead WHERE id = :i AND tip || collab <> '' AND merged = ''", i=bead)
    return [AWAY.format(home=home) for (home,) in found if home and not is_alive(rows, home)]


def pinned(rows: Rows, bead: str) -> list[str]:
    """Return that a bead waits for one agent that is at work on another; [] if it does not."""
    found = rows.rows(
        "SELECT a.name FROM bead b JOIN agent a ON a.id = b.pin JOIN attempt t ON t.agent_id = a.id"
        " WHERE b.id = :i AND t.state <> 'ended'",
        i=bead,
    )
    return [f"it waits for {name}, who is at work" for (name,) in found]


def _live(rows: Rows, column: str) -> dict[str, int]:
    counted = rows.rows(f"SELECT {column}, count(*) FROM attempt WHERE state <> 'ended' GROUP BY {column}")
    return {str(key): int(count) for key, count in counted}
