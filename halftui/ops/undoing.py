"""Takes back a person's own last change of the board, and does it again; the events say what it was."""

from collections.abc import Mapping, Sequence
from typing import Any

from halftui.domain.shown import Happened
from halftui.domain.states import BeadState
from halftui.errors import Refused
from halftui.ops import listings
from halftui.ops.access import verb
from halftui.ops.beads import weigh
from halftui.store.rows.tables import Bead
from halftui.store.tx import Tx

MOST_STEPS = 200
UNDOABLE = {"bead.rank": "its place", "bead.edit": "its words", "bead.hold": "its hold"}
# What changed more than a bead's own fields: the words of the refusal, and what helps instead.
FINAL = {
    "attempt.stop": ("{} is stopped already", "r starts it again"),
    "bead.approve": ("{} is merged already", "a new bead can revert it"),
    "bead.cancel": ("{} is dropped, which u does not take back", "r takes it up again"),
    "bead.create": ("{} is new, which u does not take back", "x drops it"),
    "bead.dispatch": ("{} is sent off already", "X stops its agent"),
    "bead.reject": ("{} is sent back already", "its agent may be at work on it"),
    "bead.release": ("{} is taken out of work already", "s lets an agent take it"),
    "bead.reopen": ("{} is taken up again already", "x drops it"),
    "convoy.add": ("a bead joined {}, which u does not take back", "x on the convoy cancels it"),
    "convoy.cancel": ("{} is cancelled already", "N makes another"),
    "convoy.create": ("{} is made already", "x on the convoy cancels it"),
    "convoy.edit": ("{} is edited already", "halftui convoy edit changes it back"),
    "convoy.start": ("{} is on its way already", "x on the convoy cancels it"),
}
UNDO, REDO = "event.undo", "event.redo"


@verb("event.undo")
def undo(tx: Tx, board_id: str) -> str:
    """Take back the actor's last change that still stands, and say which; Refused if that can't be."""
    done, _ = _history(tx, board_id)
    return _turn(tx, board_id, done, UNDO)


@verb("event.redo")
def redo(tx: Tx, board_id: str) -> str:
    """Do again what the actor took back last, and say what; Refused if something came between."""
    _, undone = _history(tx, board_id)
    return _turn(tx, board_id, undone, REDO)


def _turn(tx: Tx, board_id: str, stack: Sequence[Sequence[Happened]], name: str) -> str:
    if not stack:
        what = "of yours to take back" if name == UNDO else "to do again"
        raise Refused(f"there is nothing {what}", f"the last {MOST_STEPS} changes count")
    step = stack[-1]
    if step[0].verb in FINAL:
        words, hint = FINAL[step[0].verb]
        raise Refused(words.format(step[0].subject), hint)
    for event in step:
        was, then = (event.after, event.before) if name == UNDO else (event.before, event.after)
        _restore(tx, event, was, {key: then[key] for key in event.before})
    tx.record(name, step[0].subject, board_id, of=[event.seq for event in step])
    subjects = " ".join(event.subject for event in step)
    return f"{subjects}: {_words(step[0], name)}"


def _words(event: Happened, name: str) -> str:
    was, then = (event.after, event.before) if name == UNDO else (event.before, event.after)
    if was.get("priority", 0) != then.get("priority", 0):
        return f"P{was['priority']} → P{then['priority']}"
    return f"{UNDOABLE[event.verb]} is as it was {'before' if name == UNDO else 'then'}"


def _restore(tx: Tx, event: Happened, was: Mapping[str, Any], then: Mapping[str, Any]) -> None:
    row = tx.get(Bead, event.subject)
    if any(getattr(row, key) != was[key] for key in then):
        raise Refused(f"{row.id} was changed since", "look at it and change it by hand")
    if row.state not in (BeadState.OPEN, BeadState.ACTIVE, BeadState.REVIEW):
        raise Refused(f"{row.id} is {row.state}", "r takes it up again")
    for key, value in then.items():
        setattr(row, key, value)
    weigh(tx, row)
    tx.touch(row, None)


def _history(tx: Tx, board_id: str) -> tuple[list[list[Happened]], list[list[Happened]]]:
    """Return the actor's steps that stand and those taken back, the newest last."""
    done: list[list[Happened]] = []
    undone: list[list[Happened]] = []
    for event in listings.events_of(tx, board_id, str(tx.actor), MOST_STEPS):
        if event.verb == UNDO and done:
            undone.append(done.pop())
        elif event.verb == REDO and undone:
            done.append(undone.pop())
        elif event.verb in FINAL or (event.verb in UNDOABLE and event.before):
            undone.clear()
            if event.after.get("beside") and done:
                done[-1].append(event)
            else:
                done.append([event])
    return done, undone
