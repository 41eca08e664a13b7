"""The signs of engines at work, so that every other process knows whether beads are started."""

import json
from dataclasses import asdict

from halftui.domain.assign import Rules
from halftui.ops.access import verb
from halftui.store.rows.tables import Heartbeat
from halftui.store.tx import Tx


@verb("heartbeat.beat")
def beat(tx: Tx, ident: str, cap: int, rules: Rules) -> None:
    """Say that the engine of that home is at work, and by which rules; its first sign is an event."""
    row = tx.find(Heartbeat, ident)
    if row is None:
        sql = "UPDATE outbox SET due_at = :n WHERE state = 'waiting' AND bead_id IN"
        tx.run(f"{sql} (SELECT id FROM bead WHERE home = :h)", n=tx.now, h=ident)  # it has what is to be sent
        row = Heartbeat(id=ident, seen_at=tx.now, cap=cap)
        tx.record("heartbeat.beat", ident, cap=cap)
    row.seen_at, row.cap, row.rules = tx.now, cap, json.dumps(asdict(rules))
    tx.add(row)


@verb("heartbeat.end")
def end(tx: Tx, ident: str) -> None:
    """Say that the engine of that home is gone."""
    if (row := tx.find(Heartbeat, ident)) is not None:
        tx.delete(row)
        tx.record("heartbeat.end", ident)
