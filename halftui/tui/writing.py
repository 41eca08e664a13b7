"""Writing beads and convoys: the one-line sheet, the page, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from halftui.domain.shown import Card
from halftui.domain.text import counted
from halftui.errors import HalfTUIError, Refused
from halftui.tui.app import HalfApp
from halftui.tui.entry import MOST_LINES, Entry, parse
from halftui.tui.screens.entry import Chips, EntrySheet, explain_bead

if TYPE_CHECKING:
    from halftui.tui.screens.bead_page import Written
    from halftui.tui.screens.board import BoardScreen
    from halftui.tui.screens.confirm import Confirm

# An app belongs to one person.
DRAFTS: WeakKeyDictionary[HalfApp, dict[str, str]] = WeakKeyDictionary()
NEW, FEW = "", 10  # whose draft a new bead is; beads at once that nobody is asked about
BEAD_KEYS = [("enter", "write"), ("tab", "more"), ("esc", "back")]
CONVOY_KEYS = [("enter", "make"), ("esc", "back")]


async def create(board: BoardScreen) -> None:
    """Let a person write a bead, or paste a list of them; the cursor goes to the last one."""
    snapshot = board.half.snapshot
    agents = {agent.name.lower(): agent.id for agent in (snapshot.agents if snapshot else ())}
    draft = DRAFTS.setdefault(board.half, {})
    explain = partial(explain_bead, agents=agents)
    sheet = EntrySheet("New bead", explain, BEAD_KEYS, draft.pop(NEW, ""))
    if (typed := await board.app.push_screen_wait(sheet)) is None:
        return
    if typed.wants_page:
        await _create_on_page(board, parse(typed.lines[0], agents))
        return
    if len(typed.lines) > FEW and not await board.confirmed(_many(typed.lines)):
        return
    entries = [parse(line, agents) for line in typed.lines]
    made = [bead for entry in entries if (bead := await _write(board, entry)) is not None]
    if len(typed.lines) > 1:
        board.half.say(f"{counted(len(made), 'bead')} written")
    if made:
        board.lanes.choose(made[-1])
    elif len(typed.lines) == 1:
        draft[NEW] = typed.lines[0]


def _many(lines: Sequence[str]) -> Confirm:
    """Return the question whether a long list was meant, as what is pasted by mistake is not."""
    from halftui.tui.screens.confirm import Confirm

    most = f" That is the most at once: what follows “{lines[-1]}” is left out." * (len(lines) == MOST_LINES)
    ends = f"The first is “{lines[0]}”, the last “{lines[-1]}”."
    return Confirm(f"Write {len(lines)} beads?", f"{ends}{most}", "Write them")


async def _create_on_page(board: BoardScreen, entry: Entry) -> None:
    """Let a person write a bead on a page, again with their words as long as it can't be stored."""
    from halftui.tui.screens.bead_page import BeadPage, Written

    priority = 2 if entry.priority is None else entry.priority
    shown = Written(entry.title, priority=priority, labels=entry.labels)
    while (written := await board.app.push_screen_wait(BeadPage("New bead", shown))) is not None:
        shown = written
        if (bead := await _write(board, entry, written)) is not None:
            board.lanes.choose(bead)
            return


async def _write(board: BoardScreen, entry: Entry, written: Written | None = None) -> str | None:
    from halftui.ops import beads

    fields: dict[str, Any] = {"labels": list(entry.labels), "pin": entry.agent}
    if entry.priority is not None:
        fields["priority"] = entry.priority
    if written is not None:
        fields |= _fields(written)
    title = str(fields.pop("title", entry.title))
    return await board.half.tell(beads.create, board.half.board, title, after_beads=entry.waits_for, **fields)


async def edit(app: HalfApp, bead: str) -> None:
    """Let a person change a bead; who changed it meanwhile is not overwritten.

    What can't be stored stands on the page again, in the bead as it is by then.
    """
    from halftui.tui.screens.bead_page import BeadPage

    if (found := await _written(app, bead)) is None:
        return
    shown = found[0]
    while (written := await app.push_screen_wait(BeadPage(bead, shown))) is not None:
        start, version = found
        if await _change(app, bead, version, start, _fields(written)):
            return
        found = await _written(app, bead) or found
        own = {f.name: getattr(written, f.name) for f in fields(written)}
        shown = replace(found[0], **{k: v for k, v in own.items() if v != getattr(start, k)})


