"""Who looks at a board in this process, where their cursors stand, and what they are doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Looker:
    """One screen of a person.

    `changed` is called when others do something, with the beads that their cursors left and came to (none:
    somebody came, went, or does something else); `told` with news.
    """

    person: str
    board: str
    changed: Callable[[tuple[str, ...]], None]
    told: Callable[[str, str], None]
    presence: Presence
    bead: str = ""
    doing: str = ""  # such as `question 3f2`

    def look(self, bead: str) -> None:
        """Say where this cursor stands, "" if nowhere."""
        if bead != self.bead:
            before = self.bead
            self.presence.stand(self, bead)
            self.presence.stir(self, (before, bead))

    def do(self, what: str) -> None:
        """Say what this person is doing; "" if nothing that others should know."""
        if what != self.doing:
            self.doing = what
            self.presence.stir(self)

    @property
    def others(self) -> tuple[Looker, ...]:
        """The other people's screens on this board."""
        return tuple(o for o in self.presence.lookers if o.board == self.board and o.person != self.person)

    @property
    def names(self) -> tuple[str, ...]:
        """The other people on this board, each once."""
        return tuple(dict.fromkeys(o.person for o in self.others))

    def at(self, bead: str) -> str:
        """Return the initials of the others whose cursors stand on a bead."""
        there = self.presence.cursors.get((self.board, bead), ())
        names = dict.fromkeys(o.person for o in there if o.person != self.person)
        return " ".join(name[:2] for name in names)

    def who(self, what: str) -> str:
        """Return the names of the others who are doing this, in the order of the alphabet."""
        return ", ".join(sorted({o.person for o in self.others if o.doing == what}))


@dataclass
class Presence:
    """All screens of one process."""

    lookers: list[Looker] = field(default_factory=list)
    cursors: dict[tuple[str, str], list[Looker]] = field(default_factory=dict)  # by board and bead

    def arrive(
        self,
        person: str,
        board: str,
        changed: Callable[[tuple[str, ...]], None],
        told: Callable[[str, str], None],
    ) -> Looker:
        """Add a person's screen."""
        looker = Looker(person, board, changed, told, self)
        self.lookers.append(looker)
        self.stir(looker)
        return looker

    def leave(self, looker: Looker) -> None:
        """Forget a screen."""
        if looker in self.lookers:
            self.lookers.remove(looker)
            looker.look("")
            self.stir(looker)

    def stand(self, looker: Looker, bead: str) -> None:
        """Note where a cursor stands now, "" if nowhere."""
        if looker.bead:
            there = self.cursors[looker.board, looker.bead]
            there.remove(looker)
            if not there:
                del self.cursors[looker.board, looker.bead]
        looker.bead = bead
        if bead:
            self.cursors.setdefault((looker.board, bead), []).append(looker)

    def stir(self, cause: Looker, beads: tuple[str, ...] = ()) -> None:
        """Let the others on a board know that something about this screen changed."""
        for other in tuple(self.lookers):
            if other is not cause and other.board == cause.board and other.person != cause.person:
                other.changed(beads)

    def tell(self, board: str, cause: str, title: str, words: str) -> None:
        """Give news of what one person did to the screens of all others."""
        for other in tuple(self.lookers):
            if other.board == board and other.person != cause:
                other.told(title, words)
