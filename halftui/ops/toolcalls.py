"""The board's tools, as an agent uses them: each call is authorised as that agent, made once, and told of."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from halftui.domain.board_tools import ATTACH, BY_NAME
from halftui.domain.text import clean, clean_line
from halftui.errors import Conflict, Misconfigured
from halftui.ops import artefacts, beads, edges, messages, scope, views
from halftui.ops.access import verb
from halftui.store.rows.tables import Attempt, Bead
from halftui.store.rows.talk import ToolCall
from halftui.store.tx import Tx

LONGEST = 16_384
Given = Mapping[str, Any]
Kept = tuple[str, int]


@verb("tool.use")
def use(
    tx: Tx, attempt: str, epoch: int, request: str, tool: str, given: Given, kept: Kept | None = None
) -> str:
    """Do what an agent at work asks for and return the answer; a repeated request is answered as before.

    `kept` is the content that was copied for `attach`: its digest and its size.

    Raises Denied out of the agent's reach, Misconfigured for bad input, Conflict if its epoch is over.
    """
    row = scope.own(tx)
    if row.id != attempt or row.epoch != epoch:
        raise Conflict(f"attempt {clean_line(attempt, longest=80)} is over", "a newer one has the bead")
    ident = clean_line(request, longest=200) or str(uuid.uuid4())
    if (known := tx.find(ToolCall, attempt, ident)) is not None:
        return known.answer
    is_file = _checked(tool, given) == ATTACH
    answer = _attach(tx, given, kept) if is_file else _ACTS[tool](tx, row, given)
    tx.add(ToolCall(attempt_id=attempt, request=ident, tool=tool, answer=answer, at=tx.now))
    tx.record("tool.use", attempt, row.board_id, tool=tool)
    return answer


@verb("tool.refuse")
def refuse(tx: Tx, attempt: str, tool: str, why: str) -> None:
    """Write down that a call was refused, and why."""
    board = tx.get(Attempt, attempt).board_id
    tx.record("tool.refuse", attempt, board, tool=clean_line(tool, longest=80), why=clean_line(why))


@verb("bead.note")
def note(tx: Tx, text: str) -> None:
    """Note how far the own bead is; it stands in the bead's history."""
    row = scope.own(tx)
    said = clean_line(text, longest=1_000)
    if not said:
        raise Misconfigured("a note needs words", "say how far you are")
    tx.record("bead.note", row.bead_id, row.board_id, text=said)


@verb("attempt.submit")
def submit(tx: Tx, summary: str, evidence: str = "") -> None:
    """Hand in the own work: at the attempt's end this is what the reviewer reads."""
    row = scope.own(tx)
    if not clean(summary).strip():
        raise Misconfigured("handing in needs a summary", "say what was done")
    parts = [clean(summary).strip(), f"Evidence:\n{clean(evidence).strip()}" if evidence.strip() else ""]
    row.handed_in = "\n\n".join(filter(None, parts))
    tx.add(row)
    tx.record("attempt.submit", row.id, row.board_id, summary=clean_line(summary, longest=200))


def _checked(tool: str, given: Given) -> str:
    """Return the tool's name. Raises Misconfigured unless it is one, and the input fits its schema."""
    found = BY_NAME.get(tool)
    if found is None:
        raise Misconfigured("there is no such tool", f"there are {', '.join(BY_NAME)}")
    if unknown := [name for name in given if name not in found.fields]:
        raise Misconfigured(f"{tool} takes no {clean_line(str(unknown[0]), longest=50)}", _takes(tool))
    for name in found.needs:
        if name not in given:
            raise Misconfigured(f"{tool} needs {name}", _takes(tool))
    for name, value in given.items():
        if not _is_a(str(found.fields[name]["type"]), value):
            raise Misconfigured(f"{name} is of the wrong kind", _takes(tool))
    return tool


def _takes(tool: str) -> str:
    fields = BY_NAME[tool].fields
    return "it takes " + (", ".join(f"{name} ({kind['type']})" for name, kind in fields.items()) or "nothing")


def _is_a(kind: str, value: object) -> bool:
    if kind == "string":
        return isinstance(value, str) and len(value) <= LONGEST
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, list) and len(value) <= 50 and all(_is_a("string", one) for one in value)


def _read(tx: Tx, row: Attempt, given: Given) -> str:
    bead = tx.get(Bead, row.bead_id)
    others = [one for one in scope.family(tx, bead.id) if one != bead.id]
    found = [tx.get(Bead, one) for one in others]
    waits = tx.rows("SELECT target FROM edge WHERE source = :b AND kind = 'blocks'", b=bead.id)
    shown = {
        "id": bead.id, "title": bead.title, "state": bead.state, "priority": bead.priority,
        "description": bead.description, "acceptance": bead.acceptance, "notes": bead.notes,
        "remark": bead.remark, "waits_for": [str(one[0]) for one in waits],
        "children": [{"id": one.id, "title": one.title, "state": one.state} for one in found],
    }  # fmt: skip
    return json.dumps(shown, ensure_ascii=False, indent=1)


def _note(tx: Tx, row: Attempt, given: Given) -> str:
    note(tx, given["text"])
    return "noted"


def _create(tx: Tx, row: Attempt, given: Given) -> str:
    fields = {name: given[name] for name in scope.FIELDS if name in given}
    made = beads.create(
        tx, row.board_id, given["title"], parent=given.get("parent") or row.bead_id,
        after_beads=given.get("after", ()), **fields,
    )  # fmt: skip
    return f"{made} is made; {'; '.join(views.why(tx, made)) or 'an agent takes it when one is free'}"


def _link(tx: Tx, row: Attempt, given: Given) -> str:
    edges.link(tx, given["source"], given["target"], given.get("kind") or "blocks")
    return "linked"


def _message(tx: Tx, row: Attempt, given: Given) -> str:
    messages.send(tx, given["text"])
    return "told"


def _attach(tx: Tx, given: Given, kept: Kept | None) -> str:
    if kept is None:
        raise Misconfigured("nothing can be attached here", "write it down instead")
    artefacts.attach(tx, given["name"], *kept)
    return f"attached: {kept[1]:,} bytes"


def _submit(tx: Tx, row: Attempt, given: Given) -> str:
    submit(tx, given["summary"], given.get("evidence", ""))
    return "handed in: end your turn now"


_ACTS: Mapping[str, Callable[[Tx, Attempt, Given], str]] = {
    "read_bead": _read,
    "note_progress": _note,
    "create_bead": _create,
    "link_beads": _link,
    "message": _message,
    "submit": _submit,
}
