"""A search in the lines of a pane: typed key by key, then stepped through."""

from collections.abc import Sequence

from textual import events

from halftui.domain.text import clean_line

LONGEST_PASTE = 200


class Search:
    """What is sought in a pane, and which of its places is the one that one is at."""

    def __init__(self) -> None:
        self.typed: str | None = None  # what is being typed
        self.sought = ""
        self.here: int | None = None  # number of the line that was found

    def begin(self) -> None:
        """Take keys from now on."""
        self.typed = ""

    def give_up(self) -> None:
        """Forget what is being typed."""
        self.typed = None

    def take(self, event: events.Key) -> str | None:
        """Take a key of what is being typed; return it once it is finished."""
        typed = self.typed or ""
        if event.key == "escape":
            self.typed = None
        elif event.key == "enter":
            self.typed = None
            return typed
        elif event.key == "backspace":
            self.typed = typed[:-1]
        elif event.is_printable and event.character:
            self.typed = typed + event.character
        return None

    def paste(self, text: str) -> None:
        """Take pasted text into what is being typed."""
        if self.typed is not None:
            self.typed += clean_line(text, longest=LONGEST_PASTE)

    def seek(self, text: str) -> None:
        """Seek another text; "" ends the search."""
        self.sought, self.here = text, None

    def step(self, found: Sequence[int], by: int) -> int | None:
        """Go to the next place (1) or the one before (-1) of those that were found; return its line."""
        if found:
            place = found.index(self.here) + by if self.here in found else (0 if by > 0 else -1)
            self.here = found[place % len(found)]
        return self.here if found else None

    def words(self, found: Sequence[int]) -> str:
        """Return what the border says of it, "" for no search."""
        if not self.sought:
            return ""
        place = found.index(self.here) + 1 if self.here in found else 0
        return f"/{self.sought} {place} of {len(found)}" if found else f"/{self.sought} not found"
