"""The convoys: each as an outline or as drawn waves, with its edges, its beads and how far it is."""

from typing import Any, ClassVar

from rich.style import Style
from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.strip import Strip

from halftui.domain.shown import Card, ConvoyDetail
from halftui.domain.text import counted
from halftui.errors import Refused
from halftui.ops import listings
from halftui.tui import bars
from halftui.tui.draw import cut
from halftui.tui.entry import parse
from halftui.tui.keys import AGENTS, Action, bindings
from halftui.tui.screens import outline
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.entry import EntrySheet, explain_bead
from halftui.tui.screens.menu import Choice, Menu
from halftui.tui.screens.page import Told, prose
from halftui.tui.screens.place import Place
from halftui.tui.widgets.line import Line
from halftui.tui.widgets.waves import Waves

WAVES_FROM = 100  # columns; narrower a drawn picture can't be read
NONE = "no convoy yet: on the board space marks beads, N makes a convoy of them"

ACTIONS: tuple[Action, ...] = (
    Action("trip.open", "enter", "bead", "Open the bead", "convoys", 2, AGENTS),
    Action("trip.start", "S", "start", "Let the convoy go", "convoys", 1, AGENTS),
    Action("trip.next", "],tab", "next convoy", "Go to the next convoy", "convoys", 3, AGENTS),
    Action("trip.previous", "[,shift+tab", "convoy before", "Go to the convoy before", "convoys", 9, AGENTS),
    Action("trip.edges", "b", "waits for", "Change what the bead waits for", "convoys", 2, AGENTS),
    Action("trip.add", "n", "add bead", "Write a bead that travels along", "convoys", 3, AGENTS),
    Action("trip.form", "=", "waves", "Draw it as waves, or as an outline", "convoys", 4, AGENTS),
    Action("trip.dispatch", "s", "sling", "Let an agent take the bead", "convoys", 5, AGENTS),
    Action("trip.cancel", "x", "cancel", "Cancel the convoy (asks first)", "convoys", 6, AGENTS),
    Action("trip.leave", "escape", "back", "Back to the board", "convoys", 1, AGENTS),
)  # fmt: skip


