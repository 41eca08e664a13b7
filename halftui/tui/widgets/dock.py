"""The foot of the board: what the chosen card's agent prints, and on a wide screen the other agents too."""

from collections.abc import Sequence

from textual.containers import Horizontal

from halftui.domain.shown import Card
from halftui.service.service import Service

MOST = 3


class Dock(Horizontal):
    """A row of panes, as many as there are attempts to show, at least one."""

    DEFAULT_CSS = "Dock { height: 0; }"

    def __init__(self, service: Service) -> None:
        super().__init__(id="dock")
        self._service = service
        self._shown: list[tuple[str, str]] = [("-", "")]

    async def follow(self, wanted: Sequence[tuple[str, str]]) -> None:
        """Show these attempts, each with its title."""
        from halftui.tui.widgets.pane import LinePane

        wanted = list(wanted) or [("", "no output yet")]
        if wanted == self._shown or not self.is_attached:
            return
        panes = list(self.query(LinePane))
        for extra in panes[len(wanted) :]:
            await extra.remove()
        while len(panes) < len(wanted):
            panes.append(LinePane(self._service))
            await self.mount(panes[-1])
        for pane, (attempt, title), shown in zip(panes, wanted, [*self._shown, *wanted], strict=False):
            if (attempt, title) != shown or len(wanted) != len(self._shown):
                pane.show(attempt or None, title)
        self._shown = list(wanted)


def attempts(chosen: Card | None, working: Sequence[Card], *, is_wide: bool) -> list[tuple[str, str]]:
    """Return the attempts to show with their titles: the chosen card's, and if wide the live ones.

    Where no card is chosen there is the one that works longest.

    A live one keeps its place while the cursor moves, so that nothing jumps.
    """
    own = [chosen] if chosen is not None and chosen.attempt else []
    live = sorted((c for c in working if c.attempt), key=lambda c: (c.started_at or 0, c.id))
    if not is_wide:
        return [(c.attempt, title(c)) for c in (live[:1] if chosen is None else own)]
    shown = live[:MOST]
    if own and own[0].attempt not in {c.attempt for c in shown}:
        shown = [*live[: MOST - 1], *own]
    return [(c.attempt, title(c)) for c in shown]


def title(card: Card) -> str:
    """Return a pane's title."""
    who = f" · {card.assignee}" if card.assignee else ""
    return f"{card.id} {card.title}{who}"
