"""The agents of a board: what each does now, at what cost, and what it did before."""

from typing import ClassVar

from textual import work
from textual.binding import BindingType

from halftui.domain.identity import identicon
from halftui.domain.shown import Card
from halftui.ops import flow
from halftui.ops.flow import Crew
from halftui.tui import tables
from halftui.tui.draw import age, amount, money
from halftui.tui.keys import AGENTS, Action, bindings
from halftui.tui.screens.confirm import Confirm
from halftui.tui.screens.page import Told, prose
from halftui.tui.screens.place import Place
from halftui.tui.tables import Column, Line

SIGNS = {"asking": ("?", "asking"), "working": ("▶", "working"), "idle": ("·", "muted")}
COLUMNS = (
    Column("", 1, rank=0), Column("", 3, "agent", 10), Column("agent", 10, "agent", 0),
    Column("bead", 9, "muted", 3), Column("does", 0, "text", 0),
    Column("since", 5, "muted", 2, is_right=True),
    Column("tokens", 6, "muted", 6, is_right=True), Column("cost", 7, "money", 1, is_right=True),
    Column("tries", 5, "muted", 7, is_right=True), Column("passed", 6, "done", 5, is_right=True),
    Column("failed", 6, "failed", 6, is_right=True), Column("in all", 8, "money", 4, is_right=True),
    Column("account", 12, "text", 8), Column("runtime", 8, "muted", 9),
    Column("profile", 14, "text", 10),
)  # fmt: skip

ACTIONS: tuple[Action, ...] = (
    Action("agent.open", "enter", "bead", "Open what it works on", "agents", 1, AGENTS),
    Action("agent.output", "o", "output", "What it prints", "agents", 2, AGENTS),
    Action("agent.answer", "a", "answer", "Answer it", "agents", 2, AGENTS),
    Action("agent.review", "d", "changes", "Look at what it changed so far", "agents", 5, AGENTS),
    Action("agent.stop", "X", "stop", "Stop it (asks first)", "agents", 4, AGENTS),
    Action("agent.retire", "x", "send home", "Send an idle one home", "agents", 6, AGENTS),
    Action("agent.leave", "escape", "back", "Back to the board", "agents", 1, AGENTS),
)  # fmt: skip


class AgentsScreen(Place):
    """Who runs what, at what cost, with how many slots left."""

    PLACE, NAME, ACTIONS = "agents", "Agents", ACTIONS
    ALONE = frozenset({"agent.leave"})
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("agents", ACTIONS))

    def __init__(self) -> None:
        super().__init__()
        self._crew: tuple[Crew, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no agent."""
        return not self._crew

    async def _fetch(self) -> None:
        self._crew = await self.half.ask(self.half.service.read, flow.crew, self.half.board)

    def _present(self) -> None:
        snapshot = self.half.snapshot
        cap = snapshot.board.cap if snapshot else 0
        live = sum(bool(a.attempt) for a in self._crew)
        paused = " · paused: p on the board lets them start" if snapshot and snapshot.board.is_paused else ""
        self.tell(self._told, f"Agents {live}/{cap}", f"{max(cap - live, 0)} slots free{paused}")

    def _told(self, width: int) -> list[Told]:
        if not self._crew:
            return prose("no agent yet: s on the board lets one take a bead", width, "muted")
        now = self.half.clock()
        asked = {ask.attempt: ask.text for ask in self.half.snapshot.asks} if self.half.snapshot else {}
        lines = [Line(_cells(a, asked.get(a.attempt, ""), now), a.id) for a in self._crew]
        spent, tokens = sum(a.total_usd for a in self._crew), sum(a.total_tokens for a in self._crew)
        total = f"{money(spent)} and {amount(tokens)} tokens in all"
        return [*tables.told(COLUMNS, lines, width), Told(), Told(((total, "muted"),))]

    # Keys

    @property
    def _agent(self) -> Crew | None:
        return next((a for a in self._crew if a.id == self.page.opens), None)

    @property
    def _card(self) -> Card | None:
        snapshot = self.half.snapshot
        return snapshot.card(self._agent.bead) if snapshot and self._agent else None

    def copies(self) -> list[tuple[str, str]]:
        """Return what can be copied of the agent."""
        found = self._agent
        return [("name", found.name), ("bead", found.bead), ("attempt", found.attempt)] if found else []

    def action_agent_open(self) -> None:
        """Open its bead."""
        if self._agent is not None and self._agent.bead:
            self.half.open_detail(self._agent.bead)

    def on_page_opened(self) -> None:
        """Open what was clicked."""
        self.action_agent_open()

    def action_agent_output(self) -> None:
        """Show what it prints."""
        if self._card is not None:
            self.half.open_output(self._card)
        elif self._agent is not None:
            self.half.say("it does nothing now", self._agent.name)

    def action_agent_answer(self) -> None:
        """Answer it."""
        asks = self.half.snapshot.asks if self.half.snapshot else ()
        found = next((ask for ask in asks if self._agent and ask.attempt == self._agent.attempt), None)
        if found is not None:
            self.half.open_ask(found)
        elif self._agent is not None:
            self.half.say("it asks nothing", self._agent.name)

    def action_agent_review(self) -> None:
        """Look at what it changed."""
        if self._agent is not None and self._agent.bead:
            self.half.open_review(self._agent.bead)

    @work(group="verbs")
    async def action_agent_stop(self) -> None:
        """Stop it after asking."""
        from halftui.ops import attempts

        if (found := self._agent) is None or not found.attempt:
            return
        loss = "What it did so far stays on its branch; the bead is held until r."
        if await self.app.push_screen_wait(Confirm(f"Stop {found.name} on {found.bead}?", loss, "Stop")):
            await self.half.tell(attempts.stop, found.attempt, "")

    @work(group="verbs")
    async def action_agent_retire(self) -> None:
        """Send it home."""
        from halftui.ops import agents

        if self._agent is not None and await self.half.did(agents.retire, self._agent.id):
            self.read()

    def action_agent_leave(self) -> None:
        """Go back."""
        self.dismiss()


def _cells(found: Crew, asked: str, now: float) -> list[str | tuple[str, str]]:
    does = asked.partition("\n")[0] or found.now or found.title or found.status
    ink = "asking" if asked else "text" if found.attempt else "muted"
    face = identicon(found.public).line() if found.public else ""
    return [
        SIGNS[found.status], face, found.name, found.bead, (does, ink),
        age(now - found.since) if found.since is not None else "",
        amount(found.tokens) if found.tokens else "", money(found.cost_usd) if found.cost_usd else "",
        str(found.tries or ""), str(found.passed or ""), str(found.failed or ""), money(found.total_usd),
        found.account or "platform", found.runtime, found.profile,
    ]  # fmt: skip
