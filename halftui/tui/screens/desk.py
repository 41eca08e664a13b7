"""What a reviewer sees and notes of a bead's work, apart from any screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from textual.app import App

from halftui.domain.shown import Card, Detail, FileRow, Work
from halftui.domain.text import counted
from halftui.tui.cards import Fact, fares
from halftui.tui.draw import age
from halftui.tui.items import Item
from halftui.tui.widgets.patch import Spot

SHORT_PATH = 24
WITHOUT_WORK = ("review.leave", "review.output")  # what can be done then; the second where there is a bead


@dataclass
class Notes:
    """What a reviewer noted about one state of a bead's work."""

    seen: set[str] = field(default_factory=set)
    comments: dict[str, dict[Spot, str]] = field(default_factory=dict)
    quoted: dict[tuple[str, Spot], str] = field(default_factory=dict)  # the lines commented on
    draft: str = ""  # of the reason to send it back

    @property
    def count(self) -> int:
        """How many comments there are."""
        return sum(map(len, self.comments.values()))

    def message(self, reason: str) -> str:
        """Return the reason and all comments as the one message that the agent gets."""
        parts = [reason.strip()] if reason.strip() else []
        for path, remarks in self.comments.items():
            for spot, text in sorted(remarks.items(), key=lambda item: item[0][1]):
                where = f"{path}:{spot[1]}{' (removed line)' if spot[0] == '-' else ''}"
                line = self.quoted.get((path, spot), "").strip()
                parts.append(f"{where}\n> {line}\n{text}" if line else f"{where}\n{text}")
        return "\n\n".join(parts)


# An app belongs to one person; leaving the screen must not lose what they wrote.
KEPT: WeakKeyDictionary[App[None], dict[tuple[str, str], Notes]] = WeakKeyDictionary()


def intro(detail: Detail, work: Work) -> str:
    """Return what the agent says of its work, and the result that it left."""
    said = f"{detail.card.assignee or 'the agent'} says:\n{detail.summary.strip()}" if detail.summary else ""
    return "\n\n".join(filter(None, [said, f"its result:\n{work.result}" if work.result else ""]))


def queued(card: Card, now: float, here: str | None) -> Item:
    """Return a bead as the queue shows it; `here` is the one that is open."""
    below = (
        Fact(f"+{card.plus} -{card.minus}", "review", 1),
        Fact(card.assignee, "agent", 2),
        Fact(age(now - card.updated_at), "muted", 3),
    )
    title = (Fact(card.title, "text", 0, least=8),)
    sign, ink, name = ("▸", "focus", "strong") if card.id == here else ("✓", "review", "muted")
    return Item("review", card.id, card.id, sign, ink, card.id, name, title, below)


def place(queue: Sequence[Item], bead: str | None) -> str:
    """Return which of how many in the queue this is, "" if it is not there."""
    ids = [item.key for item in queue]
    return f"{ids.index(bead) + 1} of {len(ids)}" if bead in ids else ""


def listed(file: FileRow, notes: Notes, here: FileRow | None) -> Item:
    """Return a file as the list shows it; `here` is the one that is shown."""
    count = len(notes.comments.get(file.path, ()))
    facts = [Fact(_counts(file), "muted", 1)] + ([Fact(f"c{count}", "asking", 0)] if count else [])
    sign, ink = ("✓", "done") if file.path in notes.seen else ("·", "muted")
    mark, name = ("▸", "strong") if file is here else (" ", "text")
    return Item("file", file.path, "", sign, ink, f"{mark} {_short(file.path)}", name, tuple(facts))


def about(
    card: Card, found: Work | None, branch: str, doing: str, place: str, *, is_waiting: bool
) -> list[Fact]:
    """Return what the row above the diff says of a bead and its work; `place` is its own in the queue."""
    facts = [Fact(f"{card.id} {card.title}", "strong", 0, least=16)]
    facts += [Fact(place, "muted", 2)] if place else []
    facts += [Fact(card.assignee, "agent", 3)] if card.assignee else []
    if doing:
        return [*facts, Fact(doing, "asking", 1)]
    if found is None:
        return facts
    counts = f"{counted(len(found.files), 'file')} +{found.plus} -{found.minus}"
    facts += [Fact(card.progress, fares(card, "asking"), 1, least=16)] if card.progress else []
    return [*facts, Fact(counts, "review", 2), _merges(found, branch, is_waiting=is_waiting)]


def said(file: FileRow) -> list[str]:
    """Return what a patch's lines do not say by themselves."""
    words = {
        "binary": "a binary file: there are no lines to show",
        "symlink": "a symbolic link: the line is the place that it points to",
        "lfs": "a pointer of Git LFS: its content is not here, and is never fetched",
        "submodule": "a submodule: the line is the commit that it stands at",
    }
    return [words[file.form]] if file.form in words else []


def _merges(found: Work, branch: str, *, is_waiting: bool) -> Fact:
    if found.is_merged:
        return Fact("✓ merged", "done", 1)
    if found.conflicts:
        return Fact(f"✗ conflicts with {branch}: {', '.join(found.conflicts)}", "failed", 1, least=24)
    if not is_waiting:
        return Fact("not in review", "muted", 1)
    return Fact(f"✓ merges into {branch}", "done", 4)


def _counts(file: FileRow) -> str:
    if file.form != "text":
        return file.form
    plus, minus = f"+{file.plus}" if file.plus else "", f"-{file.minus}" if file.minus else ""
    return f"{plus} {minus}".strip() or file.kind


def _short(path: str) -> str:
    return path if len(path) <= SHORT_PATH else f"…{path[1 - SHORT_PATH :]}"
