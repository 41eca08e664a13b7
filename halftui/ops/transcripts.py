"""The journal of an attempt's lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from halftui.ops.access import verb
from halftui.store.store import Rows

if TYPE_CHECKING:
    from halftui.store.tx import Tx

Entry = tuple[int, float, str, str]  # number from 1, UTC seconds, kind, text


@dataclass(frozen=True, slots=True)
class Lines:
    """A stretch of an attempt's journal."""

    entries: tuple[Entry, ...]
    is_over: bool  # True if the attempt ended and nothing more will come


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an attempt's output is told, and what was used in all up to there."""

    epoch: int
    heard: int = 0  # bytes of the program's output
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    turns: int = 0


@verb("line.append")
def append(tx: Tx, attempt: str, entries: Sequence[Entry], now: str) -> None:
    """Add lines to the journal, and what the agent does `now`; this leaves no event.

    Lines that the journal has already are left out, so that a write may be tried again.
    """
    append_each(tx, [(attempt, entries, now)])


@verb("line.append")
def append_each(tx: Tx, stretches: Sequence[tuple[str, Sequence[Entry], str]]) -> None:
    """Do as `append` does for several attempts: their ids, lines and what they do now."""
    tx.change_each(
        "INSERT INTO line (attempt_id, number, at, kind, text) VALUES (:a, :n, :t, :k, :x)"
        " ON CONFLICT DO NOTHING",
        [
            {"a": attempt, "n": n, "t": at, "k": kind, "x": text}
            for attempt, entries, _ in stretches
            for n, at, kind, text in entries
        ],
    )
    tx.change_each(
        "UPDATE attempt SET now = :x WHERE id = :a AND ended_at IS NULL",
        [{"x": now, "a": attempt} for attempt, _, now in stretches if now],
    )


def read(rows: Rows, attempt: str, after: int = 0, most: int = 2_000) -> Lines:
    """Return up to `most` lines with a number above `after`, oldest first."""
    ended = rows.rows("SELECT ended_at FROM attempt WHERE id = :a", a=attempt)
    found = rows.rows(
        "SELECT number, at, kind, text FROM line WHERE attempt_id = :a AND number > :n"
        " ORDER BY number LIMIT :m",
        a=attempt,
        n=after,
        m=most,
    )
    entries = tuple((int(n), float(at), str(kind), str(text)) for n, at, kind, text in found)
    return Lines(entries, bool(ended) and ended[0][0] is not None and len(entries) < most)


def standing(rows: Rows, attempt: str) -> tuple[int, Standing]:
    """Return the number of an attempt's last line, and how it stands."""
    sql = "SELECT epoch, heard, tokens_in, tokens_out, cost_usd, turns FROM attempt WHERE id = :a"
    top = rows.rows("SELECT coalesce(max(number), 0) FROM line WHERE attempt_id = :a", a=attempt)
    return int(top[0][0]), Standing(*rows.rows(sql, a=attempt)[0])


def last(rows: Rows, attempt: str, most: int) -> Lines:
    """Return the newest `most` lines, oldest first."""
    top = rows.rows("SELECT coalesce(max(number), 0) FROM line WHERE attempt_id = :a", a=attempt)
    return read(rows, attempt, max(int(top[0][0]) - most, 0), most + 1)
