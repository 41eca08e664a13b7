"""The chain of events: each one's hash covers its row and the hash before it."""

import json
from typing import NamedTuple

RENEW = "audit.renew"  # the verb of the event that says which key was lost
Row = tuple[int, float, str, str, str, str, str, str]  # seq, at, actor, verb, board, subject, before, after


class Place(NamedTuple):
    """An event and its hash: whoever remembers it can tell the history from another one."""

    seq: int
    hash: str


def link(previous: str, row: Row) -> str:
    """Return the hash of an event's row that follows the event with the hash `previous` ("" is none)."""
    import hashlib  # the first frame needs no OpenSSL

    return hashlib.sha256(f"{previous}\n{json.dumps(row)}".encode()).hexdigest()


def head_text(seq: int, digest: str, at: float, previous: int) -> bytes:
    """Return what is signed: the history up to an event at a time, and which event the head before names."""
    return json.dumps(["halftui history", seq, digest, at, previous]).encode()
