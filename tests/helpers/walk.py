"""The journeys of the demo's board, by the keys that its screens name."""

from tests.helpers.tmux import Terminal


def watch(seen: Terminal) -> None:
    """One key shows what agents print; esc leads back."""
    seen.press("4")
    seen.until("Bash", "FOLLOW")
    seen.press("Escape")
    seen.until("Ready", "Working")


def answer(seen: Terminal) -> None:
    """Two keys answer a question from anywhere."""
    seen.until("asks you")
    seen.press("2", "!")
    seen.until("Maple asks", "Which database should sessions use?", "1-2 answer")
    seen.press("1")
    seen.until("Agents", gone=["Which database"])
    seen.press("1")
    seen.until("Review 4", gone=["asks you"])


def review(seen: Terminal) -> None:
    """A comment is sent back with a reason; a key accepts, and the next opens itself."""
    seen.press("5")
    seen.until("a accept & merge", "hunk 1/1", " says")
    seen.press("c")
    seen.until("enter keep")
    seen.type("name the file")
    seen.press("Enter")
    seen.until("you: name the file", "send back with 1 comment")
    seen.press("r")
    seen.until("1 comment will be sent with it", "enter ")
    seen.type("say where")
    seen.press("Enter")
    seen.until("sent back", "a accept & merge", gone=["you: name the file"])
    seen.press("a")
    seen.until("merged")
    seen.press("1")
    seen.until("Ready")


def write(seen: Terminal) -> None:
    """One key and a line write a bead; agents rest meanwhile."""
    seen.press("p")
    seen.until("paused")
    for title in ("First part #api", "Second part"):
        seen.press("n")
        seen.until("New bead", "enter write")
        seen.type(title)
        seen.press("Enter")
        seen.until(title.partition(" #")[0], gone=["New bead"])
    seen.press("K", "K")
    rows = seen.until("First part", "Second part", " 1/2 ")
    assert row(rows, "Second") < row(rows, "First"), "a key has raised it"


def row(rows: list[str], words: str) -> int:
    """Return the number of the first row that holds these words."""
    return next(number for number, row in enumerate(rows) if words in row)


def sling_a_convoy(seen: Terminal) -> None:
    """Pick, name, go."""
    seen.press("Space", "Space", "N")
    seen.until("New convoy", "2 beads")
    seen.type("Two parts")
    seen.press("Enter")
    seen.until("staged with 2 beads", "S starts it", gone=["New convoy"])
    seen.press("S")
    seen.until("2 beads on the way", "Ready 2")
    seen.press("3")
    seen.until("Two parts", "moving", "0 of 2")
    seen.press("1")
    seen.until("Ready 2")
