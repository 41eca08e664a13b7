"""Every action of the board: its id, keys, words, and where it holds; bindings and help come from here."""

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does. `id` is the verb's name where it is a verb (bead.create)."""

    id: str
    keys: str  # comma separated, as Textual names them
    label: str  # two or three words, for the hint bar
    does: str  # one sentence, for the help
    where: str  # everywhere, board, pane, review, question, detail
    rank: int = 5  # lower is kept longer when the hint bar is narrow; 9 is never hinted

    @property
    def name(self) -> str:
        """The Textual action's name: `bead.create` is `action_bead_create`."""
        return self.id.replace(".", "_")


ACTIONS: tuple[Action, ...] = ()


def bindings(
    where: str, actions: Iterable[Action] = ACTIONS
) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Return the bindings that hold in a place."""
    return [Binding(a.keys, a.name, a.label, show=False, id=a.id) for a in actions if a.where == where]
