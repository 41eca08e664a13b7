"""What a reviewer decides: comment, accept, send back, drop; each asks the service and goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from halftui.domain.text import counted
from halftui.errors import HalfTUIError, Refused
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.remark import RemarkSheet

if TYPE_CHECKING:
    from halftui.tui.screens.review import ReviewScreen

LONGEST_QUOTE = 200
Verdict = Callable[["ReviewScreen"], Awaitable[None]]


def deciding(verdict: Verdict, *, is_final: bool = True) -> Callable[[ReviewScreen], None]:
    """Return an action of the review that decides something; `is_final`: on the bead as a whole."""
    return lambda review: review.decide(verdict, is_final=is_final)


async def comment(review: ReviewScreen) -> None:
    """Let a person write on the line under the cursor; an empty comment is taken away."""
    file, spot = review.shown, review.view.spot
    if file is None or file is not review.file or spot is None:
        review.half.refuse(Refused("no line here", "put the cursor on a line of the file"))
        return
    remarks = review.notes.comments.setdefault(file.path, {})
    line = review.view.line[1:]
    quote = line.strip()[:LONGEST_QUOTE]
    sheet = RemarkSheet(f"{file.path}:{spot[1]}", quote, remarks.get(spot, ""), "keep")
    written = await review.app.push_screen_wait(sheet)
    if written.text.strip():
        remarks[spot] = written.text.strip()
        review.notes.quoted[file.path, spot] = line
    else:
        remarks.pop(spot, None)
    if not remarks:
        del review.notes.comments[file.path]
    review.view.annotate(remarks)
    review.list_files()
    review.say_where()


async def accept(review: ReviewScreen) -> None:
    """Merge and close; ask first only if that can't be done without the agent."""
    half, found = review.half, review.work
    if found is None:
        return
    if found.conflicts and not await review.app.push_screen_wait(
        Confirm(
            f"{found.bead} conflicts in {', '.join(found.conflicts[:3])}",
            "Accepting can't merge it: it goes back to its agent, who settles the conflict.",
            "Send it back",
        )
    ):
        return
    title = review.detail.card.title if review.detail else found.bead
    review.say_doing("merging…")
    try:
        sha = await half.service.in_git(lambda: half.service.review(half.board).accept(found.bead))
    except HalfTUIError as error:
        half.refuse(error)
        await review.go_on(is_done=bool(found.conflicts))
        return
    is_queued = half.snapshot is not None and half.snapshot.board.is_queued
    word = "accepted, waits to be merged" if is_queued else "accepted"
    half.say(title, f"merged {sha[:8]}" if sha else word)
    await review.go_on(is_done=True)


async def reject(review: ReviewScreen) -> None:
    """Send the work back with a reason and all comments in one message."""
    notes, count, bead = review.notes, review.notes.count, review.bead
    if bead is None:
        return
    about = f"{counted(count, 'comment')} will be sent with it." if count else ""
    sheet = RemarkSheet(f"Send {bead} back: what is missing?", about, notes.draft)
    written = await review.app.push_screen_wait(sheet)
    notes.draft = written.text
    if not written.is_sent:
        return
    from halftui.ops import beads

    review.say_doing("sending…")
    is_done = await review.half.did(beads.reject, bead, notes.message(written.text))
    if is_done:
        review.half.say("its agent goes on with your words", f"{bead} sent back")
    await review.go_on(is_done=is_done)


async def drop(review: ReviewScreen) -> None:
    """Give the bead up after asking."""
    if (bead := review.bead) is None:
        return
    loss = "Its work is not merged. The branch is kept; what waits for it stays blocked."
    if not await review.app.push_screen_wait(Confirm(f"Drop {bead}?", loss, "Drop it")):
        return
    from halftui.ops import beads

    review.say_doing("dropping…")
    is_done = await review.half.did(beads.cancel, bead, "dropped in review")
    if is_done:
        review.half.say("its branch is kept", f"{bead} dropped")
    await review.go_on(is_done=is_done)
