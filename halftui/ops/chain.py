"""What may be asked about the history: whether it is whole, and all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from halftui.domain import history, identity
from halftui.domain.history import Place
from halftui.store.store import Rows

BATCH = 5_000
_EVENTS = (
    "SELECT seq, at, actor, verb, board_id, subject, before, after, hash FROM event"
    " WHERE seq > :s ORDER BY seq LIMIT :m"
)
_HEADS = "SELECT seq, hash, at, previous, fingerprint, signature FROM head ORDER BY seq"


class Link(NamedTuple):
    """An event as the chain has it."""

    seq: int
    at: float
    actor: str
    verb: str
    board: str
    subject: str
    before: str
    after: str
    hash: str


class SignedHead(NamedTuple):
    """A signature over the history up to an event."""

    seq: int
    hash: str
    at: float
    previous: int
    fingerprint: str
    signature: str


class Fault(NamedTuple):
    """A place where the history is not what it was; `seq` is an event's number."""

    seq: int
    what: str


FORGED, CUT = "this home remembers another event there", "this home remembers it, and it is gone"


class Verdict(NamedTuple):
    """What a look at the whole history found."""

    events: int
    heads: int
    signed_until: int  # the newest event under a valid signature
    unsigned: int  # events after that: they could have been cut without a trace
    faults: tuple[Fault, ...]
    unverifiable: int = 0  # signatures of keys that were lost, as a later signature says


class Renewal(NamedTuple):
    """What is lost with a key that signed the history: its signatures, up to an event."""

    fingerprint: str
    heads: int
    until: int


def newest(rows: Rows) -> tuple[int, str, float]:
    """Return number, hash and time of the newest event; 0, "" and 0.0 if there is none."""
    found = rows.rows("SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1")
    return (int(found[0][0]), str(found[0][1]), float(found[0][2])) if found else (0, "", 0.0)


def place(rows: Rows) -> Place:
    """Return the newest event's number and hash; 0 and "" if there is none."""
    return Place(*newest(rows)[:2])


def last_head(rows: Rows) -> tuple[int, float]:
    """Return the event that the newest head names, and when it was signed; zeros if there is none."""
    found = rows.rows("SELECT seq, at FROM head ORDER BY seq DESC LIMIT 1")
    return (int(found[0][0]), float(found[0][1])) if found else (0, 0.0)


def links(rows: Rows) -> Iterator[Link]:
    """Yield all events, oldest first."""
    last = -1
    while found := rows.rows(_EVENTS, s=last, m=BATCH):
        yield from map(Link._make, found)
        last = found[-1][0]


def heads(rows: Rows) -> list[SignedHead]:
    """Return all signed heads, oldest first."""
    return [SignedHead(*row) for row in rows.rows(_HEADS)]


def export(rows: Rows, public: str, write: Callable[[str], object]) -> int:
    """Write the whole history as JSON lines, its key and signatures first; return how many."""
    count = 1
    write(json.dumps({"kind": "key", "public": public}) + "\n")
    for kind, found in (("head", heads(rows)), ("event", links(rows))):
        for row in found:
            write(json.dumps({"kind": kind, **row._asdict()}) + "\n")
            count += 1
    return count


def verify(rows: Rows, public: str, remembered: Sequence[Place] = ()) -> Verdict:
    """Return whether the history is whole, and the one that is remembered, if any is.

    `public` is the line of the key that signs its heads.
    """
    found = judge(links(rows), heads(rows), public)
    fault = another(rows, remembered)
    return found._replace(faults=(*found.faults, fault)) if fault else found


def another(rows: Rows, remembered: Sequence[Place]) -> Fault | None:
    """Return what is wrong if the history is another one than is remembered; any one place may stand."""
    for seq, digest in remembered:
        found = rows.rows("SELECT hash FROM event WHERE seq = :s", s=seq)
        if not seq or (found and found[0][0] == digest):
            return None
    return Fault(remembered[0].seq, FORGED if found else CUT) if remembered else None


def at_stake(rows: Rows) -> Renewal | None:
    """Return what the present key signed, None if there is no key."""
    found = rows.rows(
        "SELECT k.fingerprint, count(h.seq), coalesce(max(h.seq), 0) FROM signing_key k"
        " LEFT JOIN head h ON h.fingerprint = k.fingerprint"
        " WHERE k.subject = 'house' AND k.retired_at IS NULL GROUP BY k.fingerprint"
    )
    return Renewal(*found[0]) if found else None


def judge(events: Iterable[Link], signed: Iterable[SignedHead], public: str) -> Verdict:
    """Return what is wrong with a history, wherever it comes from.

    A signature of another key than `public` is no fault if a later event, under a valid signature of this
    one, says that the other key was lost: that one proves nothing any more.
    """
    wanted = {head.seq: head for head in signed}
    faults: list[Fault] = []
    strange: list[tuple[int, SignedHead]] = []
    good = [(0, 0)]  # how many events had come when one was under a valid signature, and its number
    lost: dict[str, int] = {}  # keys, and how many events had come when one said so
    total, count, previous, before = len(wanted), 0, 0, ""
    mark = identity.fingerprint(public) if public else ""
    for count, event in enumerate(events, 1):
        if event.hash != history.link(before, event[:8]):
            faults.append(Fault(event.seq, "it was changed, or what came before it was"))
        before = event.hash
        if event.verb == history.RENEW:
            lost[_replaced(event.before)] = count
        if (head := wanted.pop(event.seq, None)) is not None:
            if fault := _fault_of(head, event.hash, previous, public):
                faults.append(Fault(head.seq, fault))
            elif head.fingerprint != mark:
                strange.append((count, head))
            elif not faults:
                good.append((count, head.seq))
            previous = head.seq
    bad = [(at, head) for at, head in strange if not at < lost.get(head.fingerprint, 0) <= good[-1][0]]
    faults += [Fault(head.seq, "it was signed with another key") for _, head in bad]
    faults += [Fault(seq, "it was signed, and is gone") for seq in wanted]
    then, until = max(one for one in good if not bad or one[0] < bad[0][0])
    return Verdict(count, total, until, count - then, tuple(faults), len(strange) - len(bad))


def _replaced(before: str) -> str:
    try:
        return str(json.loads(before)["fingerprint"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _fault_of(head: SignedHead, digest: str, previous: int, public: str) -> str:
    if head.hash != digest:
        return "another history was signed"
    if head.previous != previous:
        return "a signature before it is gone"
    if not public:
        return "the key that signed it is gone"
    if head.fingerprint != identity.fingerprint(public):
        return ""  # looked at by `judge`
    text = history.head_text(head.seq, head.hash, head.at, head.previous)
    return "" if identity.is_signed(public, text, _bytes(head.signature)) else "its signature is forged"


def _bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        return b""
