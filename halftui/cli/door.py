"""What the composition root lends the command line, so that this floor imports no engine room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from halftui.ops.chain import Renewal, Verdict
    from halftui.service.service import Service
    from halftui.settings import Settings


class Beginning(NamedTuple):
    """What `halftui init` was asked to make."""

    place: Path | str  # a folder, or an address
    name: str = ""  # default: the repository's name
    branch: str = ""  # default: the repository's current one
    settings: Mapping[str, str | int] = MappingProxyType({})


class Showing(NamedTuple):
    """How the demo is to run: on the screen, or without one for so many seconds."""

    is_headless: bool = False
    seconds: float = 60.0


class Check(NamedTuple):
    """One finding of `halftui doctor`."""

    name: str
    is_ok: bool
    says: str
    remedy: str = ""


class ImageRow(NamedTuple):
    """A container image for agents."""

    name: str
    digest: str
    size_mb: int
    created_at: float
    boards: tuple[str, ...]  # whose agents run in it


class Cleared(NamedTuple):
    """Something that finished work left on this machine, and what becomes of it."""

    kind: str
    name: str
    size_mb: float
    fate: str  # goes, gone or stays
    why: str = ""  # it stays


class Planned(NamedTuple):
    """What a leader said in the end, and the handle to write as that leader."""

    text: str
    service: Service


class Safe(Protocol):
    """What takes the database's secrets to do; none of them comes out."""

    def keep_key(self, agent_id: str) -> Path:
        """Return the file of an agent's private key, restored if it is missing."""

    def sign_history(self) -> int:
        """Sign the head of the history; return the event it names, 0 if it is signed already."""

    def house_key(self) -> str:
        """Return the public line of the key that signs the history, "" if there is none."""

    def verify_history(self, *, is_accepted: bool = False) -> tuple[Verdict, int, str]:
        """Return what is found, up to where it was remembered before, and why it can't be now."""

    def renew_house_key(self, *, is_wanted: bool) -> Renewal:
        """Let a new key sign the history, since the vault's is lost; return what is lost with that."""

    def rotate_secrets(self, *, leaves_keyring: bool = False) -> int:
        """Seal everything anew with a new key; return how many values there are.

        `leaves_keyring`: the old keys are in the system's keyring, and go from there.
        """

    def backup(self, target: Path) -> int:
        """Copy the database into a new file, and return its bytes."""

    def restore(self, source: Path) -> Path | None:
        """Put a copy in the database's place; return where the present one was kept."""

    def rotate_key(self, agent_id: str) -> str:
        """Give an agent a new key, and return its fingerprint."""


class Door(NamedTuple):
    """The rooms behind the command line; each is entered only by the command that needs it.

    Streams left as None are the process's own at the time of the call.
    """

    settings_of: Callable[[Mapping[str, object]], Settings]  # from the global options
    service: Callable[[Settings], Service]
    # (settings, row id, secret) to what may be stored, within the context
    sealed: Callable[[Settings, str, str], AbstractContextManager[str]]
    init: Callable[[Settings, Beginning], str]  # makes a board, returns its id
    tui: Callable[[Settings, str], int]  # opens the board of that id, returns the exit code
    demo: Callable[[Settings, Showing], int]
    welcome: Callable[[Settings], int]  # for whoever has no board yet; returns the exit code
    doctor: Callable[[Settings], Sequence[Check]]
    serve: Callable[[Settings, Callable[[str], None]], int]  # tells where guests connect
    status: Callable[[Settings], Mapping[str, object]]  # of the process that serves
    # Tells its progress and returns the names.
    image_build: Callable[[Settings, Callable[[str], None]], Sequence[str]]
    image_list: Callable[[Settings], Sequence[ImageRow]]
    clear: Callable[[Settings, float, bool], Sequence[Cleared]]  # older than so many days; is it a trial
    safe: Callable[[Settings], Safe]
    # A repository's place and branch, proven; "" is none.
    locate: Callable[[Settings, str, str], tuple[str, str]]
    plan: Callable[[Settings, str, str, Callable[[str], None]], Planned]  # board, goal, told its progress
    # A shell, or a command, in a bead's container on the person's terminal: how it ended, and its exit code.
    shell: Callable[[Settings, str, Sequence[str]], tuple[str, int]]
    out: TextIO | None = None
    err: TextIO | None = None
    input: TextIO | None = None
    folder: Path | None = None  # where the person stands; None: the current folder, if any
    has_files: bool = True  # False: who calls stands elsewhere, the files here are not theirs
    can_break: bool = True  # False: nobody could break a command off, so none may wait for something
    width: int | None = None  # cells of the person's terminal; None: ask the terminal
    check: Callable[[str], None] = lambda path: None  # raises Denied for a command that is not theirs