class ConvoysScreen(Place):
    """One convoy at a time."""

    PLACE, NAME, ACTIONS = "convoys", "Convoys", ACTIONS
    ALONE = frozenset({"trip.leave"})
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("convoys", ACTIONS))
    DEFAULT_CSS = """
    ConvoysScreen #place > Waves { display: none; }
    ConvoysScreen.-waves #place > Waves { display: block; }
    ConvoysScreen.-waves #place > Page { height: auto; max-height: 5; }
    """

    def __init__(self, convoy: str = "") -> None:
        super().__init__()
        self._here = convoy
        self._found: ConvoyDetail | None = None
        self._names: tuple[tuple[str, str], ...] = ()
        self._form: bool | None = None  # drawn waves; else by the room there is
        self._waves = Waves()

    def compose(self) -> ComposeResult:
        """Return header, the convoys, the chosen one, hints."""
        header, frame, hints = super().compose()
        yield header
        yield Line(self._which, id="which")
        with frame:
            yield self._waves
        yield hints

    def on_resize(self, event: events.Resize) -> None:
        """Draw it otherwise where the room is another."""
        if self.is_mounted:
            self._present()

    @property
    def is_empty(self) -> bool:
        """Whether there is no convoy."""
        return self._found is None

    async def _fetch(self) -> None:
        snapshot = self.half.snapshot
        rows = snapshot.convoys if snapshot else ()
        self._names = tuple((c.id, c.name) for c in rows)
        if self._here not in dict(self._names):
            self._here = self._first()
        self._found = await self.half.ask(self._ask) if self._here else None

    def _first(self) -> str:
        """Return the convoy of the card that is chosen on the board, else the first one."""
        card: Card | None = getattr(self.app.screen_stack[0], "card", None)
        idents = [ident for ident, _ in self._names]
        return card.convoy if card and card.convoy in idents else next(iter(idents), "")

    def _ask(self) -> ConvoyDetail:
        return self.half.service.read(listings.convoy, self._here, self.half.board)

    @property
    def _is_drawn(self) -> bool:
        return self.app.size.width >= WAVES_FROM if self._form is None else self._form

    def _present(self) -> None:
        found = self._found
        is_drawn = self._is_drawn and found is not None
        self.set_class(is_drawn, "-waves")
        if found is None:
            self.tell(lambda width: prose(NONE, width, "muted"), "Convoys")
            return
        if is_drawn:
            self._waves.show(found.waves, outline.edges(found), found.critical)
            if not self._waves.has_focus and self.app.screen is self:
                self._waves.focus()
        elif self._waves.has_focus:
            self.page.focus()
        note = "beads that wait get no agent until they are ready" if found.convoy.state == "staged" else ""
        self.tell(self._told, found.convoy.name, note)

    def _told(self, width: int) -> list[Told]:
        assert self._found is not None
        found, now = self._found, self.half.clock()
        foot = outline.foot(found, width)
        if self._is_drawn:
            return [outline.head(found, now), *foot]
        return [outline.head(found, now), Told(), *outline.beads(found, now, width), Told(), *foot]

    def _which(self, width: int) -> Strip:
        inks = self.half.inks
        at = [ident for ident, _ in self._names].index(self._here) if self._here else 0
        here = inks["strong"] + Style(underline=True)
        entries = [[(cut(n, 24), here if i == at else inks["muted"])] for i, (_, n) in enumerate(self._names)]
        return bars.reel(width, entries, at, inks)

    # Keys

    @property
    def _bead(self) -> str:
        return self._waves.chosen if self._is_drawn else self.page.opens

    def copies(self) -> list[tuple[str, str]]:
        """Return what can be copied of the convoy."""
        if self._found is None:
            return []
        way = " → ".join(self._found.critical)
        return [("bead", self._bead), ("convoy", self._here), ("name", self._found.convoy.name),
                ("path (critical)", way), ("git branch", self._found.convoy.branch)]  # fmt: skip

    def action_trip_next(self) -> None:
        """Go to the next convoy."""
        self._turn(1)

    def action_trip_previous(self) -> None:
        """Go to the convoy before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        idents = [ident for ident, _ in self._names]
        if idents:
            self._here = idents[(idents.index(self._here) + by) % len(idents)]
            self._waves.chosen = ""
            self.read()

    def action_trip_form(self) -> None:
        """Draw it otherwise."""
        self._form = not self._is_drawn
        self._present()

    def action_trip_open(self) -> None:
        """Open the bead."""
        if self._bead:
            self.half.open_detail(self._bead)

    def on_page_opened(self) -> None:
        """Open what was clicked."""
        self.action_trip_open()

    def on_waves_opened(self) -> None:
        """Open what was clicked."""
        self.action_trip_open()

    def _is_there(self) -> bool:
        """Return True if a convoy is chosen; if there is none to choose, a toast says so."""
        if self._found is None:
            self.half.refuse(Refused("there is no convoy yet", "N on the board makes one of marked beads"))
        return self._found is not None

    async def _does(self, op: Any, *args: Any, words: str = "", **fields: Any) -> None:
        if await self.half.did(op, *args, **fields):
            if words:
                self.half.say(words, self._found.convoy.name if self._found else "")
            self.read()

    @work(group="verbs")
    async def action_trip_start(self) -> None:
        """Let it go."""
        from halftui.ops import convoys

        if self._is_there() and (found := self._found) is not None:
            await self._does(
                convoys.start, self._here, words=f"{counted(found.convoy.total, 'bead')} on the way"
            )

    @work(group="verbs")
    async def action_trip_dispatch(self) -> None:
        """Let an agent take the bead."""
        from halftui.ops import beads

        if self._is_there() and self._bead:
            self.half.teller.expect(self._bead)
            await self._does(beads.dispatch, self._bead)

    @work(group="verbs")
    async def action_trip_cancel(self) -> None:
        """Cancel it after asking."""
        from halftui.ops import convoys

        if not self._is_there() or self._found is None:
            return
        loss = "Its unfinished beads are dropped and their agents stop; branches are kept."
        name = self._found.convoy.name
        if await self.app.push_screen_wait(Confirm(f"Cancel the convoy {name}?", loss, "Cancel it")):
            await self._does(convoys.cancel, self._here)

    @work(group="verbs")
    async def action_trip_add(self) -> None:
        """Write a bead that travels along."""
        from halftui.ops import beads

        if not self._is_there():
            return
        keys = [("enter", "write"), ("esc", "back")]
        typed = await self.app.push_screen_wait(EntrySheet("New bead", explain_bead, keys))
        for line in typed.lines if typed else ():
            entry = parse(line)
            fields: dict[str, Any] = {"labels": list(entry.labels)}
            fields |= {} if entry.priority is None else {"priority": entry.priority}
            await self._does(beads.create, self.half.board, entry.title, convoy=self._here,
                             after_beads=entry.waits_for, **fields)  # fmt: skip

    @work(group="verbs")
    async def action_trip_edges(self) -> None:
        """Change what the bead waits for; a cycle is refused and printed."""
        from halftui.ops import edges

        bead = self._bead
        if not self._is_there():
            return
        if self._found is None or not bead:
            self.half.refuse(Refused("no bead is chosen", "j and k choose one"))
            return
        held = {before for before, behind in outline.edges(self._found) if behind == bead}
        cards = [card for wave in self._found.waves for card in wave if card.id != bead]
        choices = [
            Choice(c.id, f"{'◆' if c.id in held else ' '} {c.id} {c.title}", "",
                   "focus" if c.id in held else "text")
            for c in sorted(cards, key=lambda c: c.id not in held)
        ]  # fmt: skip
        if not choices:
            self.half.say("it travels alone")
            return
        taken = await self.app.push_screen_wait(Menu(f"{bead} waits for", choices, narrows=True))
        if taken in held:
            await self._does(edges.unlink, bead, taken, words=f"{bead} waits for {taken} no more")
        elif taken is not None:
            await self._does(edges.link, bead, taken, words=f"{bead} waits for {taken}")

    def action_trip_leave(self) -> None:
        """Go back."""
        self.dismiss()