async def edit_outside(app: HalfApp, bead: str) -> None:
    """Let a person change a bead's words in their own editor; what can't be stored is kept in a file."""
    from halftui.tui import editor

    if (found := await _written(app, bead)) is None:
        return
    start, version = found
    try:
        edited = await editor.edit(app, start, bead)
    except HalfTUIError as error:
        app.refuse(error)
        return
    if edited is not None:
        fields, file = edited
        if await _change(app, bead, version, start, fields):
            await app.ask(editor.forget, file)
        else:
            app.say(f"what you wrote is kept in {file}", bead)


async def _written(app: HalfApp, bead: str) -> tuple[Written, int] | None:
    from halftui.ops import views
    from halftui.tui.screens.bead_page import Written

    try:
        detail = await app.ask(app.service.read, views.bead, bead)
    except HalfTUIError as error:
        app.refuse(error)
        return None
    was = detail.card
    found = Written(was.title, detail.description, detail.acceptance, was.priority, was.labels)
    return found, was.version


async def _change(app: HalfApp, bead: str, version: int, start: Written, fields: dict[str, Any]) -> bool:
    from halftui.ops import beads

    old = _fields(start)
    changed = {key: value for key, value in fields.items() if value != old[key]}
    return not changed or await app.did(beads.edit, bead, version, **changed)


async def comment(board: BoardScreen, card: Card) -> None:
    """Let a person say something about a bead."""
    await comment_on(board.half, card.id, card.title)


async def comment_on(app: HalfApp, bead: str, title: str) -> None:
    """Let a person say something about a bead; what they leave unsent is there the next time."""
    from halftui.ops import remarks
    from halftui.tui.screens.remark import RemarkSheet

    draft = DRAFTS.setdefault(app, {})
    remark = await app.push_screen_wait(
        RemarkSheet(f"Comment on {bead} {title}", "its next agent reads it too", draft.pop(bead, ""))
    )
    if not remark.is_sent:
        draft[bead] = remark.text
    elif await app.did(remarks.comment, bead, remark.text):
        app.say("noted, enter and ] show it", bead)


def _fields(written: Written) -> dict[str, Any]:
    return {
        "title": written.title,
        "description": written.description,
        "acceptance": written.acceptance,
        "priority": written.priority,
        "labels": list(written.labels),
    }


async def create_convoy(board: BoardScreen, cards: Sequence[Card]) -> None:
    """Let a person name a convoy of these beads; words that are beads' ids join it too."""
    from halftui.ops import convoys

    known = {c.id for lane in board.lanes.by_name.values() for c in lane.cards()}
    chosen = [c.id for c in cards]

    def explain(text: str) -> Chips:
        name, typed = _named(text, known)
        count = len({*chosen, *typed})
        return [
            (name or "a name", "text" if name else "muted"),
            (f"{count} bead{'s' * (count != 1)}", "label"),
        ]

    sheet = EntrySheet("New convoy", explain, CONVOY_KEYS)
    if (typed := await board.app.push_screen_wait(sheet)) is None:
        return
    name, more = _named(" ".join(typed.lines), known)
    members = list(dict.fromkeys([*chosen, *more]))
    if not members:
        board.half.refuse(Refused("a convoy needs beads", "space marks them"))
    elif await board.half.did(convoys.create, board.half.board, name, members):
        board.unmark()
        board.lanes.choose(members[0])  # so that S means it
        board.half.say("S starts it", f"{name} is staged with {len(members)} bead{'s' * (len(members) != 1)}")


def _named(text: str, known: set[str]) -> tuple[str, list[str]]:
    words = text.split()
    beads = [w.lstrip(">") for w in words if w.lstrip(">") in known]
    return " ".join(w for w in words if w.lstrip(">") not in known), beads
