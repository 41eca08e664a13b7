"""Reviewing: the queue, its files and their changes; accept, or send back with comments."""

import asyncio
from typing import ClassVar

from textual import events
from textual import work as worker
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip

from halftui.domain.shown import Card, Detail, FileRow, Snapshot, Work
from halftui.domain.text import counted
from halftui.errors import HalfTUIError, Refused
from halftui.ops import views
from halftui.tui import bars, items, lending
from halftui.tui.app import HalfApp, half
from halftui.tui.cards import tell
from halftui.tui.draw import Row
from halftui.tui.items import Item
from halftui.tui.keys import Action, bindings
from halftui.tui.screens import desk, verdicts
from halftui.tui.screens.desk import Notes
from halftui.tui.screens.verdicts import Verdict, deciding
from halftui.tui.widgets import diff
from halftui.tui.widgets.diff import DiffView
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.rail import Box

LISTS_FROM = 100  # columns; below, queue and files fold into one line
CONTEXTS = (0, 1, 3, 8, 20, 100_000)
USUAL_CONTEXT = 2
NOTHING = "nothing waits for a review"

ACTIONS: tuple[Action, ...] = (
    Action("review.accept", "a", "accept & merge", "Merge the work and close the bead", "review", 0),
    Action("review.reject", "r", "send back", "Send it back with a reason and all comments", "review", 0),
    Action("review.drop", "R", "drop", "Give the bead up (asks first); its branch is kept", "review", 1),
    Action("review.file", "]", "file", "Go to the next file", "review", 2),
    Action("review.file_before", "[", "file before", "Go to the file before", "review", 9),
    Action("review.seen", "space", "seen", "Mark the file as seen and go to the next", "review", 2),
    Action("review.comment", "c", "comment", "Comment on the line; r sends all comments", "review", 2),
    Action("review.space", "W", "ignore space", "Ignore changes of white space, or show them", "review", 7),
    Action("review.more", "}", "context", "Show more lines around changes", "review", 6),
    Action("review.less", "{", "less", "Show fewer lines around changes", "review", 9),
    Action("review.output", "o", "output", "What its agent printed", "review", 7),
    Action("review.shell", "T", "shell", "A shell where an agent works on it", "review", 6),
    Action("review.open", "enter", "open", "Open the chosen bead or file", "review", 8),
    Action("review.leave", "escape", "back", "Back to where you were; comments are kept", "review", 3),
)
_VERDICTS = ("review.accept", "review.reject", "review.drop")


