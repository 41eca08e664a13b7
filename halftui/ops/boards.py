"""What may be done to a board."""

import re
from typing import Any

from halftui.domain import egress, lanes
from halftui.domain.names import RUNTIMES, prefix_of, slug
from halftui.domain.text import clean, clean_line
from halftui.errors import Misconfigured, Refused
from halftui.ops import profiles
from halftui.ops.access import verb
from halftui.settings import MODEL
from halftui.store.rows.tables import Board
from halftui.store.tx import Tx

MODES = ("auto", "manual")
REVIEWS = ("person", "agent", "none")
MERGES = ("direct", "pull-request")
SANDBOXES = ("auto", "docker", "local")
CHOICES = {"mode": MODES, "review": REVIEWS, "runtime": RUNTIMES, "sandbox": SANDBOXES, "merge": MERGES}
FORMS = {  # both become parts of branch names, paths and containers' names
    "prefix": r"[a-z][a-z0-9]{0,7}",
    "branch": r"(?![-/.])(?!.*(\.\.|//|@\{|\.lock$|[/.]$))[^\x00-\x20\x7f~^:?*\[\\]{1,200}",
    "model": MODEL,
}
HINTS = {
    "prefix": "it is 1 to 8 small letters and digits, a letter first",
    "branch": "it is a branch's name, as in main",
    "model": "it is a model's name without blanks",
}
NUMBERS = {"cap": (0, 1000), "batch": (1, 50), "rounds": (0, 20)}
SETTINGS = (
    *CHOICES,
    *NUMBERS,
    "branch",
    "model",
    "command",
    "checks",
    "profile",
    "prefix",
    "recipe",
    "egress",
    "lanes",
)
LONGEST = 16_384  # characters of a text
Setting = str | int | list[dict[str, Any]]


@verb("board.create")
def create(tx: Tx, /, name: str, repository: str, branch: str, **settings: Setting) -> str:
    """Make a board over a repository and return its id.

    Raises Refused if the name or the repository has one already, Misconfigured for a bad setting.
    """
    name = clean_line(name, longest=80) or "board"
    if taken := tx.rows("SELECT name FROM board WHERE repository = :r", r=repository):
        raise Refused(f"this repository has the board {taken[0][0]} already", "run: halftui")
    if tx.rows("SELECT 1 FROM board WHERE name = :n OR id = :i", n=name, i=slug(name)):
        raise Refused(f"there is a board named {name} already", "choose another with --name")
    board = Board(
        id=slug(name),
        name=name,
        repository=repository,
        branch="",
        prefix=prefix_of(name),
        created_at=tx.now,
    )
    _apply(board, {"branch": branch, **settings})
    tx.add(board)
    tx.record("board.create", board.id, board.id, name=name, repository=repository, branch=branch)
    return board.id


@verb("board.edit")
def edit(tx: Tx, /, board_id: str, version: int | None = None, **settings: Setting) -> None:
    """Change settings of a board; lanes are given as `domain.lanes.wish` writes them.

    Raises Misconfigured for an unknown or bad one.
    """
    board = tx.get(Board, board_id)
    before = {key: getattr(board, key) for key in settings if key in SETTINGS}
    _apply(board, settings)
    if "profile" in settings:
        profiles.wear(tx, board)
    tx.touch(board, version)
    tx.record("board.edit", board.id, board.id, before, **settings)


@verb("board.pause")
def pause(tx: Tx, board_id: str, *, is_paused: bool) -> None:
    """Stop or let the scheduler start new attempts; what runs goes on."""
    board = tx.get(Board, board_id)
    board.is_paused = int(is_paused)
    tx.touch(board, None)
    tx.record("board.pause", board.id, board.id, is_paused=is_paused)


@verb("board.notice")
def notice(tx: Tx, board_id: str, sentence: str) -> None:
    """Say why no agent of a board can start, or with "" that they can; only a change is written."""
    board = tx.get(Board, board_id)
    sentence = clean_line(sentence)
    if board.notice != sentence:
        before, board.notice = {"notice": board.notice}, sentence
        tx.add(board)
        tx.record("board.notice", board_id, board_id, before, notice=sentence)


def _apply(board: Board, settings: dict[str, Setting]) -> None:
    for key, value in settings.items():
        if key not in SETTINGS:
            raise Misconfigured(
                f"a board has no setting {clean_line(key, longest=80)}", f"there are {', '.join(SETTINGS)}"
            )
        setattr(board, key, lanes.stored(lanes.wished(value)) if key == "lanes" else checked(key, value))


def checked(key: str, value: Setting) -> str | int:
    """Return what a board keeps of a setting other than its lanes. Raises Misconfigured."""
    if key in NUMBERS:
        least, most = NUMBERS[key]
        if type(value) is int and least <= value <= most:
            return value
        raise _bad(key, value, f"it is a whole number from {least} to {most}")
    if key in CHOICES and value not in CHOICES[key]:
        raise _bad(key, value, f"it is one of {', '.join(CHOICES[key])}")
    if not isinstance(value, str):
        raise _bad(key, value, "it is a text")
    if len(value) > LONGEST:
        raise Misconfigured(f"this {key} is too long", f"it has at most {LONGEST} characters")
    if (form := FORMS.get(key)) and not re.fullmatch(form, value):
        raise _bad(key, value, HINTS[key])
    if key == "recipe":
        _check_recipe(value)
    return egress.of_board(value) if key == "egress" else clean(value)


def _bad(key: str, value: Setting, hint: str) -> Misconfigured:
    shown = repr(clean_line(value, longest=80)) if isinstance(value, str) else str(value)[:80]
    return Misconfigured(f"{key} can't be {shown}", hint)


def _check_recipe(text: str) -> None:
    """Raise Misconfigured unless it can stand below the usual image's recipe."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if text and not re.match(r"(ADD|ARG|COPY|ENV|RUN|SHELL)\s", first):
        raise Misconfigured(
            f"a recipe can't begin with {clean_line(first, longest=80)!r}",
            "it is lines of a Dockerfile without FROM, as in recipe='RUN apt-get update'",
        )
    if re.search(r"(?mi)^\s*FROM\s", text):
        raise Misconfigured("a recipe has no FROM", "it goes on from the agents' image, as user root")
