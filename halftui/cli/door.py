"""What the composition root lends the command line, so that this floor imports no engine room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from halftui.service.service import Service
    from halftui.settings import Settings


@dataclass(frozen=True, slots=True)
class Beginning:
    """What `halftui init` was asked to make."""

    folder: Path
    name: str = ""  # default: the folder's name
    branch: str = ""  # default: the repository's current one
    settings: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Showing:
    """How the demo is to run: on the screen, or without one for so many seconds."""

    is_headless: bool = False
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of `halftui doctor`."""

    name: str
    is_ok: bool
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A container image for agents."""

    name: str
    digest: str
    size_mb: int
    created_at: float


@dataclass(frozen=True)
class Door:
    """The rooms behind the command line; each is entered only by the command that needs it.

    Streams left as None are the process's own at the time of the call.
    """

    settings_of: Callable[[Mapping[str, object]], Settings]  # from the global options
    service: Callable[[Settings], Service]
    seal: Callable[[Settings, str, str], str]  # (settings, row id, secret) to what may be stored
    init: Callable[[Settings, Beginning], str]  # makes a board, returns its id
    tui: Callable[[Settings, str], int]  # opens the board of that id, returns the exit code
    demo: Callable[[Settings, Showing], int]
    welcome: Callable[[Settings], int]  # for whoever has no board yet; returns the exit code
    doctor: Callable[[Settings], Sequence[Check]]
    image_build: Callable[[Settings, Callable[[str], None]], str]  # tells its progress, returns the name
    image_list: Callable[[Settings], Sequence[ImageRow]]
    out: TextIO | None = None
    err: TextIO | None = None
    input: TextIO | None = None
    folder: Path | None = None  # where the person stands; None: the current folder, if any
    width: int | None = None  # cells of the person's terminal; None: ask the terminal