class ReviewScreen(Screen[None]):
    """The review of one bead after the other, the oldest first."""

    PLACE = "review"
    AUTO_FOCUS = "#diff"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("review", ACTIONS))
    DEFAULT_CSS = """
    ReviewScreen #left { width: 36; display: none; }
    ReviewScreen.-lists #left { display: block; }
    ReviewScreen #files { height: 2fr; }
    ReviewScreen #frame {
        border: round $border; border-title-color: $text-muted; border-subtitle-color: $text-muted;
    }
    ReviewScreen #frame:focus-within {
        border: heavy $primary; border-title-color: $primary; border-title-style: bold;
    }
    """

    def __init__(self, bead: str | None = None) -> None:
        super().__init__()
        self.bead = bead
        self._card: Card | None = None
        self.detail: Detail | None = None
        self.work: Work | None = None
        self.notes = Notes()
        self._file = 0
        self.shown: FileRow | None = None  # whose patch stands in the view
        self._around, self._ignores_space = USUAL_CONTEXT, False
        self.doing = ""  # what is under way, in a word
        self._shown = asyncio.Event()  # there is something to decide on, or word why not
        self._is_next = False  # it opened by itself, after a verdict on another
        self._decides = False

    @property
    def half(self) -> HalfApp:
        """The app, as what it is."""
        return half(self)

    @property
    def file(self) -> FileRow | None:
        """The file that is shown."""
        files = self.work.files if self.work else ()
        return files[self._file] if files else None

    # What stands on it

    def compose(self) -> ComposeResult:
        """Return header, lists, diff and hints."""
        inks = self.half.inks
        yield Line(self._header, id="header")
        yield Line(self._about, id="about")
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                yield Box("To review", ("", NOTHING), inks, id="queue")
                yield Box("Files", ("", "no files"), inks, id="files")
            with Vertical(id="frame"):
                yield DiffView(id="diff")
        yield Line(self._verdicts, id="verdicts")
        yield Line(self._hints, id="hints")

    def on_mount(self) -> None:
        """Open the first bead."""
        self.view = self.query_one(DiffView)
        self._queue, self._files = self.query_one("#queue", Box), self.query_one("#files", Box)
        self._frame = self.query_one("#frame", Vertical)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())
        self.watch(self.view, "cursor", lambda _: self.say_where(), init=False)
        if self.half.snapshot is not None:
            self.show(self.half.snapshot)
        self._open(self.bead or self._oldest())

    def on_resize(self, event: events.Resize) -> None:
        """Fold or unfold the lists."""
        self.set_class(event.size.width >= LISTS_FROM, "-lists")

    def show(self, snapshot: Snapshot) -> None:
        """Take over who waits now."""
        cards = items.by_age(snapshot)
        now = self.half.clock()
        self._queue.heading = f"To review {len(cards)}"
        self._queue.show([desk.queued(card, now, self.bead) for card in cards], "oldest first")
        self._card = next((card for card in cards if card.id == self.bead), None)
        if self.bead is None and not self.doing and cards:
            self._open(cards[0].id)
        self._repaint()

    def _oldest(self) -> str | None:
        cards = items.by_age(self.half.snapshot) if self.half.snapshot else []
        return next((card.id for card in cards if card.id != self.bead), None)

    def _repaint(self) -> None:
        for line in self.query(Line):
            line.refresh()

    def _dress(self) -> None:
        for box in (self._queue, self._files):
            box.dress(self.half.inks)
        self._repaint()

    # Reading

    def _open(self, bead: str | None) -> None:
        self.bead, self.detail, self.work, self._file, self.shown = bead, None, None, 0, None
        self.notes = Notes()
        self._shown.clear()
        self._files.heading = "Files"
        self._files.show([])
        if self.half.snapshot is not None:
            self.show(self.half.snapshot)
        if bead is None:
            self.doing = ""
            self._settle()
            self._frame.border_title = self._frame.border_subtitle = None
            self.view.say(f"{NOTHING} · esc goes back")
            self._repaint()
            return
        ids = [item.key for item in self._queue.items]
        self._queue.move(ids.index(bead) if bead in ids else 0)
        self._read(bead)

    @worker(group="reading", exclusive=True)
    async def _read(self, bead: str) -> None:
        self.doing = "reading…"
        self.view.say("reading…")
        self._repaint()
        service = self.half.service
        try:
            self.detail = await self.half.ask(service.read, views.bead, bead)
            found = await service.in_git(lambda: service.review(self.half.board).work(bead))
        except HalfTUIError as error:
            self.doing = ""
            self._settle()
            self.view.say(f"{error.message}\n{error.hint}")
            self._repaint()
            return
        self.work, self.doing = found, ""
        kept = desk.KEPT.setdefault(self.app, {})
        self.notes = kept.setdefault((bead, found.tip), Notes())
        unseen = [n for n, file in enumerate(found.files) if file.path not in self.notes.seen]
        self._turn_to(unseen[0] if unseen else 0)

    def _turn_to(self, number: int) -> None:
        if self.work is None or not self.work.files:
            self._settle()
            self.view.say("no file differs from where the work began")
            self._repaint()
            return
        self._file = number % len(self.work.files)
        self.list_files()
        self._files.move(self._file)
        self._shown.clear()
        self._read_patch(self.work.bead, self.work.files[self._file])

    @worker(group="reading", exclusive=True)
    async def _read_patch(self, bead: str, file: FileRow) -> None:
        self.say_where()
        context, ignores, service = CONTEXTS[self._around], self._ignores_space, self.half.service
        try:
            lines = await service.in_git(
                lambda: service.review(self.half.board).patch(bead, file.path, context, ignores_space=ignores)
            )
        except HalfTUIError as error:
            self.view.say(str(error))
            self.half.refuse(error)
            self._settle()
            return
        self.shown = file
        intro = self._intro() if self._file == 0 else ""
        self.view.show([*desk.said(file), *lines], self.notes.comments.get(file.path), intro, file.path)
        self.say_where()
        self._settle()

    def _settle(self) -> None:
        self._is_next = False
        self._shown.set()
        self._repaint()

    def _intro(self) -> str:
        return desk.intro(self.detail, self.work) if self.detail and self.work else ""

    def list_files(self) -> None:
        """Show the files with their marks."""
        files = self.work.files if self.work else ()
        seen = sum(file.path in self.notes.seen for file in files)
        self._files.heading = f"Files {seen}/{len(files)} seen"
        self._files.show([desk.listed(file, self.notes, self.file) for file in files], "space seen")
        self._repaint()

    def say_where(self) -> None:
        """Show in the frame which file and hunk this is, and what was noted."""
        file, files = self.file, self.work.files if self.work else ()
        if file is None:
            return
        hunk, hunks = self.view.hunk if self.shown is file else (0, 0)
        parts = [file.path, f"{self._file + 1}/{len(files)}", f"hunk {hunk}/{hunks}" if hunks else ""]
        self._frame.border_title = Content(" · ".join(part for part in parts if part))
        seen = sum(f.path in self.notes.seen for f in files)
        told = [counted(self.notes.count, "comment"), f"{seen} of {len(files)} seen"]
        told += ["space ignored"] if self._ignores_space else []
        self._frame.border_subtitle = Content(" · ".join(told[0 if self.notes.count else 1 :]))

    # Its single rows

    def _header(self, width: int) -> Strip:
        if self.half.snapshot is None:
            return Strip.blank(width)
        return self._grounded(bars.header(width, self.half.snapshot, "Review", self.half.inks))

    def _grounded(self, strip: Strip) -> Strip:
        return strip.apply_style(self.half.inks["ground"])

    def _about(self, width: int) -> Strip:
        inks, row = self.half.inks, Row(width, self.half.inks["ground"]).skip(1)
        if self.detail is None:
            return row.put(self.doing or ("" if self.bead else NOTHING), inks["muted"]).strip()
        branch = self.half.snapshot.board.branch if self.half.snapshot else "the target"
        place = "" if self.has_class("-lists") else desk.place(self._queue.items, self.bead)
        is_waiting = self._card is not None
        told = desk.about(self.detail.card, self.work, branch, self.doing, place, is_waiting=is_waiting)
        tell(row, told, inks)
        return row.strip()

    def _verdicts(self, width: int) -> Strip:
        inks, row = self.half.inks, Row(width, self.half.inks["ground"]).skip(1)
        for action in (a for a in ACTIONS if a.id in _VERDICTS) if self.work and not self._is_next else ():
            told = self.notes.count if action.id == "review.reject" else 0
            label = f"{action.label} with {counted(told, 'comment')}" if told else action.label
            key, text = ("key", "text") if self.half.may(action.id) else ("edge", "edge")
            row.put(action.key, inks[key]).put(f" {label}", inks[text]).skip(3)
        return row.strip()

    def _hints(self, width: int) -> Strip:
        rest = [a for a in (*ACTIONS, *diff.ACTIONS) if a.id not in _VERDICTS and a.rank < 9]
        if not (self.work or self.doing):
            rest = [a for a in rest if a.id in desk.WITHOUT_WORK[: 1 + (self.detail is not None)]]
        return self._grounded(bars.hints(width, rest, self.half.inks, self.half.may))

    # Files

    def action_review_file(self) -> None:
        """Go to the next file."""
        self._turn_to(self._file + 1)

    def action_review_file_before(self) -> None:
        """Go to the file before."""
        self._turn_to(self._file - 1)

    def action_review_seen(self) -> None:
        """Mark the file as seen and go to the next that is not; or take the mark away."""
        if (file := self.file) is None or self.work is None:
            return
        self.notes.seen ^= {file.path}
        count = len(self.work.files)
        order = [(self._file + step) % count for step in range(1, count)]
        unseen = [n for n in order if self.work.files[n].path not in self.notes.seen]
        self.list_files()
        self.say_where()
        if file.path in self.notes.seen and unseen:
            self._turn_to(unseen[0])

    def action_review_space(self) -> None:
        """Ignore changes of white space, or show them."""
        self._ignores_space = not self._ignores_space
        self._turn_to(self._file)

    def action_review_more(self) -> None:
        """Show more lines around changes."""
        self._set_around(1)

    def action_review_less(self) -> None:
        """Show fewer lines around changes."""
        self._set_around(-1)

    def _set_around(self, by: int) -> None:
        self._around = min(max(self._around + by, 0), len(CONTEXTS) - 1)
        self._turn_to(self._file)

    # Lists

    def action_review_open(self) -> None:
        """Open what is chosen in the list that has the focus."""
        if isinstance(self.focused, Box) and self.focused.item is not None:
            self._open_item(self.focused.item)

    def on_box_opened(self, event: Box.Opened) -> None:
        """Open what was clicked twice."""
        self._open_item(event.item)

    def _open_item(self, item: Item) -> None:
        if item.kind == "review" and item.key != self.bead:
            self._open(item.key)
        elif item.kind == "file":
            self._turn_to(self._files.cursor)
        self.view.focus()

    # Comments and verdicts

    action_review_comment = deciding(verdicts.comment, is_final=False)
    action_review_accept = deciding(verdicts.accept)
    action_review_reject = deciding(verdicts.reject)
    action_review_drop = deciding(verdicts.drop)
    action_review_shell = lending.visits(lambda review: review.bead)

    def decide(self, verdict: Verdict, *, is_final: bool) -> None:
        """Do what was decided; a final verdict on a bead that nobody has seen yet is refused."""
        if is_final and self._is_next:
            self.half.refuse(Refused("another bead opens just now", "look at it first"))
        else:
            self._decide(verdict)

    @worker(group="verdict")
    async def _decide(self, verdict: Verdict) -> None:
        """Decide one after the other, once there is something to decide on."""
        if self._decides:
            return
        self._decides = True
        try:
            await self._shown.wait()
            await verdict(self)
        finally:
            self._decides = False

    async def go_on(self, *, is_done: bool) -> None:
        """Open the next bead, or this one again."""
        self.doing = ""
        await self.half.renew()
        if self.is_attached:
            self._is_next = is_done
            self._open(self._oldest() if is_done else self.bead)

    def say_doing(self, word: str) -> None:
        """Say what is under way."""
        self.doing = word
        self._repaint()

    def action_review_output(self) -> None:
        """Show what the agent printed."""
        if self.detail is not None:
            self.half.open_output(self.detail.card)

    def action_review_leave(self) -> None:
        """Go back."""
        self.app.pop_screen()
