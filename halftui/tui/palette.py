"""Every action of the place, found by its words in the command palette."""

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from halftui.tui.keys import MOVE, Action
from halftui.tui.offers import offered, perform


class Actions(Provider):
    """The registry, as the palette wants it."""

    async def discover(self) -> Hits:
        """Yield every action while nothing is typed."""
        for each in self._actions():
            yield DiscoveryHit(_words(each), partial(self._run, each), help=f"key {each.key}")

    async def search(self, query: str) -> Hits:
        """Yield the actions that match what is typed."""
        matcher = self.matcher(query)
        for each in self._actions():
            if (score := matcher.match(_words(each))) > 0:
                shown = matcher.highlight(_words(each))
                yield Hit(score, shown, partial(self._run, each), help=f"key {each.key}")

    def _actions(self) -> list[Action]:
        found = [a for a in offered(self.screen) if a.group != MOVE and a.id != "palette"]
        return sorted(found, key=lambda a: a.where == "everywhere")

    async def _run(self, each: Action) -> None:
        await perform(self.screen, each)


def _words(each: Action) -> str:
    return f"{each.label.capitalize()}: {each.does[0].lower()}{each.does[1:]}"
